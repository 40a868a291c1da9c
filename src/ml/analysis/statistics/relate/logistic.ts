import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { chiSquare, normal, normalQuantile, twoSided } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { sum } from '../moments.ts'
import { ordered, told } from '../rows.ts'
import { CONFIDENCE, fig, finite, interval, leftOutText, pText, shown } from '../say.ts'
import { designOf, follows, X } from './design.ts'
import { type Fit, leastSquares } from './least-squares.ts'

const STEPS = 100
/** ln odds beyond which an answer is taken to be certain. */
const CERTAIN = 35

const chance = (eta: number): number => (eta >= 0 ? 1 / (1 + Math.exp(-eta)) : Math.exp(eta) / (1 + Math.exp(eta)))

interface Fitted {
  readonly beta: Float64Array
  readonly inverse: Fit['inverse']
  readonly eta: Float64Array
  readonly logLikelihood: number
}

/** Maximum likelihood by Newton's method, each step a weighted regression (McCullagh and Nelder 1989). @throws ANALYSIS_DATA */
function fitted(columns: readonly Float64Array[], y: Float64Array, names: readonly string[], value: string): Fitted {
  const n = y.length
  let beta = new Float64Array(columns.length)
  let before = Number.NEGATIVE_INFINITY
  for (let step = 0; step < STEPS; step++) {
    const eta = Float64Array.from({ length: n }, (_, i) =>
      sum(beta, (b, j) => b * ((columns[j] as Float64Array)[i] as number)),
    )
    const p = eta.map(chance)
    const w = p.map((v) => Math.sqrt(v * (1 - v)))
    const logLikelihood = sum(eta, (e, i) => -Math.log1p(Math.exp((y[i] as number) > 0.5 ? -e : e)))
    const certain = eta.some((e) => Math.abs(e) > CERTAIN)
    if (certain || !Number.isFinite(logLikelihood))
      throw unfit(
        `the columns tell '${value}' without error in some rows`,
        'their coefficients grow without end then (separation)',
        `leave the column out that decides it (of ${told(names.slice(1))}), or bring rows in which it does not`,
      )
    const target = eta.map((_, i) => ((y[i] as number) - (p[i] as number)) / Math.max(w[i] as number, 1e-30))
    const fit = leastSquares(
      columns.map((c) => c.map((v, i) => v * (w[i] as number))),
      target,
    )
    if ('dependent' in fit) throw follows(names, fit.dependent)
    const done = Math.abs(logLikelihood - before) <= 1e-14 * Math.abs(logLikelihood) && step > 3
    if (done) return { beta, inverse: fit.inverse, eta, logLikelihood }
    before = logLikelihood
    beta = beta.map((b, j) => b + (fit.coefficients[j] as number))
  }
  throw unfit(
    `the regression of '${value}' does not settle`,
    `after ${STEPS} steps it still moves`,
    'leave columns out that nearly decide it',
  )
}

export const logistic: Analysis = {
  name: 'logistic',
  about: {
    en: 'a yes-or-no explained by other columns (logistic regression)',
    ko: '다른 열로 설명하는 예·아니오(로지스틱 회귀)',
  },
  columns: {
    value: { kind: 'category', about: 'what is explained: two values, the later one is “yes” (true, 1)' },
    x: X,
  },
  settings: {
    confidence: CONFIDENCE,
    errors: {
      kind: 'choice',
      choices: ['model', 'hc0'],
      default: 'model',
      about: 'standard errors of the model, or robust ones',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const value = given.column('value') ?? ''
    const labels = given.labels(value)
    const { names, columns, rows, reference } = designOf(given, (i) => labels[i] !== null)
    const classes = ordered(new Set(rows.map((i) => labels[i] as string)))
    const [no = '', yes = ''] = classes
    if (classes.length !== 2)
      throw unfit(
        `'${value}' has ${classes.length === 1 ? 'one value' : `${classes.length} values: ${told(classes)}`}`,
        'it takes a yes or no',
        'name a column of two values, or make one in the recipe: .derive((r) => ({ late: r.delay.gt(15) }))',
      )
    const y = Float64Array.from(rows, (i) => (labels[i] === yes ? 1 : 0))
    const { beta, inverse, eta, logLikelihood } = fitted(columns, y, names, value)
    const n = rows.length
    const robust = given.choice('errors') === 'hc0'
    const half = inverse.map((row) =>
      eta.map((_, i) => sum(row, (v, l) => v * ((columns[l] as Float64Array)[i] as number))),
    )
    const variance = (j: number) =>
      robust
        ? sum(eta, (e, i) => (((half[j] as Float64Array)[i] as number) * ((y[i] as number) - chance(e))) ** 2)
        : (inverse[j]?.[j] as number)
    const z = normalQuantile(1 - (1 - confidence) / 2)
    const coefficients = names.map((name, j) => {
      const [b, error] = [beta[j] as number, Math.sqrt(variance(j))]
      const [low, high] = [b - z * error, b + z * error]
      return {
        name,
        ...interval(b, low, high),
        error: finite(error),
        z: finite(b / error),
        p: finite(twoSided(normal(b / error))),
        oddsRatio: interval(Math.exp(b), Math.exp(low), Math.exp(high)),
      }
    })
    const share = sum(y) / n
    const nothing = n * (share * Math.log(share) + (1 - share) * Math.log1p(-share))
    const lr = Math.max(0, 2 * (logLikelihood - nothing))
    const k = names.length
    const data = {
      test: 'logistic',
      errors: given.choice('errors'),
      confidence,
      n,
      yes,
      no,
      coefficients,
      reference,
      logLikelihood,
      pseudoRSquared: finite(1 - logLikelihood / nothing),
      likelihoodRatio: { statistic: lr, df: k - 1, p: k > 1 ? chiSquare(lr, k - 1).upper : null },
      aic: 2 * k - 2 * logLikelihood,
      leftOut: given.rows - n,
    }
    const slopes = coefficients.slice(1)
    const clear = slopes.filter((c) => c.p !== null && shown(c.p, confidence))
    const best = slopes.reduce((a, b) => (Math.abs(b.z ?? 0) > Math.abs(a.z ?? 0) ? b : a))
    const most = `${fig(best.oddsRatio.value)}, ${pText(best.p ?? 1)}`
    const said: Words = {
      en: `${clear.length} of ${slopes.length} coefficients change the odds that '${value}' is '${yes}', most clearly '${best.name}' (odds ratio ${most}); this does not show what causes it, nor how well new rows would be told apart.`,
      ko: `계수 ${slopes.length}개 중 ${clear.length}개가 '${value}' 값이 '${yes}'일 승산을 바꾸며 가장 뚜렷한 것은 '${best.name}'입니다(승산비 ${most}). 원인을 보여 주지는 않으며, 새 행을 얼마나 잘 가려낼지도 알 수 없습니다.`,
    }
    const bars = slopes.map((c) => ({
      label: c.name,
      value: c.z,
      low: c.z === null ? null : c.z - z,
      high: c.z === null ? null : c.z + z,
    }))
    return { data, chart: intervals(bars, 0, 'z'), sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
