import type { Value } from '../../engines/batch.ts'
import { literalOf } from '../../engines/values.ts'
import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, isFloat, type Schema } from '../../plan/types.ts'
import { heldByFooter, isBounded } from './footers.ts'
import type { ColumnStatistics } from './manifest.ts'
import type { TableWork } from './work.ts'

/** A text longer than this is no bound: it would make every manifest large. */
const LONGEST = 128

/** JSON has no infinities: a column that reaches one has no bounds. */
const isFiniteBound = (value: unknown): boolean => typeof value !== 'number' || Number.isFinite(value)

const counted = (condition: Expr): Agg => ({
  fn: 'sum',
  arg: { op: 'case', when: [[condition, lit('1', 'int64')]], otherwise: lit('0', 'int64') },
})

export interface Statistics {
  readonly rows: number
  readonly columns: Readonly<Record<string, ColumnStatistics>>
}

/** How many rows a file of ours has and what its columns hold: from its footer, and of columns of which that does not say all from one pass over them. */
export async function fileStatistics(work: TableWork, path: string, schema: Schema): Promise<Statistics> {
  const said = await work.footer(path)
  const groups = Map.groupBy(said.columns, (c) => c.column)
  const known = new Map<string, ColumnStatistics>()
  for (const f of schema) {
    const held = heldByFooter(f, groups.get(f.name) ?? [], said.rows)
    if (held) known.set(f.name, { nulls: held.nulls, ...boundsOf(f, held.min, held.max) })
  }
  const left = schema.filter((f) => !known.has(f.name))
  if (left.length > 0) {
    const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema: left })
    for (const [name, c] of Object.entries((await statisticsOf(work, scan)).columns)) known.set(name, c)
  }
  return {
    rows: said.rows,
    columns: Object.fromEntries(schema.map((f) => [f.name, known.get(f.name) as ColumnStatistics])),
  }
}

/** The bounds of a column as a manifest has them; none for a type without an order, null where they would be long or are none. */
function boundsOf(f: Field, least: Value, most: Value): Pick<ColumnStatistics, 'min' | 'max'> {
  if (!isBounded(f)) return {}
  const bounds = [least, most].map((v) => literalOf(v, f.type))
  const usable = bounds.every((b) => (typeof b === 'string' ? b.length <= LONGEST : isFiniteBound(b)))
  const [min = null, max = null] = usable ? bounds : []
  return { min, max }
}

/** How many rows there are and what their columns hold, from one pass over them. */
export async function statisticsOf(work: TableWork, rows: Node): Promise<Statistics> {
  const fields = rows.schema
  const each = fields.flatMap((f, i) => {
    const column = col(f.name)
    const number: Expr = isFloat(f.type)
      ? { op: 'case', when: [[call('isNaN', column), lit(null, f.type)]], otherwise: column }
      : column
    const found: [string, Agg][] = [[`there${i}`, { fn: 'count', arg: column }]]
    if (isFloat(f.type)) found.push([`nan${i}`, counted(call('isNaN', column))])
    if (isBounded(f)) found.push([`min${i}`, { fn: 'min', arg: number }], [`max${i}`, { fn: 'max', arg: number }])
    return found
  })
  const aggs: Named<Agg> = [['rows', { fn: 'count', arg: null }], ...each]
  const [found = {}] = await work.collect(build({ op: 'aggregate', input: rows, by: [], aggs }))
  const columns = Object.fromEntries(
    fields.map((f, i) => {
      const nan = Number(found[`nan${i}`] ?? 0)
      return [
        f.name,
        {
          nulls: Number(found['rows'] ?? 0) - Number(found[`there${i}`] ?? 0),
          ...(nan > 0 ? { nan } : {}),
          ...boundsOf(f, found[`min${i}`] ?? null, found[`max${i}`] ?? null),
        },
      ]
    }),
  )
  return { rows: Number(found['rows'] ?? 0), columns }
}
