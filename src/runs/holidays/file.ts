import { GalleyError } from '../../base/errors.ts'

/** What a file says of days: those that are holidays, and those that are none although the country has them. */
export interface DaysFile {
  readonly days: readonly { readonly date: string; readonly name: string }[]
  readonly working: readonly string[]
}

const DAY = 86_400_000
/** Days of one event, at most. */
const MOST = 366

const isDate = (text: string): boolean => {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(text).getTime() : Number.NaN
  return !Number.isNaN(at) && new Date(at).toISOString().slice(0, 10) === text
}

/**
 * Days of an iCalendar (RFC 5545: events of whole days), or of a text with one a line: `2026-05-01 Labour Day`, `!2026-07-17` for a day of the country that is worked, `# a remark`.
 * @throws USAGE_INVALID naming the line
 */
export function daysOf(text: string, name: string): DaysFile {
  return /^\uFEFF?\s*BEGIN:VCALENDAR/i.test(text) ? { days: ofIcalendar(text, name), working: [] } : ofText(text, name)
}

const refuse = (what: string, why: string) =>
  new GalleyError('USAGE_INVALID', { what, why, fix: 'write a day a line: 2026-05-01 Labour Day; or name an iCalendar file (.ics) of whole days' }) // biome-ignore format: one line

function ofText(text: string, name: string): DaysFile {
  const days: { date: string; name: string }[] = []
  const working: string[] = []
  for (const [i, whole] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = whole.replace(/(^|\s)#.*$/, '').trim()
    if (line === '') continue
    const [, not, date = '', called = ''] = /^(!?)\s*(\S+)\s*(.*)$/.exec(line) ?? []
    if (!isDate(date)) throw refuse(`${name} names no day in line ${i + 1}`, `'${line.slice(0, 80)}' begins with no date`) // biome-ignore format: one line
    if (not) working.push(date)
    else days.push({ date, name: called || 'holiday' })
  }
  return { days, working }
}

function ofIcalendar(text: string, name: string): DaysFile['days'] {
  // a line that begins with a space goes on the one before
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const days: { date: string; name: string }[] = []
  let event: Record<string, { value: string; params: string }> | undefined
  for (const [i, line] of lines.entries()) {
    if (/^BEGIN:VEVENT/i.test(line)) event = {}
    else if (/^END:VEVENT/i.test(line) && event) {
      days.push(...ofEvent(event, `${name}, before its line ${i + 1}`))
      event = undefined
    } else if (event) {
      const [, key = '', params = '', value = ''] = /^([A-Za-z-]+)((?:;[^:]*)?):(.*)$/.exec(line) ?? []
      event[key.toUpperCase()] ??= { value, params }
    }
  }
  return days
}

function ofEvent(event: Readonly<Record<string, { value: string; params: string }>>, where: string) {
  const date = (value = '') => value.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
  const first = date(event['DTSTART']?.value)
  if (event['RRULE'] || event['RDATE']) throw refuse(`an event is repeated: ${where}`, 'days that come again by a rule are not read') // biome-ignore format: one line
  if (/CANCELLED/i.test(event['STATUS']?.value ?? '')) return []
  if (!isDate(first)) throw refuse(`an event is of no whole day: ${where}`, `it begins at '${event['DTSTART']?.value ?? ''}'`) // biome-ignore format: one line
  const end = date(event['DTEND']?.value)
  const count = isDate(end) ? Math.max(1, (Date.parse(end) - Date.parse(first)) / DAY) : 1
  if (count > MOST) throw refuse(`an event is of ${count} days: ${where}`, `one has ${MOST} at most`)
  const called = (event['SUMMARY']?.value ?? 'holiday').replace(/\\([,;\\nN])/g, (_, c: string) => (/n/i.test(c) ? ' ' : c)) // biome-ignore format: one line
  return Array.from({ length: count }, (_, i) => ({ date: new Date(Date.parse(first) + i * DAY).toISOString().slice(0, 10), name: called })) // biome-ignore format: one line
}
