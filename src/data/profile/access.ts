import { type Batch, copyFloat64, type Value, valueAt } from '../../engines/batch.ts'
import { type Engines, rowsOf, runPlan } from '../../engines/plans.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { type Collect, type Column, type Row, TARGET } from './columns.ts'

/** How a profile reads: all rows of a small plan, and a plan's batches as they come, in the order of the file. */
export interface Access {
  readonly collect: Collect
  read(n: Node): AsyncIterable<Batch>
}

/** Reads by the batch engine. */
export const accessOf = ({ duckdb, scope, signal, ledger }: Engines): Access => ({
  collect: (n) => rowsOf({ duckdb, scope, signal, ledger }, n),
  async *read(n) {
    yield* (await runPlan({ duckdb, scope, signal, ledger }, n, 'batches')).batches()
  },
})

/** Rows up to which a table is read once and everything is exact. */
export const WHOLE = 100_000
/** Rows that a sample of a larger table has, about. */
export const SAMPLE = 50_000
/** Values that are held at a time. */
const HELD = 1_000_000

/** A prime below 2³¹, so that products of two remainders fit into 64 bits, and factors that spread values over the remainders. */
const PRIME = 2_147_483_647
const FACTORS = [1_103_515_245, 742_938_285, 950_706_376, 1_226_874_159, 62_089_911, 1_343_714_438]
const whole = (n: number): Expr => lit(String(n), 'int64')

/** A column as an integer of 64 bits: moments as µs or days, texts by their hash. Null counts as 0. */
function integerOf({ key, kind, field }: Column): Expr {
  const { type } = field
  const since = (origin: Expr): Expr => ({
    op: 'cast',
    arg: call('diffTime', col(key), origin),
    to: 'int64',
    onError: 'fail',
  })
  const text: Expr = kind === 'text' ? col(key) : { op: 'cast', arg: col(key), to: 'string', onError: 'null' }
  const x: Expr =
    type === 'int64' || type === 'int32'
      ? { op: 'cast', arg: col(key), to: 'int64', onError: 'fail' }
      : type === 'date'
        ? since(lit(0, 'date'))
        : type === 'timestamp' || type === 'local timestamp'
          ? since(lit('0', type))
          : call('hash32', text)
  return call('coalesce', x, whole(0))
}

/**
 * The rows of a sample: those whose values hash to the first part of all hashes, so that it is the same whatever the order of
 * rows and the number of threads, and rows that are equal are in it together. The hash, a square modulo a prime, is what
 * the plan's engines compute in a few nanoseconds; `hash32` takes them a microsecond.
 */
function hashed(table: Node, used: readonly Column[], rows: number, size: number): Node {
  const rest = (e: Expr): Expr => call('abs', call('mod', e, whole(PRIME)))
  const spread = used.map((c, i) => rest(call('mul', rest(integerOf(c)), whole(FACTORS[i] ?? 1))))
  const h = rest(spread.reduce((a, b) => call('add', a, b), whole(0)))
  const part = Math.round((size / rows) * PRIME)
  const kept = build({ op: 'filter', input: table, predicate: call('lt', rest(call('mul', h, h)), whole(part)) })
  // sorted, a few rows of each batch of the file come together
  const sorted = build({ op: 'sort', input: kept, keys: used.map((c) => ({ by: col(c.key), descending: false })) })
  return build({ op: 'limit', input: sorted, count: 2 * size })
}

/**
 * The ways to a sample of a large table, the quickest first. Two columns of whole numbers or moments tell its rows apart in
 * most tables; where they have so few different values that the sample is too small or too large, more columns do, texts
 * and floats among them. The last way always serves: any part of rows of which each stands there many times.
 */
export function samplesOf(
  table: Node,
  columns: readonly Column[],
  rows: number,
  size = SAMPLE,
): readonly [Node, ...Node[]] {
  const fit = columns.filter((c) => c.kind !== 'other' && c.kind !== 'bool')
  const isCheap = ({ field }: Column) =>
    ['int32', 'int64', 'date', 'timestamp', 'local timestamp'].includes(String(field.type))
  const cheap = fit.filter(isCheap)
  const ways = [cheap.slice(0, 2), [...fit.filter((c) => !isCheap(c)), ...cheap].slice(0, FACTORS.length)]
  const keys = columns.filter((c) => c.kind !== 'other').map((c) => ({ by: col(c.key), descending: false }))
  const any =
    keys.length === 0 ? table : build({ op: 'limit', input: build({ op: 'sort', input: table, keys }), count: size })
  const [first = any, ...more] = ways.filter((used) => used.length > 0).map((used) => hashed(table, used, rows, size))
  return [first, ...more, any]
}

/** Whether a sample has about as many rows as one should. */
export const isSample = (rows: number, size = SAMPLE): boolean => rows > size / 2 && rows < 2 * size

interface Table {
  readonly index: Map<Value, number>
  readonly values: Value[]
  readonly n: number[]
  readonly ny: number[]
  readonly sy: number[]
  ids: Int32Array
}

/** The name that a column's values have in `Counted`: the same for all, so that their rows are of one shape. */
export const VALUE = 'v'

/** A column's different values in the order of their first row, their counts, and which of them each row has. */
export interface Counted {
  readonly column: Column
  /** `v`, `n` and of the target `ny` and `my`; null is a value. */
  readonly rows: readonly Row[]
  readonly ids: Int32Array
}

/** Counts every value of some columns in one reading; what can't be compared is left out. */
export async function countValues(
  rows: Node,
  columns: readonly Column[],
  withTarget: boolean,
  access: Access,
): Promise<Counted[]> {
  const countable = columns.filter((c) => c.kind !== 'other')
  if (countable.length === 0) return []
  const tables = countable.map(
    (): Table => ({ index: new Map(), values: [], n: [], ny: [], sy: [], ids: new Int32Array(1024) }),
  )
  const picked = [...countable.map((c) => c.key), ...(withTarget ? [TARGET] : [])]
  let y = new Float64Array(0)
  let seen = 0
  const selected = build({ op: 'select', input: rows, columns: picked.map((k) => [k, col(k)] as const) })
  for await (const batch of access.read(selected)) {
    const target = withTarget ? batch.columns[picked.length - 1] : undefined
    if (target) {
      if (y.length < batch.rows) y = new Float64Array(batch.rows)
      copyFloat64(target, y, 0)
    }
    for (const [k, t] of tables.entries()) addValues(t, batch, k, seen, target ? y : undefined)
    seen += batch.rows
  }
  return countable.map((column, k) => {
    const t = tables[k] as Table
    const ny = (i: number) => t.ny[i] ?? 0
    const rows = withTarget
      ? t.values.map((v, i): Row => ({ v, n: t.n[i] ?? 0, ny: ny(i), my: ny(i) === 0 ? null : (t.sy[i] ?? 0) / ny(i) }))
      : t.values.map((v, i): Row => ({ v, n: t.n[i] ?? 0 }))
    return { column, rows, ids: t.ids.subarray(0, seen) }
  })
}

function addValues(t: Table, batch: Batch, place: number, seen: number, y: Float64Array | undefined): void {
  const column = batch.columns[place]
  if (!column) return
  if (t.ids.length < seen + batch.rows) {
    const grown = new Int32Array(Math.max(t.ids.length * 2, seen + batch.rows))
    grown.set(t.ids)
    t.ids = grown
  }
  const codes = column.kind === 'dictionary' ? column.codes : undefined
  const known: number[] = []
  for (let i = 0; i < batch.rows; i++) {
    const there = column.validity === null || (((column.validity[i >> 3] ?? 0) >> (i & 7)) & 1) === 1
    const code = there ? codes?.[i] : undefined
    let at = code === undefined ? undefined : known[code]
    if (at === undefined) {
      const value = there ? plainOf(valueAt(column, i)) : null
      at = t.index.get(value)
      if (at === undefined) {
        at = t.values.push(value) - 1
        t.index.set(value, at)
        t.n.push(0)
        t.ny.push(0)
        t.sy.push(0)
      }
      if (code !== undefined) known[code] = at
    }
    t.ids[seen + i] = at
    t.n[at] = (t.n[at] as number) + 1
    if (y === undefined) continue
    const target = y[i] as number
    if (Number.isNaN(target)) continue
    t.ny[at] = (t.ny[at] as number) + 1
    t.sy[at] = (t.sy[at] as number) + target
  }
}

/** A big integer as a number where that is exact: a map finds it faster. */
const plainOf = (v: Row[string] | undefined): Value =>
  typeof v === 'bigint' && v >= -9007199254740991n && v <= 9007199254740991n ? Number(v) : (v ?? null)

/** Columns in groups that can be held at a time. */
export function groupsOf(columns: readonly Column[], rows: number): Column[][] {
  const size = Math.max(1, Math.floor(HELD / Math.max(1, rows)))
  return Array.from({ length: Math.ceil(columns.length / size) }, (_, i) => columns.slice(i * size, (i + 1) * size))
}
