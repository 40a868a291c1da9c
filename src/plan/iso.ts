/** Times as ISO text, fast: an endpoint reads and writes one in every record. */

const DAY = 86_400
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Days since 1970 of a day of the Gregorian calendar, for years from 1 on; NaN where there is no such day. */
function daysOf(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1) return Number.NaN
  const before = DAYS_BEFORE[month - 1] as number
  const leap = isLeap(year)
  const length = (DAYS_BEFORE[month] as number) - before + (month === 2 && leap ? 1 : 0)
  if (day > length) return Number.NaN
  const years = year - 1
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400)
  return years * 365 + leaps - 719_162 + before + (month > 2 && leap ? 1 : 0) + day - 1
}

/** The number that two digits of a text make; NaN when one of them is none. */
function two(text: string, at: number): number {
  const [tens, ones] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

/**
 * Seconds since 1970 of a time written `2001-06-30 18:05:00` (or with a T), for years from 1 on. NaN for whatever is
 * written otherwise or is no time: to say which is left to who knows more forms.
 */
export function isoSeconds(text: string): number {
  if (text.length !== 19 || text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':')
    return Number.NaN
  if (text[10] !== ' ' && text[10] !== 'T') return Number.NaN
  const year = two(text, 0) * 100 + two(text, 2)
  const [hour, minute, second] = [two(text, 11), two(text, 14), two(text, 17)]
  if (!(year >= 1) || hour > 23 || minute > 59 || second > 59) return Number.NaN
  return daysOf(year, two(text, 5), two(text, 8)) * DAY + hour * 3600 + minute * 60 + second
}

const pad = (n: number): string => (n < 10 ? `0${n}` : String(n))
let lastDay = Number.NaN
let lastText = ''

/** µs since 1970 as `2001-06-30 18:05:00`; what is less than a second is left out. @throws RangeError beyond what Date holds */
export const isoText = (micros: number): string => secondText(Math.floor(micros / 1_000_000))

/** The same with what is less than a second, if there is any: `2001-06-30 18:05:00.25`. @throws RangeError beyond what Date holds */
export function isoTextExact(micros: number | bigint): string {
  const n = Number(micros)
  const safe = Number.isSafeInteger(n)
  const seconds = safe ? Math.floor(n / 1_000_000) : Number((BigInt(micros) - modulo(BigInt(micros))) / 1_000_000n)
  const rest = safe ? n - seconds * 1_000_000 : Number(modulo(BigInt(micros)))
  return rest === 0 ? secondText(seconds) : `${secondText(seconds)}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`
}
/** µs into their second. */
const modulo = (micros: bigint): bigint => ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n

function secondText(seconds: number): string {
  const day = Math.floor(seconds / DAY)
  if (day !== lastDay) {
    lastText = dayText(day)
    lastDay = day
  }
  const rest = seconds - day * DAY
  const minutes = Math.floor(rest / 60)
  return `${lastText} ${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}:${pad(rest - minutes * 60)}`
}

/** A day as `2001-06-30`; years of more than four digits have as many, years before the first are counted back with `(BC)`. @throws RangeError beyond what Date holds */
export function dayText(days: number): string {
  const text = new Date(days * DAY * 1000).toISOString()
  const end = text.indexOf('-', 1)
  const year = Number(text.slice(0, end))
  const written = String(year > 0 ? year : 1 - year).padStart(4, '0') + text.slice(end, end + 6)
  return year > 0 ? written : `${written} (BC)`
}
