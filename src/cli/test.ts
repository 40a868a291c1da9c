import { existsSync } from 'node:fs'
import { glob, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { asGalleyError, GalleyError } from '../base/errors.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { createLedger } from '../engines/ledger.ts'
import type { Engines } from '../engines/plans.ts'
import { casesFolder, casesIn, PARTITION, type RecipeCase } from '../runs/fixtures/case.ts'
import { type Judged, judge } from '../runs/fixtures/judge.ts'
import { firstOf, type Partitioned } from '../runs/partitions/partitioned.ts'
import type { Recipe } from '../runs/specs.ts'
import { plural } from '../runs/text.ts'
import { interruptible } from './interrupt.ts'
import { bold, errorText, plain, print } from './output.ts'
import { loadDeclared } from './recipe.ts'

interface Tested {
  readonly recipe: string
  readonly case: string
  readonly steps: readonly Judged[]
  /** Why it could not be computed. */
  readonly error: GalleyError | null
}

/** Rows that are shown of those that are missing or not expected. */
const SHOWN = 5

export function test(): Command {
  return new Command('test')
    .description('run recipes on fixtures, and hold what comes out against what is expected; nothing is published')
    .argument(
      '[recipes...]',
      'recipe files; all with a folder of tests beside them unless given: sales.tests of sales.ts',
    )
    .option('--update', 'write what comes out as what is expected')
    .option('--json', 'print JSON')
    .action(async (paths: string[], { update = false, json }: { update?: boolean; json?: boolean }) => {
      const recipes = paths.length > 0 ? paths : await found()
      const temp = await mkdtemp(join(tmpdir(), 'galley-test-'))
      const { memoryMiB } = readConfig()
      const duckdb = createDuckdbEngine({ memoryMiB, temp: join(temp, 'duckdb') })
      const all: Tested[] = []
      try {
        await interruptible(async (signal) => {
          const ctx = { duckdb, scope: { workspace: 'test', caller: 'test' }, signal, ledger: createLedger() }
          for (const path of recipes) {
            const { made } = await loadDeclared(path)
            for (const one of await casesIn(casesFolder(resolve(path)))) {
              const tested = await tried(ctx, path, made, one, { update, temp: join(temp, String(all.length)) })
              all.push(tested)
              if (!json) tell(tested)
            }
          }
        })
      } finally {
        await duckdb.close()
        await rm(temp, { recursive: true, force: true })
      }
      const failed = all.filter(isFailed)
      if (json) print(JSON.stringify(all.map((t) => ({ ...t, error: t.error?.toJSON() ?? null }))))
      else print(failed.length === 0 ? `${plural(all.length, 'case')} ${update ? 'written' : 'passed'}` : `${failed.length} of ${plural(all.length, 'case')} failed`) // biome-ignore format: one line
      if (failed.length > 0) process.exitCode = 1
    })
}

const isFailed = ({ steps, error }: Tested): boolean => error !== null || steps.some((s) => s.state === 'differs')

/** Recipe files that have tests. @throws USAGE_INVALID where there are none */
async function found(): Promise<string[]> {
  const all: string[] = []
  for await (const folder of glob('**/*.tests', { exclude: (name) => name === 'node_modules' })) {
    const recipe = `${folder.slice(0, -'.tests'.length)}.ts`
    if (existsSync(recipe)) all.push(recipe)
  }
  if (all.length > 0) return all.sort()
  throw new GalleyError('USAGE_INVALID', {
    what: `no recipe has tests within ${process.cwd()}`,
    why: 'tests of sales.ts lie in the folder sales.tests beside it',
    fix: 'put a case there: sales.tests/first/orders.csv for the source orders, then galley test --update',
  })
}

/** A case that can't be computed fails; a recipe that can't be loaded ends the tests. */
async function tried(
  ctx: Engines,
  path: string,
  made: Recipe | Partitioned,
  one: RecipeCase,
  options: { update: boolean; temp: string },
): Promise<Tested> {
  const name = relative(process.cwd(), resolve(path))
  try {
    return { recipe: name, case: one.name, steps: await judge(ctx, recipeOf(made, one), one, options), error: null }
  } catch (thrown) {
    const error = asGalleyError(thrown)
    if (error.code === 'CANCELLED') throw thrown
    return { recipe: name, case: one.name, steps: [], error }
  }
}

/** What a case is about: of a recipe that is run partition by partition the one that the case names, as tests come out the same on any day. @throws RECIPE_INVALID, PARTITION_UNKNOWN */
function recipeOf(made: Recipe | Partitioned, { name, folder, partition }: RecipeCase): Recipe {
  if (!('of' in made) && partition === undefined) return made
  if ('of' in made && partition !== undefined) return made.of(partition)
  const file = join(folder, PARTITION)
  throw new GalleyError('RECIPE_INVALID', {
    what: `the case '${name}' names ${'of' in made ? 'no' : 'a'} partition`,
    why: `'${made.name}' is run ${'of' in made ? 'partition by partition, and a test is of one' : 'as a whole'}`,
    fix: 'of' in made ? `write its name to ${file}, for instance ${firstOf(made.dimensions)}` : `remove ${file}`,
  })
}

function tell(t: Tested): void {
  print(`${isFailed(t) ? '✖' : '✔'} ${bold(plain(t.recipe))}  ${plain(t.case)}`)
  if (t.error) print(errorText(t.error).replace(/^/gm, '    '))
  for (const { step, state, rows, missing, unexpected } of t.steps) {
    const differs = [
      ...(missing.length > 0 ? [`${plural(missing.length, 'row')} missing`] : []),
      ...(unexpected.length > 0 ? [`${plural(unexpected.length, 'row')} not expected`] : []),
    ]
    print(`    ${step}  ${state === 'differs' ? differs.join(', ') : `${plural(rows, 'row')}${state === 'written' ? ' written' : ''}`}`) // biome-ignore format: one line
    for (const [sign, lines] of [
      ['-', missing],
      ['+', unexpected],
    ] as const) {
      for (const line of lines.slice(0, SHOWN)) print(`      ${sign} ${plain(line)}`)
      if (lines.length > SHOWN) print(`      ${sign} and ${lines.length - SHOWN} more`)
    }
  }
}
