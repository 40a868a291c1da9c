import type { ForecastSpec } from '../../runs/specs.ts'

export type Every = ForecastSpec['every']

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Periods of a season, unless somebody says otherwise. */
export const SEASONS: Readonly<Record<Every, number>> = { hour: 24, day: 7, week: 52, month: 12, quarter: 4, year: 1 }

/** Numbers for periods: those of equal numbers are one period, the next number is the next period. */
export interface Periods {
  readonly every: Every
  of(ms: number): number
  /** ms since 1970 at which a period begins. */
  start(period: number): number
}

/** @param monday days that weeks begin after a Monday, 0 to 6 */
export function periodsOf(every: Every, monday = 0): Periods {
  if (every === 'hour' || every === 'day' || every === 'week') {
    const length = every === 'hour' ? HOUR : every === 'day' ? DAY : 7 * DAY
    // 1970-01-05 is the first Monday
    const shift = every === 'week' ? (4 + monday) * DAY : 0
    return { every, of: (ms) => Math.floor((ms - shift) / length), start: (p) => p * length + shift }
  }
  const months = every === 'month' ? 1 : every === 'quarter' ? 3 : 12
  return {
    every,
    of(ms) {
      const date = new Date(ms)
      return Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / months)
    },
    start(p) {
      const date = new Date(0)
      date.setUTCFullYear(1970 + Math.floor((p * months) / 12), (((p * months) % 12) + 12) % 12, 1)
      return date.getTime()
    },
  }
}

/** Days after a Monday, 0 to 6. */
export const weekdayOf = (ms: number): number => (((Math.floor(ms / DAY) + 3) % 7) + 7) % 7

/** The date of a moment, `2026-05-01`. */
export const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
/** All days from one moment to before another, the first at least. */
export const daysOf = (from: number, to: number): string[] =>
  Array.from({ length: Math.max(1, Math.round((to - from) / DAY)) }, (_, i) => dateOf(from + i * DAY))
