/** Counts by reason, the most frequent first: the same order whether just computed or taken from the cache. */
export const byCount = (counts: Readonly<Record<string, number>>): (readonly [string, number])[] =>
  Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))

/** Numbers for people. */
export const integer = (n: number): string => Math.round(n).toLocaleString('en-US')
/** `1 row`, `2,000 rows`. */
export const plural = (n: number, noun: string): string => `${integer(n)} ${noun}${Math.round(n) === 1 ? '' : 's'}`

export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = n
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}
