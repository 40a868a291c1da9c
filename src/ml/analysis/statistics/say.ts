import { number } from '../text.ts'
import type { Setting } from './analysis.ts'

/** A number for a sentence: four digits. */
export const fig = (x: number | null): string => (x === null ? '–' : number(Number(x.toPrecision(4))))

/** `p = 0.012`; far tails as powers of ten. */
export function pText(p: number): string {
  if (p < 1e-300) return 'p < 1e−300'
  return p < 1e-4 ? `p = ${p.toExponential(1).replace('-', '−')}` : `p = ${Number(p.toPrecision(3))}`
}

export const percentText = (share: number): string => `${Number((share * 100).toPrecision(3))} %`

/** `2 rows that lack a value were left out.`, or nothing. */
export const leftOutText = {
  en: (n: number): string =>
    n === 0
      ? ''
      : ` ${n === 1 ? '1 row that lacks a value was' : `${n.toLocaleString('en-US')} rows that lack a value were`} left out.`,
  ko: (n: number): string => (n === 0 ? '' : ` 값이 빠진 행 ${n.toLocaleString('en-US')}개는 제외했습니다.`),
}

/** Whether a difference is called one: p below 1 − confidence. */
export const shown = (p: number, confidence: number): boolean => p < 1 - confidence

export const CONFIDENCE: Setting = {
  kind: 'number',
  default: 0.95,
  least: 0.5,
  most: 0.9999,
  about: 'how sure intervals are; p below 1 − confidence is told as a difference',
}
export const ALTERNATIVE: Setting = {
  kind: 'choice',
  choices: ['two-sided', 'less', 'greater'],
  default: 'two-sided',
  about: 'which differences count: the first less than the second, greater, or either',
}
export const GROUPS: Setting = { kind: 'list', about: 'the groups that are compared, and their order' }

/** Of a statistic's tails, p for what counts. */
export function sided(tails: { lower: number; upper: number }, alternative: string): number {
  if (alternative === 'less') return tails.lower
  if (alternative === 'greater') return tails.upper
  return Math.min(1, 2 * Math.min(tails.lower, tails.upper))
}

/** Figures that are not finite are null: JSON knows no others. */
export const finite = (x: number): number | null => (Number.isFinite(x) ? x + 0 : null)

/** A value with its interval. */
export interface Interval {
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
}
export const interval = (
  value: number,
  low: number,
  high: number,
): { value: number | null; low: number | null; high: number | null } => ({
  value: finite(value),
  low: finite(low),
  high: finite(high),
})
export const intervalText = (i: Interval): string => `${fig(i.low)} … ${fig(i.high)}`
