import { createInterface } from 'node:readline/promises'
import { Command, Option } from 'commander'
import { systemClock } from '../base/clock.ts'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { ENGINE_CHOICES, type EngineChoice } from '../engines/engine.ts'
import { openGalley } from '../main.ts'
import { backfill as fill } from '../runs/partitions/backfill.ts'
import type { Partitioned } from '../runs/partitions/partitioned.ts'
import { type PartitionAt, type PartitionState, partitionStates } from '../runs/partitions/states.ts'
import { integer, plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { type JobOptions, jobOptions, queueRecipe } from './jobs.ts'
import { bold, errorText, note, plain, print, table } from './output.ts'
import { runReporter } from './progress.ts'
import { loadDeclared } from './recipe.ts'

interface Options extends JobOptions {
  readonly from?: string
  readonly until?: string
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly keepGoing?: boolean
  readonly queue?: boolean
  readonly engine?: EngineChoice
  readonly json?: boolean
}

/** Partitions that are run without being asked about first. */
const UNASKED = 100
/** Partitions that a plan lists. */
const LISTED = 20
const STATES = ['done', 'changed', 'running', 'failed', 'missing'] as const satisfies readonly PartitionState[]

export function backfill(): Command {
  return jobOptions(
    new Command('backfill')
      .description('run the partitions of a recipe that are missing, failed, or were declared otherwise when they ran')
      .argument('<recipe>', 'a .ts file that default-exports what partitioned() gives')
      .option('--from <date>', 'the first window: the one that holds this date')
      .option('--until <date>', 'windows that begin before this date')
      .option('--all', 'those that are done, too: what of them is unchanged is not computed again')
      .option('--dry-run', 'tell what would be run, and run nothing')
      .option('--yes', `run more than ${UNASKED} without asking`)
      .option('--keep-going', 'run the others where one fails')
      .addOption(new Option('--engine <where>', 'where what can be fused is computed').choices(ENGINE_CHOICES))
      .option('--queue', 'leave each to a worker (galley worker), and return'),
    'with --queue: ',
  )
    .option('--json', 'print the result as one JSON object')
    .action(async (path: string, options: Options) => {
      const { made, folder } = await loadDeclared(path)
      if (!('of' in made))
        throw new GalleyError('USAGE_INVALID', {
          what: `'${made.name}' has no partitions to run`,
          why: 'it is a recipe that is run as a whole',
          fix: "galley run it; or declare it with partitioned('…', { day: daily('2026-01-01') }, (k, { day }) => { … })",
        })
      const galley = await openGalley(readConfig())
      try {
        const scope = await galley.scope()
        checkRange(made, options)
        const range = { now: systemClock.now(), first: options.from, last: options.until }
        const found = await partitionStates(galley.ware.store, scope, made, range)
        const due = found.filter((p) => options.all === true || (p.state !== 'done' && p.state !== 'running'))
        const asking = due.length > UNASKED && !options.yes
        if (options.json !== true || options.dryRun !== true) tellPlan(made, found, due, options, asking)
        if (options.dryRun) return options.json ? print(JSON.stringify({ recipe: made.name, partitions: found })) : undefined // biome-ignore format: one line
        if (asking) await agreed(due.length)
        const partitions = due.map((p) => p.partition)
        if (options.queue) {
          let there = 0
          for (const partition of partitions) if (await queueRecipe(made.of(partition), folder, options, true)) there++
          if (!options.json && there > 0)
            print(
              `  ${plural(partitions.length - there, 'partition')} queued, ${integer(there)} queued or running already`,
            )
          return
        }
        const filled = await interruptible((signal) =>
          fill(galley.ware, scope, made, partitions, {
            ...{ folder, signal, on: runReporter(readConfig().workspace) },
            ...(options.engine ? { engine: options.engine } : {}),
            ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
            keepGoing: options.keepGoing === true,
            filled: (one) => {
              if (one.error) note(`  ✖ ${plain(one.partition)}  ${errorText(one.error)}`)
            },
          }),
        )
        const failed = filled.filter((one) => one.error)
        if (options.json) print(JSON.stringify({ recipe: made.name, filled: filled.map(({ error, ...one }) => ({ ...one, error: error?.toJSON() ?? null })) })) // biome-ignore format: one line
        else if (filled.length > 0) print(`${bold(made.name)}  ${plural(filled.length - failed.length, 'partition')} done${failed.length > 0 ? `, ${failed.length} failed: ${failed.map((f) => plain(f.partition)).join(', ')}` : ''}`) // biome-ignore format: one line
        if (failed.length > 0) process.exitCode = 1
      } finally {
        await galley.close()
      }
    })
}

/** @throws USAGE_INVALID for a range that holds no window, whatever the recipe's are */
function checkRange({ name, dimensions }: Partitioned, { from, until }: Options): void {
  const refuse = (what: string, why: string, fix: string) => new GalleyError('USAGE_INVALID', { what, why, fix })
  if ((from ?? until) !== undefined && Object.values(dimensions).every((d) => d.kind === 'keys'))
    throw refuse(`'${name}' has no windows of time`, '--from and --until name dates', 'leave them out')
  if (from !== undefined && until !== undefined && until <= from)
    throw refuse(`from ${from} until ${until} is no range`, '--until is the first date that is none of it', 'name a later --until') // biome-ignore format: one line
}

function tellPlan(
  made: Partitioned,
  found: readonly PartitionAt[],
  due: readonly PartitionAt[],
  o: Options,
  asking: boolean,
): void {
  // biome-ignore format: one line
  const [first, last] = [found[0], found.at(-1)]
  const range = first && last ? `${plain(first.partition)} to ${plain(last.partition)}` : 'none is over there yet'
  const counts = STATES.flatMap((state) => {
    const n = found.filter((p) => p.state === state).length
    return n > 0 ? [`${state} ${n.toLocaleString('en-US')}`] : []
  })
  const tell = o.json ? note : print
  tell(`${bold(made.name)}  ${plural(found.length, 'partition')}: ${range}`)
  if (counts.length > 0) tell(`  ${counts.join(' · ')}`)
  const doing = o.dryRun || asking ? 'would be run' : o.queue ? 'are queued' : 'are run'
  tell(due.length === 0 ? `  nothing is to be run${o.all ? '' : '; --all runs those that are done, too'}` : `  ${plural(due.length, 'partition')} ${doing}`) // biome-ignore format: one line
  if (!o.dryRun || due.length === 0) return
  tell(table(['partition', 'state', 'run'], due.slice(0, LISTED).map((p) => [plain(p.partition), p.state, p.run ?? '–']))) // biome-ignore format: one line
  if (due.length > LISTED) tell(`  and ${(due.length - LISTED).toLocaleString('en-US')} more: --json lists all`)
}

/** Asks on a terminal. @throws USAGE_INVALID where nobody agrees */
async function agreed(count: number): Promise<void> {
  const refused = (why: string) =>
    new GalleyError('USAGE_INVALID', {
      what: `${count.toLocaleString('en-US')} partitions would be run`,
      why,
      fix: 'name a shorter range with --from and --until, or say --yes',
    })
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw refused(`more than ${UNASKED} are asked about first`)
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await asking.question(`run ${count.toLocaleString('en-US')} partitions? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw refused('it was not agreed to')
  } finally {
    asking.close()
  }
}
