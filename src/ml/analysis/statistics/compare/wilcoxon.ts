import type { Analysis, Words } from '../analysis.ts'
import { boxes } from '../charts.ts'
import { normal } from '../distributions/continuous.ts'
import { signedRanksExact } from '../distributions/ranks.ts'
import type { Tails } from '../distributions/special.ts'
import { unfit } from '../given.ts'
import { medianOf, ranks } from '../moments.ts'
import { pairs } from '../rows.ts'
import { ALTERNATIVE, CONFIDENCE, fig, finite, leftOutText, pText, shown, sided } from '../say.ts'

/** Pairs up to which p is counted out where there are no ties. */
const EXACT = 50
/** Differences are told apart down to this share of the largest value. */
const GRAIN = 1e-13

/**
 * Wilcoxon's signed ranks (1945) of two values of each row. Rows without a difference are left out (his own way); p is counted out
 * for 50 pairs at most without ties, else by the normal distribution with ties corrected.
 */
export const wilcoxon: Analysis = {
  name: 'wilcoxon',
  about: { en: 'two columns of the same rows by ranks (Wilcoxon)', ko: '같은 행의 두 열을 순위로 비교(윌콕슨)' },
  columns: {
    value: { kind: 'number', about: 'the first value of each row' },
    pair: { kind: 'number', about: 'the second value of each row' },
  },
  settings: { confidence: CONFIDENCE, alternative: ALTERNATIVE },
  run(given) {
    const confidence = given.number('confidence') as number
    const { x, y, leftOut } = pairs(given, 2)
    const [value, pair] = [given.column('value'), given.column('pair')]
    // equal differences that binary fractions have made unequal are equal again
    const grid = GRAIN * Math.max(...[x, y].map((c) => c.reduce((a, v) => Math.max(a, Math.abs(v)), 0)))
    const all = x.map((v, i) => (grid > 0 ? Math.round((v - (y[i] as number)) / grid) * grid : 0))
    const d = all.filter((v) => v !== 0)
    const n = d.length
    if (n < 2)
      throw unfit(
        `'${value}' and '${pair}' differ in ${n === 1 ? 'one row' : 'no row'}`,
        'ranks of differences need two rows that differ',
        'name other columns, or bring more rows',
      )
    const { ranks: r, ties } = ranks(d.map(Math.abs))
    let plus = 0
    for (const [i, v] of d.entries()) if (v > 0) plus += r[i] as number
    const total = (n * (n + 1)) / 2
    const exact = ties === 0 && n <= EXACT
    const sd = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48)
    const z = (plus - total / 2) / sd
    const tails: Tails = exact ? signedRanksExact(plus, n) : normal(z)
    const p = sided(tails, given.choice('alternative'))
    const biserial = (2 * plus) / total - 1
    const data = {
      test: 'wilcoxon',
      method: exact ? 'exact' : 'normal, ties corrected',
      statistic: Math.min(plus, total - plus),
      positive: plus,
      negative: total - plus,
      p,
      alternative: given.choice('alternative'),
      confidence,
      effect: { name: 'matched-pairs rank-biserial correlation', value: finite(biserial) },
      pairs: all.length,
      equal: all.length - n,
      medianDifference: finite(medianOf(all)),
      leftOut,
    }
    const said: Words = shown(p, confidence)
      ? {
          en: `Over ${n} rows that differ, '${value}' tends to be ${plus > total / 2 ? 'above' : 'below'} '${pair}' (rank-biserial correlation ${fig(biserial)}; ${pText(p)}); this does not show by how much, nor what changed it, and it takes differences to scatter evenly about their middle.`,
          ko: `차이가 있는 ${n}개 행에서 '${value}' 값은 '${pair}' 값보다 ${plus > total / 2 ? '큰' : '작은'} 경향이 있습니다(순위 이연 상관 ${fig(biserial)}, ${pText(p)}). 차이가 얼마인지, 무엇 때문인지는 보여 주지 않으며, 차이가 중앙을 기준으로 대칭이라고 봅니다.`,
        }
      : {
          en: `Over ${n} rows that differ it could not be shown that '${value}' tends to be above or below '${pair}' (rank-biserial correlation ${fig(biserial)}; ${pText(p)}); this does not show that they are equal.`,
          ko: `차이가 있는 ${n}개 행에서 '${value}' 값이 '${pair}' 값보다 크거나 작은 경향이 있다고 할 수 없습니다(순위 이연 상관 ${fig(biserial)}, ${pText(p)}). 둘이 같다는 뜻은 아닙니다.`,
        }
    const chart = boxes([
      { name: String(value), values: x },
      { name: String(pair), values: y },
    ])
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
