import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64, valueAt } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import { fieldOf } from '../../plan/types.ts'
import type { ForecastSpec } from '../../runs/specs.ts'
import { integer, plural } from '../../runs/text.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import { byKey, type Key } from '../unsupervised/pairs.ts'
import { type Periods, periodsOf, weekdayOf } from './calendar.ts'

/** Series of one calendar. Series i has `values[i]` from period `first[i]` on; NaN is missing. All are forecast from the period after `end` on. */
export interface Panel {
  readonly periods: Periods
  /** The values of the series' columns, series by series. */
  readonly keys: readonly (readonly Key[])[]
  readonly first: readonly number[]
  readonly values: readonly Float64Array[]
  readonly end: number
}

export type PanelAsked = Pick<ForecastSpec, 'time' | 'every' | 'series' | 'target' | 'gaps' | 'duplicates' | 'horizon'>

const MOST_ROWS = 50_000_000
/** Periods that are held, of all series together. */
const MOST_VALUES = 100_000_000
/** Values are squared. */
const LARGEST = 1e150
/** A time without any row that is longer than this, and than so many times all that has some, comes of a wrong date. */
const LONG_GAP = { periods: 1000, times: 10 }

export const unfit = (what: string, why: string, fix: string): GalleyError => new GalleyError('TRAIN_DATA', { what, why, fix }) // biome-ignore format: one line

/** Rows as they come: a code for the series, the moment, the value. */
interface Read {
  readonly keys: readonly (readonly Key[])[]
  readonly code: Int32Array
  readonly at: Float64Array
  readonly y: Float64Array
  readonly rows: number
}

/**
 * Reads rows into series. Gaps become missing values or zeros, and are told; a value that is infinite counts as missing, a row without a time or a
 * name of its series is left out, and both are told. @throws TRAIN_DATA for nothing to forecast, for two rows of a series in one period, for too much
 */
export async function readPanel(rows: Relation, asked: PanelAsked, ctx: LearnContext): Promise<Panel> {
  const read = await readRows(rows, asked, ctx)
  const { keys, code, at, y } = read
  const n = read.rows
  const days = new Set<number>()
  if (asked.every === 'week') for (let i = 0; i < n && days.size < 2; i++) days.add(weekdayOf(at[i] as number))
  const periods = periodsOf(asked.every, days.size === 1 ? [...days][0] : 0)
  const low = new Float64Array(keys.length).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(keys.length).fill(Number.NEGATIVE_INFINITY)
  const period = new Float64Array(n)
  let end = Number.NEGATIVE_INFINITY
  for (let i = 0; i < n; i++) {
    const p = periods.of(at[i] as number)
    const s = code[i] as number
    period[i] = p
    low[s] = Math.min(low[s] as number, p)
    high[s] = Math.max(high[s] as number, p)
    end = Math.max(end, p)
  }
  const total = low.reduce((sum, from) => sum + (end - from + 1), 0)
  if (total > MOST_VALUES)
    throw unfit(
      `${seriesText(keys.length)} have ${plural(total, asked.every)} together`,
      `${MOST_VALUES} values are held at most`,
      'forecast fewer series in a step, of a shorter time, or by longer periods',
    )
  checkSpan(period, periods, end, asked)
  const values = Array.from(low, (from) => new Float64Array(end - from + 1).fill(Number.NaN))
  const filled = values.map((v) => new Uint8Array(v.length))
  let doubled = 0
  for (let i = 0; i < n; i++) {
    const s = code[i] as number
    const own = values[s] as Float64Array
    const seen = filled[s] as Uint8Array
    const t = (period[i] as number) - (low[s] as number)
    if (seen[t] === 1) {
      if (asked.duplicates === 'refuse')
        throw unfit(
          `${named(asked.series, keys[s] ?? [])}the ${asked.every} of ${new Date(periods.start(period[i] as number)).toISOString().slice(0, 13)} has two rows`,
          `a series has one value a period`,
          "aggregate the rows first, name the columns that tell series apart in `series`, or say duplicates: 'sum'",
        )
      doubled++
      const before = own[t] as number
      own[t] = Number.isNaN(before) ? (y[i] as number) : Number.isNaN(y[i] as number) ? before : before + (y[i] as number) // biome-ignore format: one line
    } else own[t] = y[i] as number
    seen[t] = 1
  }
  if (doubled > 0)
    ctx.say?.(`${plural(doubled, 'row')} shared a period with another of the same series: they were added up`)
  fillGaps(values, filled, high, low, asked, ctx)
  const order = keys.map((_, s) => s).sort((a, b) => byKeys(keys[a] ?? [], keys[b] ?? []))
  return {
    ...{ periods, end },
    keys: order.map((s) => keys[s] ?? []),
    first: order.map((s) => low[s] as number),
    values: order.map((s) => values[s] as Float64Array),
  }
}

/** One wrong date makes a series of nothing but gaps. @throws TRAIN_DATA for a time without any row, far longer than all that has some */
function checkSpan(period: Float64Array, periods: Periods, end: number, { every, time }: PanelAsked): void {
  const start = period.reduce((a, p) => Math.min(a, p), end)
  const held = new Uint8Array(end - start + 1)
  for (const p of period) held[p - start] = 1
  let [some, last, longest, until] = [0, 0, 0, 0]
  for (let p = 0; p < held.length; p++) {
    if (held[p] === 0) continue
    some++
    if (p - last > longest) [longest, until] = [p - last, p]
    last = p
  }
  if (longest <= LONG_GAP.periods || longest <= LONG_GAP.times * some) return
  const dateAt = (p: number) => new Date(periods.start(start + p)).toISOString().slice(0, 10)
  throw unfit(
    `no row lies between ${dateAt(until - longest)} and ${dateAt(until)}`,
    `${plural(longest - 1, every)} have none, and ${plural(some, every)} have some: "${time}" of some rows is likely wrong`,
    'correct these rows or filter them out before the step',
  )
}

function fillGaps(
  values: readonly Float64Array[],
  filled: readonly Uint8Array[],
  high: Float64Array,
  low: Float64Array,
  { gaps, every }: PanelAsked,
  ctx: LearnContext,
): void {
  let lacking = 0
  let some = 0
  for (const [s, seen] of filled.entries()) {
    // an end that never came is no gap of missing values, but zeros where nothing is sold
    const until = gaps === 'zero' ? seen.length : (high[s] as number) - (low[s] as number) + 1
    let own = 0
    for (let t = 0; t < until; t++) {
      if (seen[t] === 1) continue
      own++
      if (gaps === 'zero') (values[s] as Float64Array)[t] = 0
    }
    lacking += own
    if (own > 0) some++
  }
  if (lacking > 0)
    ctx.say?.(`${seriesText(some)} ${some === 1 ? 'has' : 'have'} gaps: ${plural(lacking, every)} without a row count as ${gaps === 'zero' ? '0' : 'missing'}`) // biome-ignore format: one line
}

const byKeys = (a: readonly Key[], b: readonly Key[]): number => {
  for (let i = 0; i < a.length; i++) {
    const order = byKey(a[i] as Key, b[i] as Key)
    if (order !== 0) return order
  }
  return 0
}

/** `2 series`. */
export const seriesText = (n: number): string => `${integer(n)} series`

/** `store = A, item = 7: `, for messages. */
export const named = (columns: readonly string[], keys: readonly Key[]): string =>
  columns.length === 0 ? '' : `${columns.map((c, i) => `${c} = ${String(keys[i])}`).join(', ')}: `

async function readRows(rows: Relation, asked: PanelAsked, ctx: LearnContext): Promise<Read> {
  const { time, series, target } = asked
  const type = fieldOf(rows.schema, time, 'the rows').type
  const toMs = type === 'date' ? 86_400_000 : 1e-3
  let room = 65_536
  let [code, at, y] = [new Int32Array(room), new Float64Array(room), new Float64Array(room)]
  let n = 0
  let [unnamed, infinite, missing] = [0, 0, 0]
  const codes = new Map<string, number>()
  const keys: (readonly Key[])[] = []
  for await (const batch of rows.batches([...new Set([time, target, ...series])])) {
    throwIfAborted(ctx.signal)
    const column = (name: string) => batch.columns[batch.schema.findIndex((f) => f.name === name)] as Column
    const [times, targets] = [new Float64Array(batch.rows), new Float64Array(batch.rows)]
    copyFloat64(column(time), times, 0)
    copyFloat64(column(target), targets, 0)
    const parts = series.map(column)
    if (n + batch.rows > room) {
      room = Math.max(2 * room, n + batch.rows)
      if (n + batch.rows > MOST_ROWS) throw unfit(`more than ${MOST_ROWS} rows came`, 'they are held in memory', 'aggregate them by period first, or forecast fewer series in a step') // biome-ignore format: one line
      code = grown(code, new Int32Array(room))
      at = grown(at, new Float64Array(room))
      y = grown(y, new Float64Array(room))
    }
    for (let i = 0; i < batch.rows; i++) {
      const own = parts.map((part) => valueAt(part, i))
      if (Number.isNaN(times[i]) || own.includes(null)) {
        unnamed++
        continue
      }
      const key = own.map((v) => (typeof v === 'bigint' && v === BigInt(Number(v)) ? Number(v) : (v as Key)))
      const text = key.length === 1 ? `${typeof key[0]} ${String(key[0])}` : key.map((k) => `${String(k).length} ${String(k)}`).join(' ') // biome-ignore format: one line
      let s = codes.get(text)
      if (s === undefined) {
        codes.set(text, (s = keys.length))
        keys.push(key)
      }
      const value = targets[i] as number
      if (Math.abs(value) === Infinity) infinite++
      else if (Math.abs(value) > LARGEST)
        throw unfit(`"${target}" has ${value}, which is too large to forecast`, 'its square leaves the range of numbers', 'divide the column by a power of ten first') // biome-ignore format: one line
      else if (Number.isNaN(value)) missing++
      code[n] = s
      at[n] = (times[i] as number) * toMs
      y[n++] = Number.isFinite(value) ? value : Number.NaN
    }
    ctx.progress({ done: n, unit: 'rows' })
    await nextTurn()
  }
  if (unnamed > 0) ctx.say?.(`${plural(unnamed, 'row')} without ${[`"${time}"`, ...series.map((s) => `"${s}"`)].join(' or ')} are left out`) // biome-ignore format: one line
  if (infinite > 0) ctx.say?.(`${plural(infinite, 'value')} of "${target}" ${infinite === 1 ? 'is' : 'are'} infinite: they count as missing`) // biome-ignore format: one line
  if (missing > 0) ctx.say?.(`${plural(missing, 'value')} of "${target}" ${missing === 1 ? 'is' : 'are'} missing`)
  if (n === missing + infinite) throw unfit('there is nothing to forecast', n === 0 ? 'no row has a time' : `no row has a value of "${target}"`, 'check the filters before the step') // biome-ignore format: one line
  return { keys, code, at, y, rows: n }
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never)
  return to
}
