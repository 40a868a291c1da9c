import { literalOf } from '../../engines/values.ts'
import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, isDecimal, isFloat, isInteger, isTemporal } from '../../plan/types.ts'
import type { ColumnStatistics } from './manifest.ts'
import type { TableWork } from './work.ts'

/** A text longer than this is no bound: it would make every manifest large. */
const LONGEST = 128

/** Whether values of the column are told apart by ranges. */
export const isBounded = ({ type }: Field): boolean =>
  isInteger(type) || isFloat(type) || isDecimal(type) || isTemporal(type) || type === 'string' || type === 'duration'

/** JSON has no infinities: a column that reaches one has no bounds. */
const isFiniteBound = (value: unknown): boolean => typeof value !== 'number' || Number.isFinite(value)

const counted = (condition: Expr): Agg => ({
  fn: 'sum',
  arg: { op: 'case', when: [[condition, lit('1', 'int64')]], otherwise: lit('0', 'int64') },
})

/** How many rows there are and what their columns hold, from one pass over them. */
export async function statisticsOf(
  work: TableWork,
  rows: Node,
): Promise<{ readonly rows: number; readonly columns: Readonly<Record<string, ColumnStatistics>> }> {
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
      const bounds = [`min${i}`, `max${i}`].map((name) => literalOf(found[name] ?? null, f.type))
      const usable = bounds.every((b) => (typeof b === 'string' ? b.length <= LONGEST : isFiniteBound(b)))
      const [min = null, max = null] = usable ? bounds : []
      const nan = Number(found[`nan${i}`] ?? 0)
      return [
        f.name,
        {
          nulls: Number(found['rows'] ?? 0) - Number(found[`there${i}`] ?? 0),
          ...(nan > 0 ? { nan } : {}),
          ...(isBounded(f) ? { min, max } : {}),
        },
      ]
    }),
  )
  return { rows: Number(found['rows'] ?? 0), columns }
}
