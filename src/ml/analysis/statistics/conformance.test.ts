import { expect, test } from 'vitest'
import { conformance, type Example } from './conformance.ts'
import { ANALYSES, type AnalysisName, analysisOf } from './index.ts'
import { noise } from './testing.ts'

const N = 60
const rows = Array.from({ length: N }, (_, i) => i)
const e = noise(1, N)
const f = noise(2, N)
const plan = rows.map((i) => (i % 2 === 0 ? 'free' : 'pro'))
const price = rows.map((i) => 10 + 3 * (e[i] as number) + (i % 2) * 2)
const later = rows.map((i) => (price[i] as number) + (f[i] as number) + 0.4)

const size = rows.map((i) => (e[i] as number) + 2 * (f[i] as number))
const city = rows.map((i) => ['Seoul', 'Busan', 'Jeju'][Math.abs(Math.round((e[i] as number) * 3)) % 3] as string)
const bought = rows.map((i) => (e[i] as number) > (i % 2 === 0 ? 0.5 : -0.3))
const again = rows.map((i) => (e[i] as number) + (f[i] as number) > -0.4)

const holes = price.map((p, i) => (i % 7 === 3 ? null : p))

const groups = { columns: { price, plan }, asked: { value: 'price', by: 'plan' } }
const two = { columns: { price, later }, asked: { value: 'price', pair: 'later' } }

const EXAMPLES: Readonly<Record<AnalysisName, Example>> = {
  t: groups,
  welch: groups,
  paired: two,
  'mann-whitney': groups,
  wilcoxon: two,
  'chi-square': { columns: { city, plan }, asked: { value: 'city', by: 'plan' } },
  fisher: { columns: { bought, plan }, asked: { value: 'bought', by: 'plan' } },
  mcnemar: { columns: { bought, again }, asked: { value: 'bought', pair: 'again' } },
  anova: { columns: { price, city }, asked: { value: 'price', by: 'city' } },
  kruskal: { columns: { price, city }, asked: { value: 'price', by: 'city' } },
  ks: groups,
  normality: { columns: { price }, asked: { value: 'price' } },
  stationarity: { columns: { price, day: rows }, asked: { value: 'price', time: 'day' } },
  ols: { columns: { price, size, city }, asked: { value: 'price', x: ['size', 'city'] } },
  logistic: { columns: { bought, size, city }, asked: { value: 'bought', x: ['size', 'city'] } },
  ab: groups,
  cuped: { columns: { later, price, plan }, asked: { value: 'later', before: 'price', by: 'plan' } },
  sequential: { columns: { price, plan, day: rows }, asked: { value: 'price', by: 'plan', time: 'day', start: 10 } },
  power: { columns: {}, asked: { effect: 0.3 } },
  outliers: { columns: { price }, asked: { value: 'price' } },
  missingness: { columns: { holes, later, city }, asked: { value: 'holes', x: ['later', 'city'] } },
  seasonality: { columns: { price, day: rows }, asked: { value: 'price', time: 'day' } },
  changes: { columns: { price, day: rows }, asked: { value: 'price', time: 'day' } },
  anomalies: { columns: { price, day: rows }, asked: { value: 'price', time: 'day', period: 7 } },
  segments: { columns: { price, city, size }, asked: { value: 'price', x: ['city', 'size'] } },
  explain: { columns: { price, plan, city, size }, asked: { value: 'price', by: 'plan', x: ['city', 'size'] } },
  correlation: { columns: { price, later, size }, asked: { value: ['price', 'later', 'size'] } },
}

test('every analysis has an example', () => expect(Object.keys(EXAMPLES).sort()).toEqual([...ANALYSES].sort()))
for (const name of ANALYSES) conformance(await analysisOf(name), EXAMPLES[name])
