import type { Value } from '../../engines/batch.ts'
import { type Agg, call, col, type Expr, lit } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { type Field, fieldOf, isFloat, isNumeric } from '../../plan/types.ts'
import { type Expectation, isRowwise, type ReferenceExpectation, type UniqueExpectation } from './expectation.ts'
import { binAggs, binCounts, type Former } from './former.ts'

/** What one scan of a version counted. */
export interface Counted {
  readonly rows: number
  /** By the expectation's place: rows that break it, and rows that it asked about. */
  readonly broken: ReadonlyMap<number, { readonly failed: number; readonly asked: number }>
  /** Counts by bin of `steady` expectations whose version before is known. */
  readonly bins: ReadonlyMap<number, readonly number[]>
  /** Newest moments, µs (dates: days). */
  readonly newest: ReadonlyMap<number, number | null>
  readonly metrics: Metrics
}

/** Figures of a version that are watched over time. */
export interface Metrics {
  readonly rows: number
  /** Share of nulls by column. */
  readonly nulls: Readonly<Record<string, number>>
  /** Means of numeric columns. */
  readonly means: Readonly<Record<string, number>>
}

/** Columns whose nulls and means are watched, at most. */
export const WATCHED = 200

/**
 * All expectations of a table as one aggregate: the table is scanned once, whatever their number. What is referred to is
 * joined in the same plan. Those that read no rows (`schema`, `volume`) add nothing.
 * @param former by the expectation's place, for `steady`
 * @param counted nulls by column that need not be counted again
 */
export function oneScan(
  rows: Node,
  expect: readonly Expectation[],
  former: ReadonlyMap<number, Former>,
  counted: Readonly<Record<string, number>> = {},
): { plan: Node; read: (row: Readonly<Record<string, Value>> | undefined) => Counted } {
  const aggs = new Map<string, readonly [string, Agg]>()
  /** The name of an aggregate; the same one is computed once. */
  const ask = (agg: Agg): string => {
    const key = JSON.stringify(agg)
    const known = aggs.get(key)
    if (known) return known[0]
    const name = `a${aggs.size}`
    aggs.set(key, [name, agg])
    return name
  }
  const rowsName = ask({ fn: 'count', arg: null })
  const number = (row: Readonly<Record<string, Value>> | undefined, name: string) => Number(row?.[name] ?? 0)
  type Read = (row: Readonly<Record<string, Value>> | undefined) => { failed: number; asked: number }
  const broken = new Map<number, Read>()
  const bins = new Map<number, { former: Former; names: string[] }>()
  const newest = new Map<number, string>()
  const references = expect.flatMap((x, i) => (x.kind === 'references' ? [{ x, i }] : []))
  const input = references.reduce((n, { x, i }) => joined(n, x, i), rows)
  for (const [i, x] of expect.entries()) {
    if (isRowwise(x)) {
      const failed = ask({ fn: 'count', arg: oneWhere(call('not', x.condition)) })
      const asked = x.mostly === undefined ? rowsName : ask({ fn: 'count', arg: x.condition })
      broken.set(i, (row) => ({ failed: number(row, failed), asked: number(row, asked) }))
    } else if (x.kind === 'unique' || x.kind === 'key') {
      const { present, key } = keyOf(rows, x)
      const [there, different] = [ask({ fn: 'count', arg: present }), ask({ fn: 'countDistinct', arg: key })]
      broken.set(i, (row) => {
        const [n, all] = [number(row, there), number(row, rowsName)]
        const twice = n - number(row, different)
        return x.kind === 'key' ? { failed: twice + all - n, asked: all } : { failed: twice, asked: n }
      })
    } else if (x.kind === 'references') {
      const failed = ask({ fn: 'count', arg: oneWhere(missing(x, i)) })
      const asked = ask({ fn: 'count', arg: col(x.column) })
      broken.set(i, (row) => ({ failed: number(row, failed), asked: number(row, asked) }))
    } else if (x.kind === 'fresh') newest.set(i, ask({ fn: 'max', arg: col(x.column) }))
    else if (x.kind === 'steady') {
      const was = former.get(i)
      if (was) bins.set(i, { former: was, names: binAggs(fieldOf(rows.schema, x.column, 'steady'), was.bins).map(ask) })
    }
  }
  const watched = rows.schema.slice(0, WATCHED)
  const nullable = watched.filter((f) => f.nullable)
  const nulls = nullable.flatMap(({ name }) =>
    Object.hasOwn(counted, name) ? [] : [[name, ask({ fn: 'count', arg: col(name) })] as const],
  )
  const known = nullable.filter(({ name }) => Object.hasOwn(counted, name)).map(({ name }) => name)
  const means = watched
    .filter((f) => isNumeric(f.type))
    .map((f) => [f.name, ask({ fn: 'mean', arg: finiteOf(f) })] as const)
  const named: Named<Agg> = [...aggs.values()]
  return {
    plan: build({ op: 'aggregate', input, by: [], aggs: named }),
    read(row) {
      const all = number(row, rowsName)
      return {
        rows: all,
        broken: new Map([...broken].map(([i, read]) => [i, read(row)])),
        bins: new Map(
          [...bins].map(([i, b]) => [
            i,
            binCounts(
              b.former.bins,
              b.names.map((n) => number(row, n)),
              all,
            ),
          ]),
        ),
        newest: new Map(
          [...newest].map(([i, n]) => [i, row?.[n] === null || row?.[n] === undefined ? null : Number(row[n])]),
        ),
        metrics: {
          rows: all,
          nulls: Object.fromEntries([
            ...known.map((name) => [name, all === 0 ? 0 : (counted[name] ?? 0) / all] as const),
            ...nulls.map(([name, n]) => [name, all === 0 ? 0 : 1 - number(row, n) / all] as const),
          ]),
          means: Object.fromEntries(
            means.flatMap(([name, n]) => {
              const mean = row?.[n]
              return typeof mean === 'number' && Number.isFinite(mean) ? [[name, Number(mean.toPrecision(12))]] : []
            }),
          ),
        },
      }
    },
  }
}

/** 1 where the condition holds, null elsewhere: counting it overflows nothing. */
const oneWhere = (condition: Expr): Expr => ({
  op: 'case',
  when: [[condition, lit('1', 'int64')]],
  otherwise: lit(null, 'int64'),
})

/** Infinities and NaN would be the mean of all. */
function finiteOf({ name, type }: Field): Expr {
  if (!isFloat(type)) return col(name)
  const within = call(
    'and',
    call('ge', col(name), lit(-Number.MAX_VALUE, 'float64')),
    call('le', col(name), lit(Number.MAX_VALUE, 'float64')),
  )
  return { op: 'case', when: [[within, col(name)]], otherwise: lit(null, type) }
}

/** The values that are to be different in one expression, null where one is missing; and an expression that is null in the same rows. */
export function keyOf(rows: Node, x: UniqueExpectation): { present: Expr; key: Expr } {
  const [first = '', ...others] = x.columns
  if (others.length === 0) return { present: col(first), key: col(first) }
  const there = x.columns.map((c) => call('not', call('isNull', col(c))))
  const [head, ...rest] = there
  const all = rest.reduce((a, b) => call('and', a, b), head as Expr)
  const fields = x.columns.map((c) => fieldOf(rows.schema, c, x.kind))
  const whole = call('struct', ...fields.flatMap((f, i) => [lit(`k${i}`, 'string'), col(f.name)]))
  const type = { struct: fields.map((f, i) => [`k${i}`, f.type] as const) }
  return {
    present: oneWhere(all),
    key: { op: 'case', when: [[all, whole]], otherwise: lit(null, type as never) },
  }
}

const [KEY, MARK] = ['__key', '__known']
/** A mark is bytes, which the text of a row that is set aside leaves out. */
export const PRESENT = lit('', 'bytes')

/** The rows with a mark beside each that is null where its value is not among those referred to. */
export function joined(rows: Node, x: ReferenceExpectation, i: number): Node {
  const values = build({ op: 'select', input: x.table.root, columns: [[`${KEY}${i}`, col(x.in)]] })
  const once = build({ op: 'distinct', input: values })
  const right = build({ op: 'derive', input: once, columns: [[`${MARK}${i}`, PRESENT]] })
  return build({ op: 'join', left: rows, right, on: [[x.column, `${KEY}${i}`]], how: 'left' })
}

/** Whether a row of `joined` refers to nothing. */
export const missing = (x: ReferenceExpectation, i: number): Expr =>
  call('and', call('not', call('isNull', col(x.column))), call('isNull', col(`${MARK}${i}`)))
