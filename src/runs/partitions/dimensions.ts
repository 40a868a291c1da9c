import { GalleyError } from '../../base/errors.ts'
import { instantOf, isZone, localOf } from '../../plan/functions/zones.ts'

/** How long a window of time is. */
export type Every = 'hour' | 'day' | 'week' | 'month' | 'year'

/** Windows of time, one after the other. */
export interface TimeDimension {
  readonly kind: 'time'
  readonly every: Every
  /** The first window, by its name: `2026-01-01`; `2026-01-01T05` of hours, `2026-01` of months, `2026` of years. */
  readonly from: string
  /** The window that is none any more; absent where windows go on. */
  readonly until?: string
  /** Whose clock tells where a window begins. */
  readonly zone: string
}

/** Names that are known beforehand. */
export interface KeyDimension {
  readonly kind: 'keys'
  readonly keys: readonly string[]
}
export type Dimension = TimeDimension | KeyDimension

/** A window of time: `from` is in it, `until` is not. Wall clocks as ISO text without a zone, instants in µs since 1970. */
export interface Span {
  readonly id: string
  readonly from: { readonly wall: string; readonly instant: bigint }
  readonly until: { readonly wall: string; readonly instant: bigint }
}

/** How windows of a length are named: how much of an ISO date and time. */
const NAMED: Readonly<Record<Every, { readonly form: RegExp; readonly length: number; readonly for: string }>> = {
  hour: { form: /^\d{4}-\d\d-\d\dT\d\d$/, length: 13, for: '2026-01-31T05' },
  day: { form: /^\d{4}-\d\d-\d\d$/, length: 10, for: '2026-01-31' },
  week: { form: /^\d{4}-\d\d-\d\d$/, length: 10, for: '2026-01-26, a Monday' },
  month: { form: /^\d{4}-\d\d$/, length: 7, for: '2026-01' },
  year: { form: /^\d{4}$/, length: 4, for: '2026' },
}
const START = '1970-01-01T00:00:00'

const refuse = (what: string, why: string, fix: string): never => {
  throw new GalleyError('RECIPE_INVALID', { what, why, fix })
}

/** The wall clock of a window's name, ms since 1970 as if it were UTC; undefined for what names none. */
function wallOf(id: string, every: Every): number | undefined {
  if (!NAMED[every].form.test(id)) return undefined
  const ms = Date.parse(`${id}${START.slice(id.length)}Z`)
  if (Number.isNaN(ms) || idOf(ms, every) !== id) return undefined // the 30th of February
  return every === 'week' && new Date(ms).getUTCDay() !== 1 ? undefined : ms
}

const idOf = (wall: number, every: Every): string => new Date(wall).toISOString().slice(0, NAMED[every].length)

/** The wall clock at which the next window begins. */
function after(wall: number, every: Every, count = 1): number {
  const d = new Date(wall)
  if (every === 'month') return d.setUTCMonth(d.getUTCMonth() + count)
  if (every === 'year') return d.setUTCFullYear(d.getUTCFullYear() + count)
  return wall + count * { hour: 3_600_000, day: 86_400_000, week: 604_800_000 }[every]
}

/** Windows of time as a dimension of a recipe. @throws RECIPE_INVALID */
export function timeDimension(
  every: Every,
  from: string,
  { until, zone = 'UTC' }: { readonly until?: string | undefined; readonly zone?: string | undefined } = {},
): TimeDimension {
  for (const [what, id] of Object.entries({ from, until }))
    if (id !== undefined && (typeof id !== 'string' || wallOf(id, every) === undefined))
      refuse(
        `${JSON.stringify(id)} names no ${every}`,
        `'${what}' is a ${every}, which is written as ${NAMED[every].for}`,
        `write for instance ${NAMED[every].for}`,
      )
  if (!isZone(zone))
    refuse(`'${zone}' is no time zone`, 'it is not in the list of the IANA', "name one, for instance 'Asia/Seoul'")
  if (until !== undefined && until <= from)
    refuse(
      `windows from ${from} until ${until} are none`,
      'the last window is the one before until',
      'give a later until',
    )
  return Object.freeze({ kind: 'time', every, from, ...(until === undefined ? {} : { until }), zone })
}

/** Names as a dimension of a recipe. @throws RECIPE_INVALID */
export function keyDimension(keys: readonly string[]): KeyDimension {
  if (!Array.isArray(keys) || keys.length === 0)
    refuse('keys() names none', 'it is a list of names', "write for instance keys(['seoul', 'busan'])")
  for (const key of keys)
    if (typeof key !== 'string' || !/^[^/\s\p{C}][^/\p{C}]{0,99}$/u.test(key))
      refuse(
        `${JSON.stringify(key)} can't be a key of a partition`,
        'it is a text of 1 to 100 characters without a slash, and does not begin with a space',
        'choose other names',
      )
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  if (twice !== undefined) refuse(`keys() names '${twice}' twice`, 'each is one partition', 'name it once')
  return Object.freeze({ kind: 'keys', keys: Object.freeze([...keys]) })
}

function spanAt(wall: number, { every, zone }: TimeDimension): Span {
  const end = (ms: number) => ({
    wall: new Date(ms).toISOString().slice(0, 19),
    instant: instantOf(BigInt(ms) * 1000n, zone),
  })
  return { id: idOf(wall, every), from: end(wall), until: end(after(wall, every)) }
}

/** A window by its name. @throws PARTITION_UNKNOWN for what is none, or lies before the first or after the last */
export function spanOf(id: string, d: TimeDimension): Span {
  const wall = wallOf(id, d.every)
  const unknown = (why: string, fix: string) =>
    new GalleyError('PARTITION_UNKNOWN', { what: `there is no partition '${id}'`, why, fix })
  if (wall === undefined)
    throw unknown(
      `no ${d.every} has that name: one is written as ${NAMED[d.every].for}`,
      `write for instance ${NAMED[d.every].for}`,
    )
  if (id < d.from) throw unknown(`the first ${d.every} is ${d.from}`, 'name a later one, or let the recipe begin earlier') // biome-ignore format: one line
  if (d.until !== undefined && id >= d.until) throw unknown(`${d.until} is none any more`, 'name an earlier one, or let the recipe go on longer') // biome-ignore format: one line
  const span = spanAt(wall, d)
  if (span.from.instant === span.until.instant) throw unknown(`the clock of ${d.zone} skips that ${d.every}`, 'name another one') // biome-ignore format: one line
  return span
}

/** Windows that are over at a moment (ms since 1970), oldest first: those from the one that holds `first` on, before `last`. */
export function* spansBy(
  now: number,
  d: TimeDimension,
  { first, last }: { readonly first?: string | undefined; readonly last?: string | undefined } = {},
): Generator<Span> {
  const from = Math.max(wallOf(d.from, d.every) ?? 0, first === undefined ? Number.NEGATIVE_INFINITY : beginOf(first, d.every)) // biome-ignore format: one line
  const until = Math.min(
    d.until === undefined ? Number.POSITIVE_INFINITY : (wallOf(d.until, d.every) ?? 0),
    last === undefined ? Number.POSITIVE_INFINITY : dayOf(last),
  )
  for (let wall = from; wall < until; wall = after(wall, d.every)) {
    const span = spanAt(wall, d)
    if (span.until.instant > BigInt(now) * 1000n) return
    if (span.from.instant < span.until.instant) yield span
  }
}

/** The newest window that is over at a moment; undefined before the first is. */
export function newestBy(now: number, d: TimeDimension): Span | undefined {
  const wall = Number(localOf(BigInt(now) * 1000n, d.zone) / 1000n)
  const end = d.until === undefined ? wall : Math.min(wall, wallOf(d.until, d.every) ?? wall)
  // three windows back is before it, whatever a clock skips
  const near = after(beginAt(end, d.every), d.every, -3)
  const first = wallOf(d.from, d.every) ?? 0
  let newest: Span | undefined
  for (const span of spansBy(now, d, { first: new Date(Math.max(first, near)).toISOString().slice(0, 19) })) newest = span // biome-ignore format: one line
  return newest
}

/** ms since 1970 of a date, or a date and time, on a wall clock. @throws USAGE_INVALID */
function dayOf(text: string): number {
  const form = /^(\d{4})(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d)?)?)?)?)?$/
  const ms = form.test(text) ? Date.parse(`${text}${START.slice(text.length)}Z`) : Number.NaN
  if (!Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text)) return ms
  throw new GalleyError('USAGE_INVALID', {
    what: `'${text}' is no date`,
    why: 'a range of partitions goes from one date to another',
    fix: 'write for instance 2026-01-31',
  })
}

const beginOf = (text: string, every: Every): number => beginAt(dayOf(text), every)

/** Where the window begins that holds a wall clock. */
function beginAt(wall: number, every: Every): number {
  if (every !== 'week') return Date.parse(`${idOf(wall, every)}${START.slice(NAMED[every].length)}Z`)
  const day = Math.floor(wall / 86_400_000)
  return (day - ((((day + 3) % 7) + 7) % 7)) * 86_400_000 // 1970 began with a Thursday
}
