import type { Analysis, Words } from '../analysis.ts'
import { shares } from '../charts.ts'
import { hypergeometricMass } from '../distributions/discrete.ts'
import { root } from '../distributions/special.ts'
import { ALTERNATIVE, CONFIDENCE, fig, finite, interval, intervalText, leftOutText, pText, shown } from '../say.ts'
import { twoByTwo } from './table.ts'

/** Tables as likely as the one that was found count as such in spite of rounding. */
const AS_LIKELY = 1 + 1e-11

/** Logarithms of masses below this are those of 0. */
const NOTHING = -760

/** The first cell's distribution under an odds ratio: hypergeometric masses weighted by ratio^k. */
function firstCell(a: number, b: number, c: number, d: number) {
  const [first, second, column] = [a + b, c + d, a + c]
  const [from, to] = [Math.max(0, column - second), Math.min(first, column)]
  const massAt = (k: number) => hypergeometricMass(k, first, second, column)
  // from the likeliest cell outwards: a mass too small for a number has a logarithm all the same
  const logs = new Float64Array(to - from + 1)
  const masses = new Float64Array(to - from + 1)
  const mode = Math.min(to, Math.max(from, Math.floor(((first + 1) * (column + 1)) / (first + second + 2))))
  const keep = (k: number, log: number) => {
    const mass = log < NOTHING ? 0 : massAt(k)
    masses[k - from] = mass
    logs[k - from] = mass > 1e-290 ? Math.log(mass) : log
  }
  /** How much likelier k + 1 is than k. */
  const step = (k: number) => Math.log(((first - k) / (k + 1)) * ((column - k) / (second - column + k + 1)))
  keep(mode, 0)
  for (let k = mode + 1; k <= to; k++) keep(k, (logs[k - 1 - from] as number) + step(k - 1))
  for (let k = mode - 1; k >= from; k--) keep(k, (logs[k + 1 - from] as number) - step(k))
  const weighted = (log: number): Float64Array => {
    const w = logs.map((l, i) => l + (from + i) * log)
    const most = w.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY)
    let all = 0
    for (let i = 0; i < w.length; i++) {
      const l = (w[i] as number) - most
      w[i] = l < NOTHING ? 0 : Math.exp(l)
      all += w[i] as number
    }
    return w.map((x) => x / all)
  }
  return { from, to, masses, weighted }
}

/** Fisher's exact test (1922) of a 2 × 2 table; two-sided p sums what is no likelier, the odds ratio is the conditional estimate. */
export function fisherExact(
  [a, b, c, d]: readonly [number, number, number, number],
  confidence: number,
  alternative: string,
) {
  const { from, to, masses, weighted } = firstCell(a, b, c, d)
  const at = masses[a - from] ?? 0
  const sumOf = (keep: (k: number, mass: number) => boolean) =>
    Math.min(
      1,
      masses.reduce((s, m, i) => (keep(from + i, m) ? s + m : s), 0),
    )
  const p =
    alternative === 'less'
      ? sumOf((k) => k <= a)
      : alternative === 'greater'
        ? sumOf((k) => k >= a)
        : sumOf((_, m) => m <= at * AS_LIKELY)
  const meanAt = (log: number) => weighted(log).reduce((s, w, i) => s + w * (from + i), 0)
  const tailAt = (log: number, keep: (k: number) => boolean) =>
    weighted(log).reduce((s, w, i) => (keep(from + i) ? s + w : s), 0)
  const tail = (1 - confidence) / 2
  const ends = { min: -700, max: 700 }
  const solve = (f: (log: number) => number) => Math.exp(root(f, -1, 1, ends))
  const ratio = a === from ? 0 : a === to ? Number.POSITIVE_INFINITY : solve((l) => meanAt(l) - a)
  const low = a === from ? 0 : solve((l) => tailAt(l, (k) => k >= a) - tail)
  const high = a === to ? Number.POSITIVE_INFINITY : solve((l) => tail - tailAt(l, (k) => k <= a))
  return { p, ratio, low, high }
}

export const fisher: Analysis = {
  name: 'fisher',
  about: { en: 'two columns of two values each, exactly (Fisher)', ko: '값이 두 개씩인 두 열의 정확 검정(피셔)' },
  columns: {
    value: { kind: 'category', about: 'what is counted: two values' },
    by: { kind: 'category', about: 'what splits the rows in two' },
  },
  settings: { confidence: CONFIDENCE, alternative: ALTERNATIVE },
  run(given) {
    const confidence = given.number('confidence') as number
    const { table, cells } = twoByTwo(given)
    const { p, ratio, low, high } = fisherExact(cells, confidence, given.choice('alternative'))
    const [a, b, c, d] = cells
    const effect = {
      name: 'odds ratio (conditional estimate)',
      ...interval(ratio, low, high),
      sample: finite((a * d) / (b * c)),
    }
    const data = {
      test: 'fisher',
      method: 'exact',
      p,
      alternative: given.choice('alternative'),
      confidence,
      effect,
      rows: table.rows,
      columns: table.columns,
      counts: table.counts,
      leftOut: table.leftOut,
    }
    const [value, by] = [given.column('value'), given.column('by')]
    const [one, other] = [table.rows[0], table.rows[1]]
    const odds = effect.value === null ? (ratio === 0 ? '0' : '–') : fig(effect.value)
    const level = Math.round(confidence * 1000) / 10
    const range = `${level} % ${intervalText(effect)}`
    const hit = table.columns[0]
    const said: Words = shown(p, confidence)
      ? {
          en: `The odds that '${value}' is '${hit}' differ between '${one}' and '${other}' of '${by}' (odds ratio ${odds}, interval ${range}; ${pText(p)}); this does not show that '${by}' is the cause, and a ratio of odds is not one of shares.`,
          ko: `'${value}' 값이 '${hit}'일 승산은 '${by}'의 '${one}'와(과) '${other}'에서 다릅니다(승산비 ${odds}, 구간 ${range}, ${pText(p)}). '${by}' 때문임을 보여 주지는 않으며, 승산비는 비율의 비가 아닙니다.`,
        }
      : {
          en: `It could not be shown that the odds that '${value}' is '${hit}' differ between '${one}' and '${other}' of '${by}' (odds ratio ${odds}, interval ${range}; ${pText(p)}); this does not show that they are equal.`,
          ko: `'${value}' 값이 '${hit}'일 승산이 '${by}'의 '${one}'와(과) '${other}'에서 다르다고 할 수 없습니다(승산비 ${odds}, 구간 ${range}, ${pText(p)}). 둘이 같다는 뜻은 아닙니다.`,
        }
    const chart = shares(table.rows, table.columns, table.counts)
    return { data, chart, sentence: (l) => said[l] + leftOutText[l](table.leftOut) }
  },
}
