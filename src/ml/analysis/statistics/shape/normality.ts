import type { Analysis, Words } from '../analysis.ts'
import { scatter } from '../charts.ts'
import { chiSquare, normalQuantile } from '../distributions/continuous.ts'
import { unfit } from '../given.ts'
import { moments, shapeOf, sorted } from '../moments.ts'
import { values } from '../rows.ts'
import { CONFIDENCE, fig, finite, leftOutText, pText, shown } from '../say.ts'
import { SHAPIRO_MOST, shapiro } from './shapiro.ts'

/** Z of the skewness: D'Agostino (1970). */
function skewZ(g: number, n: number): number {
  const y = g * Math.sqrt(((n + 1) * (n + 3)) / (6 * (n - 2)))
  const b = (3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3)) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
  const w2 = Math.sqrt(2 * (b - 1)) - 1
  return Math.asinh(y / Math.sqrt(2 / (w2 - 1))) / Math.sqrt(0.5 * Math.log(w2))
}

/** Z of the kurtosis (3 of a normal): Anscombe and Glynn (1983). */
function kurtosisZ(k: number, n: number): number {
  const e = (3 * (n - 1)) / (n + 1)
  const variance = (24 * n * (n - 2) * (n - 3)) / ((n + 1) ** 2 * (n + 3) * (n + 5))
  const x = (k - e) / Math.sqrt(variance)
  const root =
    ((6 * (n * n - 5 * n + 2)) / ((n + 7) * (n + 9))) * Math.sqrt((6 * (n + 3) * (n + 5)) / (n * (n - 2) * (n - 3)))
  const A = 6 + (8 / root) * (2 / root + Math.sqrt(1 + 4 / root ** 2))
  const below = 1 + x * Math.sqrt(2 / (A - 4))
  const term = Math.sign(below) * Math.cbrt((1 - 2 / A) / Math.abs(below))
  return (1 - 2 / (9 * A) - term) / Math.sqrt(2 / (9 * A))
}

export const normality: Analysis = {
  name: 'normality',
  about: { en: 'whether values look like those of a normal distribution', ko: '값이 정규 분포를 따르는지' },
  columns: { value: { kind: 'number', about: 'what is looked at' } },
  settings: {
    confidence: CONFIDENCE,
    method: {
      kind: 'choice',
      choices: ['shapiro', 'dagostino', 'jarque-bera'],
      default: 'shapiro',
      about: 'Shapiro–Wilk (3 to 5000 values), or by skewness and kurtosis: D’Agostino’s K², Jarque–Bera',
    },
  },
  run(given) {
    const confidence = given.number('confidence') as number
    const method = given.choice('method')
    const { x, leftOut } = values(given, method === 'shapiro' ? 3 : 8)
    const n = x.length
    const value = given.column('value')
    const m = moments(x)
    if (m.sd === 0)
      throw unfit(`'${value}' has one value`, 'a distribution needs values that vary', 'name a column that varies')
    if (method === 'shapiro' && n > SHAPIRO_MOST)
      throw unfit(
        `'${value}' has ${n.toLocaleString('en-US')} values`,
        `Royston's approximation of Shapiro–Wilk holds up to ${SHAPIRO_MOST.toLocaleString('en-US')}`,
        '--set method=dagostino takes any number; with so many rows a small deviation is found, too',
      )
    const { skewness, kurtosis } = shapeOf(x)
    const s = sorted(x)
    const jb = (n / 6) * (skewness ** 2 + (kurtosis - 3) ** 2 / 4)
    const k2 = skewZ(skewness, n) ** 2 + kurtosisZ(kurtosis, n) ** 2
    const test =
      method === 'shapiro'
        ? shapiro(s)
        : { statistic: method === 'dagostino' ? k2 : jb, p: chiSquare(method === 'dagostino' ? k2 : jb, 2).upper }
    const { statistic, p } = test
    const data = {
      test: 'normality',
      method,
      statistic: finite(statistic),
      p,
      confidence,
      n,
      mean: finite(m.mean),
      sd: finite(m.sd),
      skewness: finite(skewness),
      excessKurtosis: finite(kurtosis - 3),
      leftOut,
    }
    const figure = `${pText(p)}, ${n.toLocaleString('en-US')}`
    const shape = {
      en: `skewness ${fig(skewness)}, excess kurtosis ${fig(kurtosis - 3)}`,
      ko: `왜도 ${fig(skewness)}, 초과 첨도 ${fig(kurtosis - 3)}`,
    }
    const said: Words = shown(p, confidence)
      ? {
          en: `Values of '${value}' are not those of a normal distribution (${figure} values, ${shape.en}); this does not show that a test of means is unfit: with many rows a harmless deviation is found, too.`,
          ko: `'${value}' 값은 정규 분포를 따르지 않습니다(${figure}개 값, ${shape.ko}). 평균 검정을 쓸 수 없다는 뜻은 아닙니다. 행이 많으면 해롭지 않은 차이도 드러납니다.`,
        }
      : {
          en: `It could not be shown that '${value}' deviates from a normal distribution (${figure} values, ${shape.en}); this does not show that it is normal: few rows hide much.`,
          ko: `'${value}' 값이 정규 분포에서 벗어난다고 할 수 없습니다(${figure}개 값, ${shape.ko}). 정규 분포라는 뜻은 아니며, 행이 적으면 많은 것이 드러나지 않습니다.`,
        }
    const at = Array.from(s, (v, i) => ({ x: normalQuantile((i + 0.5) / n), y: v }))
    const ends = [at[0], at.at(-1)].map((e) => ({ x: e?.x ?? 0, y: m.mean + m.sd * (e?.x ?? 0) }))
    return { data, chart: scatter(at, ends), sentence: (l) => said[l] + leftOutText[l](leftOut) }
  },
}
