import { type Agg, col, type Expr } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Node } from '../../plan/nodes.ts'
import { type Field, isDecimal, isFloat, isOrdered, type Schema } from '../../plan/types.ts'
import { sqlAgg } from './aggregates.ts'
import type { Lowering, Visit, WindowBuild } from './lower.ts'
import { TOTALS_A_CALL } from './rolling-probe.ts'
import type { WindowEvents } from './rolling-table.ts'
import { sqlExpr } from './sql/expr.ts'
import { named, quote } from './sql/names.ts'

type AsOf = Pick<Extract<Node, { op: 'asof' }>, 'by' | 'at'>
type Rolling = Extract<Node, { op: 'rolling' }>

/**
 * A rolling window read at each probe's time. Counts and sums of integers come from running totals in a table built
 * beforehand; the others run as a window over events and probes together, which subtracts nothing and so loses no digits.
 */
export function lowerRolling(n: AsOf, w: Rolling, lowering: Lowering, probes: string): string {
  // the table finds keys by their text, in which −0 is not 0
  const textual = w.by.every((name) => {
    const type = w.input.schema.find((f) => f.name === name)?.type ?? 'float64'
    return !isFloat(type) && isOrdered(type)
  })
  const exact = textual && lowering.windows !== undefined && w.aggs.every(([, a]) => isExact(a, w.input.schema))
  return exact
    ? lowerTable(n, w, lowering, lowering.windows as WindowBuild[], probes)
    : lowerWindow(n, w, lowering.visit, probes)
}

function isExact(a: Agg, schema: Schema): boolean {
  if (a.fn === 'count') return true
  return (a.fn === 'sum' || a.fn === 'mean') && a.arg !== null && isWhole(infer(a.arg, schema, a.fn).type)
}

const isWhole = (type: Field['type']): boolean => !isFloat(type) && !isDecimal(type)

function lowerTable(n: AsOf, w: Rolling, lowering: Lowering, windows: WindowBuild[], probes: string): string {
  const { schema } = w.input
  const columns: WindowEvents['columns'][number][] = ['rows']
  const values: string[] = []
  const types: Field[] = []
  const total = (kind: 'present' | 'sum', sql: string): number => {
    const name = `v${values.length}`
    values.push(`${sql} AS ${name}`)
    types.push({ name, type: kind === 'present' ? 'bool' : 'int64', nullable: true })
    columns.push(kind)
    return columns.length - 1
  }
  const source = lowering.whole(w.input)
  const mark = `/*window*/${windows.length + 1}/**/`
  const called = (column: number) => `"__w${Math.floor(column / TOTALS_A_CALL)}"`
  const read = (column: number) => `CAST(coalesce(${called(column)}.t${column % TOTALS_A_CALL}, 0) AS BIGINT)`
  const results = w.aggs.map(([name, a]) => {
    if (a.arg === null) return named(read(0), name)
    const arg = sqlExpr(a.arg, schema)
    const count = read(total('present', `CASE WHEN ${arg} IS NOT NULL THEN TRUE END`))
    if (a.fn === 'count') return named(count, name)
    const sum = read(total('sum', `CAST(${arg} AS BIGINT)`))
    return named(`CASE WHEN ${count} > 0 THEN ${a.fn === 'sum' ? sum : `CAST(${sum} AS DOUBLE) / ${count}`} END`, name)
  })
  const keys = w.by.map(quote)
  const on = quote(w.on)
  const present = [...keys, on].map((k) => `${k} IS NOT NULL`).join(' AND ')
  windows.push({
    over: w.over,
    columns,
    mark,
    schema: [{ name: 'k', type: 'string', nullable: false }, { name: 't', type: 'int64', nullable: false }, ...types],
    sql: `SELECT ${[`${keyText(keys)} AS k`, `epoch_us(${on}) AS t`, ...values].join(', ')} FROM (${source}) WHERE ${present}`,
  })
  const probe = n.by.map(([l]) => quote(l))
  const at = quote(n.at)
  const missing = [...probe, at].map((k) => `${k} IS NULL`).join(' OR ')
  const calls: string[] = []
  const names: string[] = []
  for (let first = 0; first < columns.length; first += TOTALS_A_CALL) {
    const call = `galley_window(${mark}, ${first}, ${keyText(probe)}, epoch_us(${at}))`
    calls.push(`CASE WHEN ${missing} THEN NULL ELSE ${call} END AS ${called(first)}`)
    names.push(called(first))
  }
  return `SELECT * EXCLUDE (${names.join(', ')}), ${results.join(', ')} FROM (SELECT *, ${calls.join(', ')} FROM (${probes}))`
}

/** Keys as one text; several are told apart by their lengths. */
function keyText(keys: readonly string[]): string {
  const [only] = keys
  if (keys.length === 1 && only) return `CAST(${only} AS VARCHAR)`
  return keys.map((k) => `length(CAST(${k} AS VARCHAR)) || ':' || CAST(${k} AS VARCHAR)`).join(' || ')
}

/** What the aggregates read is computed for events alone: over probes, a constant would count as if it were one. */
function lowerWindow(n: AsOf, w: Rolling, visit: Visit, probes: string): string {
  const { schema } = w.input
  const keys = w.by.map(quote)
  const present = [...keys, quote(w.on)].map((k) => `${k} IS NOT NULL`).join(' AND ')
  const names = w.by.map((_, i) => `"__k${i}"`)
  const read: { field: Field; sql: string }[] = []
  const reading = (e: Expr, fn: Agg['fn']): Expr => {
    const name = `__a${read.length}`
    read.push({ field: { name, type: infer(e, schema, fn).type, nullable: true }, sql: sqlExpr(e, schema) })
    return col(name)
  }
  const aggs = w.aggs.map(([name, a]) => {
    if (a.arg === null) return [name, null] as const
    const arg = reading(a.arg, a.fn)
    return [name, { ...a, arg, ...(a.arg2 ? { arg2: reading(a.arg2, a.fn) } : {}) }] as const
  })
  const over = ' OVER around'
  const fields = read.map((r) => r.field)
  const results = aggs.map(([name, a]) => named(a ? sqlAgg(a, fields, over) : `count("__event")${over}`, name))
  const events = [
    ...keys.map((k, i) => `${k} AS ${names[i]}`),
    `epoch_us(${quote(w.on)}) AS "__t"`,
    '1 AS "__event"',
    'NULL AS "__probe"',
    ...read.map((r) => named(r.sql, r.field.name)),
  ]
  const asked = [
    ...n.by.map(([l]) => `__l.${quote(l)}`),
    `epoch_us(__l.${quote(n.at)})`,
    'NULL',
    '__l',
    ...read.map(() => 'NULL'),
  ]
  return `SELECT unnest("__probe"), ${w.aggs.map(([name]) => quote(name)).join(', ')} FROM (
    SELECT "__probe", ${results.join(', ')} FROM (
      SELECT ${events.join(', ')} FROM ${visit(w.input)} WHERE ${present}
      UNION ALL
      SELECT ${asked.join(', ')} FROM (${probes}) __l
    ) WINDOW around AS (PARTITION BY ${names.join(', ')} ORDER BY "__t" RANGE BETWEEN ${w.over} PRECEDING AND 1 PRECEDING)
  ) WHERE "__probe" IS NOT NULL`
}
