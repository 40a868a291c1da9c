import { Command, Option } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { ENGINE_CHOICES, type EngineChoice } from '../engines/engine.ts'
import { openGalley } from '../main.ts'
import { hashRecipe } from '../runs/recipe.ts'
import { type RunResult, run as runRecipe } from '../runs/runner.ts'
import type { Recipe } from '../runs/specs.ts'
import type { Store } from '../store/store.ts'
import { interruptible } from './interrupt.ts'
import { type JobOptions, jobOptions, queue, requireNoJob, spilling } from './jobs.ts'
import { note, print } from './output.ts'
import { runReporter } from './progress.ts'
import { loadNewest } from './recipe.ts'
import { replayed } from './replay.ts'

/** What a run made, for programs. */
function summaryOf({ number, outputs, seconds, cached, waiting }: RunResult): object {
  const all = [...outputs.values()] as unknown as Readonly<Record<string, unknown>>[]
  const those = (...keys: string[]) => all.filter((o) => keys.every((k) => k in o))
  return {
    run: number,
    datasets: those('version', 'verdicts').map((o) => ({ name: o['name'], version: o['version'], rows: o['rows'], rejected: o['rejected'] })), // biome-ignore format: one line
    models: those('version', 'chosen').map((o) => ({ name: o['name'], version: o['version'], kind: o['kind'], computed: o['computed'], test: (o['chosen'] as { test: unknown }).test })), // biome-ignore format: one line
    endpoints: those('endpoint', 'generation').map((o) => ({ name: o['endpoint'], model: o['model'], deployment: o['generation'] })), // biome-ignore format: one line
    reports: those('report', 'path').map((o) => o['path']),
    cards: those('card', 'path').map((o) => ({ model: o['model'], version: o['version'], path: o['path'] })),
    seconds,
    cached,
    waiting,
  }
}

/** The id of a run that waits, or whose process is gone, and that this recipe can go on with. @throws RUN_UNKNOWN, RECIPE_INVALID, STORE_CONFLICT */
async function leftRun(store: Store, scope: Scope, recipe: Recipe, text: string): Promise<string> {
  const run = await store.runs.get(scope, /^\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : text)
  if (run.status !== 'waiting' && run.status !== 'running')
    throw new GalleyError('STORE_CONFLICT', {
      what: `run ${run.number} does not wait: it is ${run.status}`,
      why: 'what goes on is a run that waits for an approval, or one whose process was killed',
      fix: 'run the recipe anew, without --resume: finished steps are kept; those that wait: galley runs ls --status waiting',
    })
  if (run.recipeHash === hashRecipe(recipe)) return run.id
  throw new GalleyError('RECIPE_INVALID', {
    what: `run ${run.number} is of another recipe: '${run.recipe}' as it was then`,
    why: 'a run goes on with the recipe that it began with',
    fix: 'run this one anew, without --resume: what has not changed is not done again',
  })
}

interface Options extends JobOptions {
  readonly json?: boolean
  readonly engine?: EngineChoice
  readonly spill?: boolean
  readonly replay?: string
  readonly partition?: string
  readonly resume?: string
  readonly queue?: boolean
}

export function run(): Command {
  return jobOptions(
    new Command('run')
      .description('run a recipe: what has not changed since the last run is not done again')
      .argument('[recipe]', 'a .ts file that default-exports a recipe')
      .addOption(
        new Option('--engine <where>', 'where what can be fused is computed (GALLEY_ENGINE, or auto)').choices(
          ENGINE_CHOICES,
        ),
      )
      .option(
        '--partition <name>',
        'of a recipe that is run partition by partition: which one; the newest whose window is over unless given',
      )
      .option('--spill', 'let tables wait in the host’s memory where the device has no room for all')
      .option('--resume <run>', 'go on with a run of this recipe that waits for an approval, or was killed, by number')
      .option('--queue', 'leave the run to a worker (galley worker), and return'),
    'with --queue: ',
  )
    .option(
      '--replay <run>',
      'compute a run again from what it kept, publish nothing, and say whether it comes out the same to the bit',
    )
    .option('--json', 'print the result as one JSON object')
    .action(async (path: string | undefined, options: Options) => {
      if (options.replay !== undefined) return replayed(options.replay, path, options)
      if (path === undefined)
        throw new GalleyError('USAGE_INVALID', {
          what: 'no recipe is named',
          fix: 'name a .ts file: galley run RECIPE; or a run to compute again: galley run --replay 3',
        })
      if (options.queue && options.resume !== undefined)
        throw new GalleyError('USAGE_INVALID', {
          what: '--resume and --queue are both given',
          why: 'a job that waits goes on by itself once its approval is given',
          fix: 'leave one of them out',
        })
      if (options.queue) return queue(path, options)
      requireNoJob(options)
      const { recipes, folder } = await loadNewest(path, options.partition)
      const config = readConfig()
      const engine = options.engine ?? config.engine
      const galley = await openGalley(config)
      try {
        const scope = await galley.scope()
        for (const declared of recipes) {
          const recipe = spilling(declared, options.spill)
          const resume = options.resume && (await leftRun(galley.store, scope, recipe, options.resume))
          const result = await interruptible((signal) =>
            runRecipe(galley.ware, scope, recipe, {
              ...{ folder, signal, on: runReporter(config.workspace), engine },
              ...(resume ? { resume } : {}),
              ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
            }),
          )
          if (result.waiting.length > 0)
            note(
              `  run ${result.number} waits for ${result.waiting.join(', ')}; once that is approved: galley run ${path} --resume ${result.number}`,
            )
          for (const output of result.outputs.values())
            for (const page of ['report', 'card'] as const)
              if (page in output && 'path' in output) note(`  ${page.padEnd(6)}  ${String(output.path)}`)
          if (options.json) print(JSON.stringify(summaryOf(result)))
        }
      } finally {
        await galley.close()
      }
    })
}
