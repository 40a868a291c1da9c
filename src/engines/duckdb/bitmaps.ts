import type { Node } from '../../plan/nodes.ts'
import { nodes } from '../../plan/walk.ts'
import type { RunContext } from '../engine.ts'
import { type Open, withConnection } from './connection.ts'
import { lowerScan } from './scan.ts'
import { quote } from './sql/names.ts'

/** The least and the greatest value of integer columns, by their names at an aggregate. */
export type Bounds = ReadonlyMap<string, readonly [bigint, bigint]>

/** Bits that a map has at most: 32 MiB for each of DuckDB's threads. */
const MOST_BITS = 1n << 28n
/** Bits for each row at most: a sparse map is slower than a table of values. */
const SPARSE = 64n

type Scan = Extract<Node, { op: 'scan' }>

/** Whether one aggregate of a whole table, and no other, counts different values. */
export function countsDifferent(root: Node): boolean {
  const whole = [...nodes(root)].filter((n) => n.op === 'aggregate' && n.by.length === 0)
  return whole.length === 1 && whole[0]?.op === 'aggregate' && whole[0].aggs.some(([, a]) => a.fn === 'countDistinct')
}

/**
 * Different integers of a whole table are counted in a map of bits where their range is known and not too wide: 10⁷ of them
 * in a thirteenth of the time that DuckDB's table of values takes. The range comes from the statistics of the Parquet files.
 * Empty where no aggregate of the plan's root can be counted so.
 */
export async function boundsOf(root: Node, open: Open, ctx: RunContext): Promise<Bounds> {
  const bounds = new Map<string, readonly [bigint, bigint]>()
  const aggregate = underProjection(root)
  if (aggregate?.op !== 'aggregate' || aggregate.by.length > 0) return bounds
  const wanted = new Map<string, { scan: Scan; column: string }>()
  for (const [, { fn, arg }] of aggregate.aggs) {
    if (fn !== 'countDistinct' || arg?.op !== 'col') continue
    const type = aggregate.input.schema.find((f) => f.name === arg.name)?.type
    const from = type === 'int64' || type === 'int32' ? traced(aggregate.input, arg.name) : undefined
    if (from) wanted.set(arg.name, from)
  }
  for (const [name, { scan, column }] of wanted) {
    const c = quote(column)
    const sql = `SELECT min(${c})::VARCHAR, max(${c})::VARCHAR, count(*)::VARCHAR FROM (${lowerScan(scan)})`
    const found = await withConnection(open, { ...ctx, progress: () => {} }, async (connection) =>
      (await connection.runAndReadAll(sql)).getRows(),
    )
    const [low, high, rows] = found[0] ?? []
    if (typeof low !== 'string' || typeof high !== 'string') continue
    const bits = BigInt(high) - BigInt(low) + 1n
    if (bits <= MOST_BITS && bits <= SPARSE * BigInt(String(rows))) bounds.set(name, [BigInt(low), BigInt(high)])
  }
  return bounds
}

function underProjection(n: Node): Node | undefined {
  return n.op === 'select' || n.op === 'annotate' ? underProjection(n.input) : n
}

/** The scan of files whose column this is, unchanged; rows may have been dropped or repeated on the way. */
function traced(n: Node, name: string): { scan: Scan; column: string } | undefined {
  switch (n.op) {
    case 'scan':
      return n.from.kind === 'parquet' ? { scan: n, column: name } : undefined
    case 'filter':
    case 'reject':
    case 'annotate':
    case 'sort':
      return traced(n.input, name)
    case 'derive':
      return n.columns.some(([c]) => c === name) ? undefined : traced(n.input, name)
    case 'select': {
      const e = n.columns.find(([c]) => c === name)?.[1]
      return e?.op === 'col' ? traced(n.input, e.name) : undefined
    }
    case 'join':
      return n.left.schema.some((f) => f.name === name) ? traced(n.left, name) : undefined
    default:
      return undefined
  }
}
