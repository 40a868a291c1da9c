import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import { plural } from '../runs/text.ts'
import type { Client } from '../sdk/index.ts'
import { madeIn } from './datasets.ts'
import { count, withClient } from './list.ts'
import { bold, plain, print, table } from './output.ts'

type Traced = Awaited<ReturnType<Client['lineage']['trace']>>
type Place = Traced['of']

interface Options {
  readonly down?: boolean
  readonly rows?: boolean
  readonly row?: string
  readonly limit?: number
  readonly json?: boolean
}

export function lineage(): Command {
  return new Command('lineage')
    .description('what a column, a model or an endpoint is made of, through every recipe as it ran last')
    .argument('<of>', 'a step, step.column, or a column that one step has')
    .option('--down', 'what is made of it instead')
    .option('--rows', 'also what decides which rows there are: filters, keys of joins and groups')
    .option('--row <condition>', "rows of a dataset, and the rows of sources that they are made of: --row 'id = 7'")
    .option('--limit <n>', 'links at most, 1,000 unless given; with --row, rows of a source, 20 unless given', count)
    .option('--json', 'print JSON')
    .action((of: string, options: Options) =>
      withClient(async (client) => {
        if (options.row !== undefined) return printOrigins(client, of, options.row, options)
        const rows = options.rows ? ('true' as const) : undefined
        const found = await client.lineage.trace({ of, direction: options.down ? 'down' : 'up', ...(rows ? { rows } : {}), ...(options.limit ? { limit: options.limit } : {}) }) // biome-ignore format: one line
        if (options.json) return print(JSON.stringify(found))
        for (const line of treeOf(found, options.down === true)) print(plain(line))
        const brought = found.of.kind === 'dataset' ? await originOf(client, found.of.step) : undefined
        if (brought) print(brought)
        if (found.more) print('… and more: --limit takes up to 10,000')
      }),
    )
}

/** Where the newest version of a dataset was made, where that was in another workspace. */
async function originOf(client: Client, name: string): Promise<string | undefined> {
  try {
    const { version, origin } = await client.datasets.get({ name })
    return origin ? `${plain(name)}@${version} was made ${madeIn(origin)}` : undefined
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'DATASET_UNKNOWN') return undefined
    throw error
  }
}

/** The rows of sources that rows of a dataset are made of. */
async function printOrigins(client: Client, of: string, condition: string, options: Options): Promise<void> {
  const found = await client.lineage.rows({ of, where: condition, ...(options.limit ? { limit: options.limit } : {}) })
  if (options.json) return print(JSON.stringify(found))
  const { name, version, run, recipe, chosen, sources } = found
  print(`${bold(`${name}@${version}`)}  ${plural(chosen, 'row')} of run ${run}, recipe ${plain(recipe)}`)
  for (const { step, path, total, rows, schema: columns } of sources) {
    print()
    print(plain(`${plural(total, 'row')} of ${step}  ${path}`))
    const names = columns.map((f) => f.name)
    if (rows.length > 0)
      print(table(names.map(plain), rows.map((r) => names.map((n) => cell(r[n]))))) // biome-ignore format: one line
    if (rows.length < total) print(`… and ${plural(total - rows.length, 'row')} more: --limit takes up to 1,000`)
  }
}

const cell = (value: unknown): string | number | null =>
  typeof value === 'number' || value === null ? value : plain(typeof value === 'string' ? value : JSON.stringify(value))

const keyOf = (p: Place): string => JSON.stringify([p.recipe, p.step, p.column])
const nameOf = (p: Place): string =>
  p.column === null ? `${p.kind === 'train' || p.kind === 'onnx' ? 'model' : p.kind === 'serve' ? 'endpoint' : p.kind} ${p.step}` : `${p.step}.${p.column}` // biome-ignore format: one line

/** A tree of what was found; a place that was told before is not told again. */
function treeOf({ of, links }: Traced, down: boolean): string[] {
  const [near, far] = down ? (['from', 'to'] as const) : (['to', 'from'] as const)
  const lines = [`${bold(nameOf(of))}  recipe ${of.recipe}`]
  const told = new Set<string>()
  const visit = (p: Place, depth: number): void => {
    // told once, whichever column of a table led to it
    const here = links.filter((l) => keyOf(l[near]) === keyOf(p) || belongs(l[near], p, down))
    if (told.has(keyOf(p))) return
    told.add(keyOf(p))
    for (const link of here) {
      const other = link[far]
      const again = told.has(keyOf(other)) && links.some((l) => keyOf(l[near]) === keyOf(other))
      lines.push(`${'  '.repeat(depth + 1)}${nameOf(other)}  ${link.how.join(' ')}${again ? '  …' : ''}`)
      visit(other, depth + 1)
    }
  }
  visit(of, 0)
  if (links.length === 0) lines.push(down ? '  nothing is made of it' : '  nothing: it is where data begins')
  return lines
}

/** Whether a link is also one of `p`: up, of a column's table; down, of a table's columns. */
const belongs = (end: Place, p: Place, down: boolean): boolean =>
  end.recipe === p.recipe &&
  end.step === p.step &&
  (down ? p.column === null && end.column !== null : p.column !== null && end.column === null)
