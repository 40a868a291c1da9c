import { randomsOf } from '../../base/random.ts'
import type { Words } from '../analysis/statistics/analysis.ts'
import { shareInterval } from '../analysis/statistics/distributions/discrete.ts'
import { calibrate } from './calibration.ts'
import { type Interval, percentile, unknown } from './interval.ts'
import { type By, levelsOf } from './levels.ts'
import { rank } from './ranking.ts'
import { poisson, type Resampling, resampling } from './resample.ts'

/** How decisions fall in one group; rates with exact intervals, null where no row could tell. */
export interface GroupRates {
  readonly name: string | null
  readonly others?: true
  readonly rows: number
  readonly positives: number
  /** Share that is called positive. */
  readonly selection: Interval
  /** Of the positive rows, and of the negative ones, the share that is called positive. */
  readonly truePositiveRate: Interval
  readonly falsePositiveRate: Interval
  readonly precision: Interval
  /** Mean score − share of positives, and the expected calibration error. */
  readonly bias: number
  readonly calibrationError: number | null
}

export interface Fairness {
  readonly column: string
  readonly threshold: number
  readonly groups: readonly GroupRates[]
  /** Greatest − least selection rate, and least / greatest. */
  readonly parityDifference: Interval
  readonly parityRatio: Interval
  /** Greatest − least true positive rate (Hardt et al. 2016). */
  readonly equalOpportunity: Interval
  /** The greater of the differences of true and false positive rates. */
  readonly equalisedOdds: Interval
  readonly sentence: Words
}

/** True positives, false positives, false negatives, true negatives. */
type Cells = readonly [tp: number, fp: number, fn: number, tn: number]

const STREAM = 0x66616972

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : Number.NaN)
const selectionOf = ([tp, fp, fn, tn]: Cells) => share(tp + fp, tp + fp + fn + tn)
const tprOf = ([tp, , fn]: Cells) => share(tp, tp + fn)
const fprOf = ([, fp, , tn]: Cells) => share(fp, fp + tn)

/** Differences and ratios between groups; NaN where fewer than two groups can tell. */
function gapsOf(groups: readonly Cells[]) {
  const range = (of: (c: Cells) => number) => {
    const known = groups.map(of).filter((x) => !Number.isNaN(x))
    return known.length < 2 ? null : { least: Math.min(...known), greatest: Math.max(...known) }
  }
  const [selected, tpr, fpr] = [range(selectionOf), range(tprOf), range(fprOf)]
  const gap = (r: { least: number; greatest: number } | null) => (r ? r.greatest - r.least : Number.NaN)
  return {
    parityDifference: gap(selected),
    parityRatio: selected && selected.greatest > 0 ? selected.least / selected.greatest : Number.NaN,
    equalOpportunity: gap(tpr),
    equalisedOdds: Math.max(gap(tpr), gap(fpr)),
  }
}

/** Decisions at a threshold by the groups of a column. Gaps have percentile intervals of resampled counts. @throws CANCELLED */
export async function fairness(
  column: string,
  by: By,
  scores: Float64Array,
  labels: Uint8Array,
  threshold: number,
  how: Resampling,
): Promise<Fairness> {
  const levels = levelsOf(by)
  const cells = levels.map(({ rows }): Cells => {
    const c: [number, number, number, number] = [0, 0, 0, 0]
    for (const i of rows) {
      const called = (scores[i] as number) >= threshold
      const at = labels[i] === 1 ? (called ? 0 : 2) : called ? 1 : 3
      c[at]++
    }
    return c
  })
  const groups = levels.map((level, g): GroupRates => {
    const [tp, fp, fn, tn] = cells[g] as Cells
    const own = Float64Array.from(level.rows, (i) => scores[i] as number)
    const is = Uint8Array.from(level.rows, (i) => labels[i] as number)
    const rate = (part: number, whole: number): Interval => {
      if (whole === 0) return unknown('exact')
      const [low, high] = shareInterval(part, whole, how.confidence)
      return { value: part / whole, low, high, method: 'exact' }
    }
    return {
      name: level.name,
      ...(level.others ? { others: true as const } : {}),
      ...{ rows: own.length, positives: tp + fn },
      selection: rate(tp + fp, own.length),
      truePositiveRate: rate(tp, tp + fn),
      falsePositiveRate: rate(fp, fp + tn),
      precision: rate(tp, tp + fp),
      bias: own.reduce((a, b) => a + b, 0) / own.length - (tp + fn) / own.length,
      calibrationError: calibrate(rank(own, is)).error,
    }
  })
  const names = ['parityDifference', 'parityRatio', 'equalOpportunity', 'equalisedOdds'] as const
  const found = names.map(() => new Float64Array(how.resamples))
  const seed = Math.floor(randomsOf(how.seed, STREAM)() * 2 ** 32)
  await resampling({ ...how, seed }, (random, r) => {
    const gaps = gapsOf(cells.map((c) => c.map((n) => poisson(n, random)) as unknown as Cells))
    for (const [m, name] of names.entries()) (found[m] as Float64Array)[r] = gaps[name]
  })
  const gaps = gapsOf(cells)
  const interval = (m: 0 | 1 | 2 | 3): Interval => {
    const value = gaps[names[m]]
    return percentile(Number.isNaN(value) ? null : value, found[m] as Float64Array, how.confidence)
  }
  return {
    ...{ column, threshold, groups },
    parityDifference: interval(0),
    parityRatio: interval(1),
    equalOpportunity: interval(2),
    equalisedOdds: interval(3),
    sentence: sentenceOf(column, groups, gaps),
  }
}

function sentenceOf(column: string, groups: readonly GroupRates[], gaps: ReturnType<typeof gapsOf>): Words {
  const points = (x: number) => (Number.isNaN(x) ? '–' : (x * 100).toFixed(1))
  const small = groups.filter((g) => g.positives < 30).length
  return {
    en: `Between groups of '${column}' the share that is called positive differs by up to ${points(gaps.parityDifference)} percentage points, the share of positive rows that is found by up to ${points(gaps.equalOpportunity)}; a greatest gap is above 0 by chance alone${small > 0 ? `, the more so as ${small} of ${groups.length} groups have fewer than 30 positive rows` : ''}, and it does not show why groups differ, whether labels are fair, or what a decision does to people.`,
    ko: `'${column}' 집단 사이에서 양성으로 판정하는 비율은 최대 ${points(gaps.parityDifference)}%p, 실제 양성을 찾아내는 비율은 최대 ${points(gaps.equalOpportunity)}%p 차이 납니다. 가장 큰 차이는 우연만으로도 0보다 큽니다${small > 0 ? `(집단 ${groups.length}개 가운데 ${small}개는 양성 행이 30개보다 적습니다)` : ''}. 차이의 까닭, 라벨이 공정한지, 판정이 사람에게 미치는 결과는 보여 주지 않습니다.`,
  }
}
