/** A record that the reader would leave out without a word, and what follows it. */
export const UNCLOSED = 'UNCLOSED QUOTE'

/** What the reader says of a record that it can't take apart, by its kind of error, in our words. */
const REASONS: Readonly<Record<string, string>> = {
  CAST: 'a value of another type',
  'MISSING COLUMNS': 'too few cells',
  'TOO MANY COLUMNS': 'too many cells',
  'UNQUOTED VALUE': 'a quote in an odd place',
  'LINE SIZE OVER MAXIMUM': 'longer than a line may be',
  'INVALID ENCODING': 'bytes that are no text',
  'INVALID STATE': 'a quote in an odd place',
  [UNCLOSED]: 'a quote that is never closed, or follows one',
}

/** Why a record is broken. */
export const reasonFor = (type: unknown): string => {
  const kind = String(type).toUpperCase().replaceAll('_', ' ')
  return Object.hasOwn(REASONS, kind) ? (REASONS[kind] as string) : kind.toLowerCase()
}
