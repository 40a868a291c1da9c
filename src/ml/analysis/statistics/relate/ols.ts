import type { Analysis, Words } from '../analysis.ts'
import { intervals } from '../charts.ts'
import { fisherF, student, studentUpper, twoSided } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { moments, sum } from '../moments.ts'
import { CONFIDENCE, fig, finite, interval, leftOutText, pText, shown } from '../say.ts'
import { designOf, follows, X } from './design.ts'
import { type Fit, leastSquares } from './least-squares.ts'

/** Rows that lie this near to deciding a coefficient by themselves leave no residual to judge it by. */
const ALONE = 1e-9

/**
 * The covariance of coefficients: the classical one, or that of White (1980), HC0, with MacKinnon and White's (1985) HC1 to HC3, which
 * hold where the spread is not the same everywhere. @throws ANALYSIS_DATA
 */
export function covariance(
  { inverse, residuals, rss, n, k }: Fit,
  columns: readonly Float64Array[],
  errors: string,
): Float64Array[] {
  if (errors === 'ols') return inverse.map((row) => row.map((v) => (v * rss) / (n - k)))
  // rows of X (X′X)⁻¹, and from them the leverage of each row
  const half = inverse.map((row) =>
    Float64Array.from({ length: n }, (_, i) => sum(row, (v, l) => v * ((columns[l] as Float64Array)[i] as number))),
  )
  const weights = Float64Array.from(residuals, (e, i) => {
    if (errors === 'hc0') return e * e
    if (errors === 'hc1') return (e * e * n) / (n - k)
    const left =
      1 - half.reduce((h, column, l) => h + (column[i] as number) * ((columns[l] as Float64Array)[i] as number), 0)
    if (left < ALONE)
      throw unfit(
        'one row decides a coefficient by itself',
        `what is left of it is no error to judge by, and ${errors} divides by that`,
        'choose --set errors=hc1, or put rare texts together in the recipe',
      )
    return (e / (errors === 'hc3' ? left : Math.sqrt(left))) ** 2
  })
  return half.map((a) =>
    Float64Array.from(half, (b) => sum(weights, (w, i) => w * (a[i] as number) * (b[i] as number))),
  )
}

export const ols: Analysis = {
  name: 'ols',
  about: { en: 'a number explained by other columns (linear regression)', ko: '다른 열로 설명하는 숫자(선형 회귀)' },
  columns: { value: { kind: 'number', about: 'what is explained' }, x: X },
  settings: {
    confidence: CONFIDENCE,
    errors: {
      kind: 'choice',
      choices: ['hc3', 'hc2', 'hc1', 'hc0', 'ols'],
      default: 'hc3',
      about: 'standard errors: robust ones (HC0 to HC3), or classical',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const value = given.column('value') ?? ''
    const all = given.raw(value)
    const { names, columns, rows, reference } = designOf(given, (i) => !Number.isNaN(all[i]))
    const y = Float64Array.from(rows, (i) => all[i] as number)
    const fit = leastSquares(columns, y)
    if ('dependent' in fit) throw follows(names, fit.dependent)
    const { n, k, rss } = fit
    const spread = moments(y).variance * (n - 1)
    if (rss <= spread * 1e-18 || spread === 0)
      throw unfit(
        spread === 0 ? `'${value}' has one value` : `'${value}' follows exactly from ${names.slice(1).join(', ')}`,
        'a regression needs what is left to judge its coefficients by',
        'name a column that is not computed from the others',
      )
    const errors = given.choice('errors')
    const cov = covariance(fit, columns, errors)
    const t = studentUpper((1 - confidence) / 2, n - k)
    const coefficients = names.map((name, j) => {
      const [b, error] = [fit.coefficients[j] as number, Math.sqrt(cov[j]?.[j] as number)]
      return {
        name,
        ...interval(b, b - t * error, b + t * error),
        error: finite(error),
        t: finite(b / error),
        p: finite(twoSided(student(b / error, n - k))),
      }
    })
    const r2 = 1 - rss / spread
    // Wald's F of all but the intercept; with classical errors it is the usual one
    const slopes = fit.coefficients.subarray(1)
    const solved =
      k > 1
        ? leastSquares(
            cov.slice(1).map((row) => row.subarray(1)),
            slopes,
          )
        : undefined
    const f =
      solved && !('dependent' in solved)
        ? sum(slopes, (b, j) => b * (solved.coefficients[j] as number)) / (k - 1)
        : Number.NaN
    const data = {
      test: 'ols',
      errors,
      confidence,
      n,
      coefficients,
      reference,
      rSquared: finite(r2),
      adjustedRSquared: finite(1 - ((1 - r2) * (n - 1)) / (n - k)),
      residualSd: finite(Math.sqrt(rss / (n - k))),
      f: { statistic: finite(f), df: [k - 1, n - k], p: Number.isFinite(f) ? fisherF(f, k - 1, n - k).upper : null },
      leftOut: given.rows - n,
    }
    const slope = coefficients.slice(1)
    const clear = slope.filter((c) => c.p !== null && shown(c.p, confidence))
    const best = slope.reduce((a, b) => (Math.abs(b.t ?? 0) > Math.abs(a.t ?? 0) ? b : a))
    const most = `${fig(best.value)}, ${pText(best.p ?? 1)}`
    const share = fig(r2 * 100)
    const said: Words = {
      en: `The columns explain ${share} % of how '${value}' varies; ${clear.length} of ${slope.length} coefficients differ from 0, most clearly '${best.name}' (${most}); this does not show what moves '${value}': what is left out of the regression may.`,
      ko: `주어진 열들은 '${value}' 변동의 ${share} %를 설명합니다. 계수 ${slope.length}개 중 ${clear.length}개가 0과 다르며 가장 뚜렷한 것은 '${best.name}'입니다(${most}). '${value}' 값을 움직이는 원인을 보여 주지는 않습니다. 회귀에 넣지 않은 것이 원인일 수 있습니다.`,
    }
    // in units that can be compared: each coefficient by its standard error
    const bars = slope.map((c) => ({
      label: c.name,
      value: c.t,
      low: c.t === null ? null : c.t - t,
      high: c.t === null ? null : c.t + t,
    }))
    return { data, chart: intervals(bars, 0, 't'), sentence: (l) => said[l] + leftOutText[l](data.leftOut) }
  },
}
