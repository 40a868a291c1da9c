import { dateOf, daysOf, type Periods, weekdayOf } from './calendar.ts'

/** What trees see of a value that is to come, by name. Lags are in units of the series, from its level at that time. */
export interface Layout {
  readonly names: readonly string[]
  /** Periods back of each lag, and values of each window, both from `offset` periods before. */
  readonly lags: readonly number[]
  readonly windows: readonly number[]
  readonly offset: number
  readonly level: number
  /** Of a period: what the calendar says. */
  readonly calendar: readonly string[]
}

const CALENDARS: Readonly<Record<Periods['every'], readonly string[]>> = {
  hour: ['hour', 'weekday', 'month'],
  day: ['weekday', 'day', 'week', 'month'],
  week: ['week', 'month'],
  month: ['month'],
  quarter: ['month'],
  year: [],
}
/** Lags that are looked at one by one. */
const MOST_LAGS = 12

/** @param gap periods between a value and the newest one that may be looked at: 1, or the horizon where no forecast is to be made of forecasts */
export function layoutOf(every: Periods['every'], season: number, gap: number, holidays: boolean): Layout {
  const offset = season > 1 ? Math.ceil((gap - 1) / season) * season : gap - 1
  const near = Array.from({ length: Math.min(MOST_LAGS, Math.max(season, 4)) }, (_, i) => i + 1)
  const seasons = season > 1 ? [season, season + 1, 2 * season, 3 * season, 4 * season] : []
  const lags = [...new Set([...near, ...seasons])].sort((a, b) => a - b)
  const level = Math.max(season, 4)
  const windows = [3, 2 * level, 4 * level]
  const calendar = [...CALENDARS[every], ...(holidays ? ['holiday', 'holidayBefore', 'holidayAfter'] : [])]
  const names = [...lags.map((k) => `lag${k}`), ...windows.map((k) => `mean${k}`), 'spread', 'share', ...calendar]
  return { names, lags, windows, offset, level, calendar }
}

/** What the calendar says of periods from `first` on: an array a name. */
export function calendarOf(
  { calendar }: Layout,
  periods: Periods,
  first: number,
  count: number,
  holidays: ReadonlySet<string>,
): Float64Array[] {
  // biome-ignore format: one line
  const free = Float64Array.from({ length: count + 2 }, (_, i) => {
    if (holidays.size === 0) return 0
    const [from, to] = [periods.start(first + i - 1), periods.start(first + i)]
    const days = daysOf(from, to)
    return days.filter((d) => holidays.has(d)).length / days.length
  })
  return calendar.map((name) =>
    Float64Array.from({ length: count }, (_, i) => {
      if (name === 'holiday') return free[i + 1] as number
      if (name === 'holidayBefore') return free[i] as number
      if (name === 'holidayAfter') return free[i + 2] as number
      return partOf(name, periods.start(first + i))
    }),
  )
}

function partOf(name: string, ms: number): number {
  const date = new Date(ms)
  if (name === 'hour') return date.getUTCHours()
  if (name === 'weekday') return weekdayOf(ms)
  if (name === 'day') return date.getUTCDate()
  if (name === 'month') return date.getUTCMonth() + 1
  return Math.floor((ms - Date.parse(`${dateOf(ms).slice(0, 4)}-01-01`)) / (7 * 86_400_000))
}

/** Mean of the values of a window that are there, NaN where none is. */
function meanOf(y: Float64Array, from: number, to: number): number {
  let [sum, n] = [0, 0]
  for (let t = Math.max(0, from); t < to; t++) {
    const v = y[t] as number
    if (Number.isNaN(v)) continue
    sum += v
    n++
  }
  return n > 0 ? sum / n : Number.NaN
}

/** Writes what is seen of value `t` into row `row` of columns, and gives the level that it is forecast from; NaN where there is none. */
export function look(
  { lags, windows, offset, level }: Layout,
  y: Float64Array,
  t: number,
  scale: number,
  columns: readonly Float64Array[],
  row: number,
): number {
  // biome-ignore format: one line
  const end = t - offset
  const middle = meanOf(y, end - level, end)
  if (Number.isNaN(middle)) return middle
  let c = 0
  for (const k of lags) (columns[c++] as Float64Array)[row] = end - k >= 0 ? ((y[end - k] as number) - middle) / scale : Number.NaN // biome-ignore format: one line
  for (const k of windows) (columns[c++] as Float64Array)[row] = (meanOf(y, end - k, end) - middle) / scale
  let [squares, zeros, n] = [0, 0, 0]
  for (let i = Math.max(0, end - 2 * level); i < end; i++) {
    const v = y[i] as number
    if (Number.isNaN(v)) continue
    squares += ((v - middle) / scale) ** 2
    if (v === 0) zeros++
    n++
  }
  ;(columns[c++] as Float64Array)[row] = Math.sqrt(squares / Math.max(1, n))
  ;(columns[c++] as Float64Array)[row] = n > 0 ? zeros / n : Number.NaN
  return middle
}
