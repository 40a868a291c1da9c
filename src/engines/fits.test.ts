import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Literal } from '../plan/expr.ts'
import { quantileBins, widthBins } from '../plan/fits/bins.ts'
import { dateParts } from '../plan/fits/date-parts.ts'
import { frequency, hashing, oneHot, ordinal } from '../plan/fits/encode.ts'
import { impute } from '../plan/fits/impute.ts'
import { applied, type Fit, type FitAbout, fitQueries } from '../plan/fits/index.ts'
import { powerTransform } from '../plan/fits/power.ts'
import { minMax, robustScale, standardise } from '../plan/fits/scale.ts'
import { targetEncode } from '../plan/fits/target.ts'
import { tfIdf } from '../plan/fits/tfidf.ts'
import { winsorise } from '../plan/fits/winsorise.ts'
import { build, type Node } from '../plan/nodes.ts'
import type { Value } from './batch.ts'
import { asBag, collect } from './conformance/compare.ts'
import { fitted as fittedOn } from './conformance/fitted.ts'
import { rowsOf } from './conformance/vectors.ts'
import { createDuckdbEngine } from './duckdb/index.ts'
import type { Engine } from './engine.ts'
import { createReferenceEngine } from './reference/index.ts'
import { createRowEngine } from './row/index.ts'

const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-fits-test') })
const reference = createReferenceEngine()
const row = createRowEngine()
afterAll(() => duckdb.close())

const COLUMNS = {
  id: 'int64',
  city: 'string',
  x: 'float64',
  n: 'int64',
  text: 'string',
  at: 'local timestamp',
  y: 'bool',
} as const
const DAY = 86_400_000_000
const ROWS: Literal[][] = [
  ['1', 'Seoul', 1, '3', '김치가 맛있다', String(DAY), true],
  ['2', 'Seoul', 2, null, 'the cat and the dog', String(DAY * 2), false],
  ['3', 'Busan', null, '5', 'the cat', String(DAY * 3), true],
  ['4', null, 4, '5', null, String(DAY * 4), true],
  ['5', 'Busan', 100, '9', '김치는 맵다', String(DAY * 5), false],
  ['6', 'Jeju', 3, null, '', String(DAY * 6), true],
]
const train = rowsOf(COLUMNS, ROWS)
const later = rowsOf(COLUMNS, [
  ['7', 'Daegu', null, null, 'a cat and 김치를', String(DAY * 9), null],
  ['8', 'Seoul', -50, '4', 'unknown', String(DAY * 9 + 3_600_000_000), null],
])
const about: FitAbout = { target: 'y', moment: 'at' }

const fitted = (engine: Engine, fit: Fit, within = false) => fittedOn(engine, fit, train, about, within)

const FITS: Fit[] = [
  impute(['x', 'n'], { with: 'mean', indicator: true }),
  impute(['x'], { with: 'median', by: ['city'] }),
  impute(['city', 'n'], { with: 'mostFrequent' }),
  impute(['city'], { with: { constant: '?' } }),
  standardise(['x']),
  minMax(['x', 'n']),
  robustScale(['x']),
  quantileBins(['x'], 3),
  widthBins(['x'], 4),
  winsorise(['x'], 0.1, 0.9),
  powerTransform(['x']),
  oneHot(['city'], { max: 2 }),
  ordinal(['city']),
  ordinal(['city'], { order: ['Jeju', 'Busan', 'Seoul'] }),
  hashing(['city'], 4),
  frequency(['city']),
  targetEncode(['city'], { smoothing: 1, folds: 2 }),
  targetEncode(['city'], { smoothing: 1, training: 'past' }),
  dateParts(['at'], ['weekday', 'hour', 'year']),
  tfIdf(['text'], { max: 5 }),
  tfIdf(['text'], { max: 6, by: 'characters', ngrams: [2] }),
]
/** Twelve significant digits: what sums in another order agree in. */
const rounded = (rows: Value[][]): Value[][] =>
  rows.map((r) => r.map((v) => (typeof v === 'number' && Number.isFinite(v) ? Number(v.toPrecision(12)) : v)))
const bags = async (engine: Engine, n: Node) => asBag(rounded(await collect(engine, n)))

describe('fitted on one engine, applied on another', () => {
  for (const fit of FITS)
    test(JSON.stringify(fit), async () => {
      const bound = await fitted(duckdb, fit)
      const naive = await fitted(reference, fit)
      const serve = applied(later, bound.serving)
      const want = await bags(reference, applied(later, naive.serving))
      expect(await bags(reference, serve)).toEqual(want)
      expect(await bags(duckdb, serve)).toEqual(want)
      expect(await bags(row, serve)).toEqual(want)
      expect(await bags(duckdb, bound.training(train))).toEqual(await bags(reference, naive.training(train)))
      // a fit is constants: it is the same after a round trip through JSON
      const again = JSON.parse(JSON.stringify(bound.serving)) as typeof bound.serving
      expect(await bags(row, applied(later, again))).toEqual(want)
    })
})

test.each([
  targetEncode(['city'], { smoothing: 1, folds: 2 }),
  targetEncode(['city'], { smoothing: 0, folds: 3 }),
  targetEncode(['city', 'n'], { smoothing: 2, training: 'past' }),
])('by a plan over the training rows themselves, columns are those of the constants: %j', async (fit) => {
  for (const engine of [reference, duckdb]) {
    const constants = await fitted(engine, fit)
    const within = await fitted(engine, fit, true)
    expect(await bags(engine, within.training(train))).toEqual(await bags(engine, constants.training(train)))
    expect(within.serving).toEqual(constants.serving)
    const [[name, query] = expect.unreachable()] = fitQueries(fit, train, about, true)
    expect(name).toBe('city')
    expect(query.schema.map((f) => f.name)).toEqual(['key', 'hits', 'rows'])
  }
})

const cellsOf = async (fit: Fit, input: Node, column: string): Promise<(Value | undefined)[]> => {
  const bound = await fitted(reference, fit)
  const n = applied(input, bound.serving)
  const rows = await collect(reference, n)
  return rows.map((r) => r[n.schema.findIndex((f) => f.name === column)])
}

test('what they give', async () => {
  expect(await cellsOf(impute(['n'], { with: 'mean' }), later, 'n')).toEqual([6n, 4n])
  expect(
    await cellsOf(
      impute(['x'], { by: ['city'] }),
      rowsOf(COLUMNS, [
        ['9', 'Busan', null, null, null, null, null],
        ['10', 'Daegu', null, null, null, null, null],
      ]),
      'x',
    ),
  ).toEqual([100, 3])
  expect(await cellsOf(impute(['city'], { with: 'mostFrequent' }), train, 'city')).toEqual([
    'Seoul',
    'Seoul',
    'Busan',
    'Busan',
    'Busan',
    'Jeju',
  ])
  expect(await cellsOf(minMax(['n']), train, 'n')).toEqual([0, null, 1 / 3, 1 / 3, 1, null])
  expect(await cellsOf(robustScale(['x']), train, 'x')).toEqual([-1, -0.5, null, 0.5, 48.5, 0])
  expect(await cellsOf(quantileBins(['x'], 2), train, 'xBin')).toEqual([0n, 0n, null, 1n, 1n, 1n])
  expect(await cellsOf(widthBins(['x'], 2), train, 'xBin')).toEqual([0n, 0n, null, 0n, 1n, 0n])
  expect(await cellsOf(oneHot(['city'], { max: 1 }), train, 'city=(other)')).toEqual([1, 1, 0, 0, 0, 1])
  expect(await cellsOf(oneHot(['city'], { max: 1 }), train, 'city=Busan')).toEqual([0, 0, 1, 0, 1, 0])
  expect(await cellsOf(oneHot(['city'], { max: 1 }), train, 'city=(missing)')).toEqual([0, 0, 0, 1, 0, 0])
  expect(await cellsOf(ordinal(['city']), later, 'cityCode')).toEqual([null, 2n])
  expect(await cellsOf(frequency(['city']), later, 'cityShare')).toEqual([0, 2 / 6])
  expect(await cellsOf(dateParts(['at'], ['weekday']), train, 'atWeekday')).toEqual([5n, 6n, 7n, 1n, 2n, 3n])
  // Yeo–Johnson with an exponent of 1 changes nothing, and long tails take one below
  expect((await cellsOf(powerTransform(['x']), train, 'x')).map((v) => v === null || Number(v) < 3)).toEqual(
    Array(6).fill(true),
  )
  const weights = await cellsOf(tfIdf(['text'], { max: 40, by: 'characters' }), later, 'text~김치')
  expect(weights[0]).toBeGreaterThan(0.2)
  expect(weights[1]).toBe(0)
})

test('no training row sees its own label', async () => {
  const past = (await fitted(reference, targetEncode(['city'], { smoothing: 0, training: 'past' }))).training(train)
  const rates = (await collect(reference, past)).map((r) => [
    r[0],
    r[past.schema.findIndex((f) => f.name === 'cityRate')],
  ])
  expect(Object.fromEntries(rates.map(([id, rate]) => [String(id), rate]))).toMatchObject({ 2: 1, 5: 1 })
  const bound = await fitted(reference, targetEncode(['city'], { folds: 5 }))
  expect(bound.difference).toContain('without their own fold')
  expect((await fitted(reference, standardise(['x']))).difference).toBe('')
})

test('a column without spread gives 0', async () => {
  const flat = build({
    op: 'filter',
    input: train,
    predicate: {
      op: 'call',
      fn: 'eq',
      args: [
        { op: 'col', name: 'id' },
        { op: 'lit', value: '1', type: 'int64' },
      ],
    },
  })
  for (const fit of [standardise(['x']), minMax(['x']), robustScale(['x'])]) {
    const n = applied(flat, (await fittedOn(reference, fit, flat)).serving)
    expect((await collect(reference, n))[0]?.[n.schema.findIndex((f) => f.name === 'x')]).toBe(0)
  }
})
