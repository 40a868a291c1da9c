/** Values of secrets that this process has resolved: none of them leaves it in an error, a log line or a stack. */
const known = new Set<string>()
let pattern: RegExp | undefined

/** What stands for a secret where one would have been told. */
export const MASK = '‹secret›'

/** From now on the value is masked, in the forms that it takes in messages too: in a URL, in JSON, in base64, in quotes. */
export function remember(value: string): void {
  const json = JSON.stringify(value).slice(1, -1)
  const forms = [value, encodeURIComponent(value), encodeURI(value), json, value.replaceAll("'", "''")]
  const bytes = Buffer.from(value)
  for (const form of [...forms, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')])
    known.add(form)
  pattern = undefined
}

/** The text with every known secret masked. */
export function redacted(text: string): string {
  if (known.size === 0) return text
  if (!pattern) {
    // the longest first: a form may hold another
    const forms = [...known].sort((a, b) => b.length - a.length)
    pattern = new RegExp(forms.map((f) => f.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'g')
  }
  return text.replace(pattern, MASK)
}

/** The same for every text within a value of plain data. */
export function redactedJson<T>(value: T): T {
  if (known.size === 0) return value
  if (typeof value === 'string') return redacted(value) as T
  if (Array.isArray(value)) return value.map(redactedJson) as T
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [redacted(k), redactedJson(v)])) as T
}
