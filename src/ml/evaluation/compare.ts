import type { Words } from '../analysis/statistics/analysis.ts'
import { analyse } from '../analysis/statistics/index.ts'
import { type Measure, resampledSums, type Terms, termsOf } from './additive.ts'
import { aucDifference } from './delong.ts'
import { expandedP, type Interval } from './interval.ts'
import type { Resampling } from './resample.ts'
import type { Judged } from './rowTerms.ts'

/** A metric of two models on the same rows: `difference` is first − second. */
export interface Difference {
  readonly first: number | null
  readonly second: number | null
  readonly difference: Interval
  /** Two-sided. */
  readonly p: number | null
}

/** Decisions of two models on the same rows: rows that only one of them decides rightly (McNemar 1947). */
export interface Decisions {
  readonly firstOnly: number
  readonly secondOnly: number
  readonly p: number | null
}

/** Terms of both models side by side, row by row. */
function beside(first: Terms, second: Terms): Terms {
  const [a, b] = [first.width, second.width]
  return termsOf(first.rows, a + b, (i, out) => {
    out.set(first.values.subarray(i * a, (i + 1) * a))
    out.set(second.values.subarray(i * b, (i + 1) * b), a)
  })
}

/**
 * Differences of metrics that are made of rows' terms, by the paired bootstrap: a resample draws rows, and both models are judged on
 * them. p is twice the share of resamples on the other side of 0, the value itself counted as one of them, by Student's distribution of so many rows. @throws CANCELLED
 */
export async function pairedDifferences(
  first: Judged,
  second: Judged,
  how: Resampling,
): Promise<Record<string, Difference>> {
  const { width } = first.terms
  const names = Object.keys(first.measures).filter((name) => name in second.measures && name !== 'rate')
  const difference =
    (name: string): Measure =>
    (sums) => {
      const a = first.measures[name]?.(sums.subarray(0, width)) ?? null
      const b = second.measures[name]?.(sums.subarray(width)) ?? null
      return a === null || b === null ? null : a - b
    }
  const both = beside(first.terms, second.terms)
  const found = await resampledSums(both, Object.fromEntries(names.map((n) => [n, difference(n)])), how)
  const sums = new Float64Array(both.width)
  for (let i = 0; i < both.values.length; i++)
    sums[i % both.width] = (sums[i % both.width] as number) + (both.values[i] as number)
  return Object.fromEntries(
    names.map((name) => {
      const { interval, replicates } = found[name] as { interval: Interval; replicates: Float64Array }
      const known = replicates.filter((x) => Number.isFinite(x))
      const above = known.reduce((n, x) => n + Number(x >= 0), 0)
      const below = known.reduce((n, x) => n + Number(x <= 0), 0)
      const share = Math.min(1, (2 * (Math.min(above, below) + 1)) / (known.length + 1))
      const p = interval.value === null || known.length === 0 ? null : expandedP(share, both.rows)
      return [
        name,
        {
          first: first.measures[name]?.(sums.subarray(0, width)) ?? null,
          second: second.measures[name]?.(sums.subarray(width)) ?? null,
          ...{ difference: interval, p },
        },
      ]
    }),
  )
}

/** The difference of two AUCs by DeLong's test. */
export function aucOfBoth(
  first: Float64Array,
  second: Float64Array,
  labels: Uint8Array,
  confidence: number,
): Difference | null {
  // biome-ignore format: one line
  const found = aucDifference(first, second, labels, confidence)
  if (!found) return null
  const { p, aucs, ...difference } = found
  return { first: aucs[0], second: aucs[1], difference, p }
}

/** McNemar's exact test of which decisions are right, `right` a row for each model. */
export async function decisionsOf(first: readonly boolean[], second: readonly boolean[]): Promise<Decisions> {
  let [firstOnly, secondOnly] = [0, 0]
  for (const [i, right] of first.entries()) {
    if (right && !second[i]) firstOnly++
    if (!right && second[i]) secondOnly++
  }
  if (firstOnly + secondOnly === 0) return { firstOnly, secondOnly, p: null }
  const { data } = await analyse('mcnemar', { first, second }, { value: 'first', pair: 'second' })
  return { firstOnly, secondOnly, p: data['p'] as number }
}

/** One sentence on the metric that models are chosen by, and on what it does not show. `least`: lower is better; `alpha`: what p is to be below, which of few rows may doubt what the interval shows. */
export function comparisonSentence(
  names: { readonly first: string; readonly second: string; readonly metric: Words },
  { difference, p }: Difference,
  { least, alpha }: { readonly least: boolean; readonly alpha: number },
): Words {
  const { value, low, high } = difference
  const three = (x: number | null) => (x === null ? '–' : x.toFixed(4).replace('-', '−'))
  const { first, second, metric } = names
  if (value === null || low === null || high === null)
    return {
      en: `${first} and ${second} could not be compared by ${metric.en} on these rows.`,
      ko: `이 행으로는 ${first}와(과) ${second}의 ${metric.ko} 차이를 알 수 없습니다.`,
    }
  const range = `${three(value)} (${three(low)} … ${three(high)}${p === null ? '' : `, p ${p < 0.001 ? '< 0.001' : p.toFixed(3)}`})`
  const shown = (low > 0 || high < 0) && (p === null || p < alpha)
  const better = value > 0 === !least
  return shown
    ? {
        en: `${first} is ${better ? 'better' : 'worse'} than ${second} on these rows: ${metric.en} differs by ${range}; this does not show that it will be so on data of another time or place, nor that the difference is worth its price.`,
        ko: `이 행에서 ${first}이(가) ${second}보다 ${better ? '낫습니다' : '못합니다'}. ${metric.ko} 차이 ${range}. 다른 시기나 장소의 데이터에서도 그렇다거나, 그 차이가 비용만큼 값어치가 있다는 뜻은 아닙니다.`,
      }
    : {
        en: `It could not be shown that ${first} and ${second} differ: ${metric.en} by ${range}; this does not show that they are equally good.`,
        ko: `${first}와(과) ${second}이(가) 다르다고 할 수 없습니다. ${metric.ko} 차이 ${range}. 둘이 똑같이 좋다는 뜻은 아닙니다.`,
      }
}
