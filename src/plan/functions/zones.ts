/** Time zones by IANA name. The rules are the ones of the running Node's ICU (`process.versions.tz`). */

const SECOND = 1_000_000n
const DAY_S = 86_400

interface Zone {
  /** Seconds since 1970 at which the offset changes, ascending; the first is −∞. */
  readonly from: Float64Array
  /** Seconds east of UTC from then on. */
  readonly offset: Float64Array
}

/** A zone up to 2100, and, where its rules go on, the 400 years after that, when first asked for. */
interface Known extends Zone {
  later(): Zone | undefined
}

const at = (year: number): number => Date.UTC(year, 0, 1) / 1000
/** Before it no zone changed; after it those that change follow rules by the calendar, which repeats in 400 years. */
const BEGIN = at(1840)
const END = at(2100)
const CYCLE = at(2500) - END

const zones = new Map<string, Known | null>()

/** Whether a zone of that name exists; names are compared as they are written in the database. */
export const isZone = (name: string): boolean => zoneOf(name) !== null

function zoneOf(name: string): Known | null {
  let zone = zones.get(name)
  if (zone === undefined) zones.set(name, (zone = load(name)))
  return zone
}

function load(name: string): Known | null {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,40}$/.test(name)) return null
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' })
  } catch {
    return null
  }
  const offsetAt = (second: number): number => {
    const text = format.formatToParts(second * 1000).find((p) => p.type === 'timeZoneName')?.value ?? 'GMT'
    const [, sign, h, m, s] = /GMT(?:([+−-])(\d{2}):(\d{2})(?::(\d{2}))?)?/.exec(text) ?? []
    const size = Number(h ?? 0) * 3600 + Number(m ?? 0) * 60 + Number(s ?? 0)
    return sign === '+' ? size : -size || 0
  }
  const zone = changes(offsetAt, BEGIN, END)
  const goesOn = (zone.from.at(-1) as number) > END - 400 * DAY_S
  let later: Zone | undefined
  return { ...zone, later: () => (goesOn ? (later ??= changes(offsetAt, END, END + CYCLE)) : undefined) }
}

function changes(offsetAt: (second: number) => number, start: number, end: number): Zone {
  const from = [Number.NEGATIVE_INFINITY]
  const offset = [offsetAt(start)]
  // a changed offset lasts longer than ten days everywhere in the database (two weeks are the shortest since 1850)
  for (let t = start; t < end; t += 10 * DAY_S) {
    let low = t
    let high = Math.min(end, t + 10 * DAY_S)
    const after = offsetAt(high)
    if (after === offset.at(-1)) continue
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (offsetAt(middle) === offset.at(-1)) low = middle
      else high = middle
    }
    from.push(high)
    offset.push(offsetAt(high))
  }
  return { from: Float64Array.from(from), offset: Float64Array.from(offset) }
}

/**
 * When a zone's offset changes, seconds since 1970, ascending, the first −∞; and its seconds east of UTC from then on. Where
 * it goes on changing, moments from `repeats.from` on are as those a whole number of `repeats.cycle` (seconds) before.
 */
export function offsetsOf(
  name: string,
): Zone & { readonly repeats?: { readonly from: number; readonly cycle: number } } {
  const zone = need(name)
  const later = zone.later()
  if (!later) return { from: zone.from, offset: zone.offset }
  const both = (a: Float64Array, b: Float64Array) => Float64Array.from([...a, ...b.subarray(1)])
  return {
    from: both(zone.from, later.from),
    offset: both(zone.offset, later.offset),
    repeats: { from: END + CYCLE, cycle: CYCLE },
  }
}

/** Seconds east of UTC at an instant, in seconds since 1970. */
function offsetAt(zone: Known, second: number): number {
  const later = second < END ? undefined : zone.later()
  return later ? found(later, END + ((second - END) % CYCLE)) : found(zone, second)
}

function found(zone: Zone, second: number): number {
  let low = 0
  let high = zone.from.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((zone.from[middle] as number) <= second) low = middle
    else high = middle - 1
  }
  return zone.offset[low] as number
}

const secondsOf = (micros: bigint): number => Number((micros - (((micros % SECOND) + SECOND) % SECOND)) / SECOND)

/** The wall clock (µs) of an instant (µs). */
export function localOf(instant: bigint, zone: string): bigint {
  return instant + BigInt(offsetAt(need(zone), secondsOf(instant))) * SECOND
}

/**
 * The instant (µs) of a wall clock (µs). A time that exists twice is the first of the two; one that does not exist moves
 * forward by the gap, as RFC 5545 and Temporal's "compatible" have it.
 */
export function instantOf(local: bigint, zone: string): bigint {
  const z = need(zone)
  const second = secondsOf(local)
  const before = offsetAt(z, second - DAY_S)
  const after = offsetAt(z, second + DAY_S)
  // the larger offset gives the earlier instant
  for (const offset of [Math.max(before, after), Math.min(before, after)])
    if (offsetAt(z, second - offset) === offset) return local - BigInt(offset) * SECOND
  return local - BigInt(before) * SECOND
}

function need(name: string): Known {
  const zone = zoneOf(name)
  if (zone === null) throw new RangeError(`no time zone '${name}'`)
  return zone
}
