import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Literal } from '../plan/expr.ts'
import { quantileBins, widthBins } from '../plan/fits/bins.ts'
import { frequency, oneHot, ordinal } from '../plan/fits/encode.ts'
import { impute } from '../plan/fits/impute.ts'
import { applied, type Fit, type FitAbout } from '../plan/fits/index.ts'
import { powerTransform } from '../plan/fits/power.ts'
import { minMax, robustScale, standardise } from '../plan/fits/scale.ts'
import { targetEncode } from '../plan/fits/target.ts'
import { tfIdf } from '../plan/fits/tfidf.ts'
import { winsorise } from '../plan/fits/winsorise.ts'
import { type Node, plan } from '../plan/nodes.ts'
import type { TypeName } from '../plan/types.ts'
import { hashPlan } from '../plan/walk.ts'
import type { Value } from './batch.ts'
import { asBag, collect } from './conformance/compare.ts'
import { fitted } from './conformance/fitted.ts'
import { rowsOf } from './conformance/vectors.ts'
import { createDuckdbEngine } from './duckdb/index.ts'
import { createReferenceEngine } from './reference/index.ts'
import { createRowEngine } from './row/index.ts'

const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(tmpdir(), 'galley-fits-keys-test') })
const reference = createReferenceEngine()
const row = createRowEngine()
afterAll(() => duckdb.close())

const one = (type: TypeName, values: readonly Literal[]): Node =>
  rowsOf(
    { v: type },
    values.map((v) => [v]),
  )

/** Constants to 14 digits: a spread may differ in the last ones. */
const near = (serving: unknown): unknown =>
  JSON.parse(JSON.stringify(serving, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(14)) : v)))

/** What a fit on `train` gives for `input`, the same on every engine and after a round trip through JSON: its columns' names, and rows in their order. */
async function given(
  fit: Fit,
  train: Node,
  input = train,
  about: FitAbout = {},
): Promise<{ names: string[]; rows: Value[][] }> {
  const bound = await fitted(reference, fit, train, about)
  expect(near((await fitted(duckdb, fit, train, about)).serving)).toEqual(near(bound.serving))
  const again = JSON.parse(JSON.stringify(bound.serving)) as typeof bound.serving
  expect(again).toEqual(bound.serving)
  const n = applied(input, again)
  const rows = await collect(reference, n)
  const plain = (v: Value) => (v instanceof Uint8Array ? new Uint8Array(v) : v)
  for (const engine of [duckdb, row])
    expect(asBag((await collect(engine, n)).map((r) => r.map(plain)))).toEqual(asBag(rows))
  return { names: n.schema.map((f) => f.name), rows }
}
const lastOf = async (...args: Parameters<typeof given>): Promise<Value[]> =>
  (await given(...args)).rows.map((r) => r.at(-1) as Value)

test('columns of values have names apart: in case, from those for other values and none, from those that are there', async () => {
  const cities = await given(oneHot(['v']), one('string', ['Seoul', 'Seoul', 'seoul', 'SEOUL', 'seoul (2)']))
  expect(cities.names).toEqual(['v', 'v=Seoul', 'v=SEOUL (2)', 'v=seoul (3)', 'v=seoul (2) (2)'])
  expect(cities.rows[2]).toEqual(['seoul', 0, 0, 1, 0])
  const missing = await given(oneHot(['v']), one('string', ['(missing)', null]))
  expect(missing.names).toEqual(['v', 'v=(missing) (2)', 'v=(missing)'])
  expect(missing.rows).toEqual([['(missing)', 1, 0], [null, 0, 1]]) // biome-ignore format: rows
  const other = await given(oneHot(['v'], { max: 1 }), one('string', ['(other)', '(other)', 'x', 'a\0b']))
  expect(other.names).toEqual(['v', 'v=(other) (2)', 'v=(other)'])
  expect((await given(oneHot(['v']), one('string', ['a\0b']))).names).toEqual(['v', 'v=a␀b'])
  const beside = rowsOf({ a: 'string', 'a=b': 'string' }, [['b', 'c'], ['b=c', 'c']]) // biome-ignore format: rows
  expect((await given(oneHot(['a', 'a=b']), beside)).names).toEqual(['a', 'a=b', 'a=b (2)', 'a=b=c', 'a=b=c (2)'])
})

test.each<[TypeName, readonly Literal[]]>([
  ['string', ['', '10', '1a', '9', '�', '😀', null]],
  ['decimal(9, 2)', ['-10.00', '-9.50', '0.00', '1.10', '9.00', '10.00', null]],
  ['int64', ['-9007199254740993', '-9007199254740992', '9', '10', '9007199254740992', '9007199254740993', null]],
  ['float64', [-1e300, -0.5, 0.1, 9, 10, 1e300, null]],
  ['timestamp', ['-9007199254740993', '-5', '0', '9007199254740993', null]],
  ['bool', [false, true, null]],
  ['bytes', ['', 'AA==', 'AAA=', 'gA==', '/w==', null]],
])('the order of values is that of their type: %s %j', async (type, values) => {
  for (const shuffled of [values, [...values].reverse(), [...values].sort()]) {
    const codes = await lastOf(ordinal(['v']), one(type, shuffled), one(type, values))
    expect(codes).toEqual(values.map((v, i) => (v === null ? null : BigInt(i))))
  }
  const [least] = values
  const { names } = await given(oneHot(['v'], { max: 1 }), one(type, [...values].reverse()))
  expect(names[1]).toBe(`v=${String(least)}`)
})

test('shares are of all rows, whatever their type', async () => {
  expect(await lastOf(frequency(['v']), one('decimal(4, 1)', ['1.5', '1.5', null, '2.0']))).toEqual([
    0.5, 0.5, 0.25, 0.25,
  ])
})

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
test('NaN and infinities have no part in what is learnt; encoders, bins and imputation take them as missing', async () => {
  const v = one('float64', [1, nan, 3, inf, -inf, null, 3])
  for (const fit of [
    ...[standardise(['v']), minMax(['v']), robustScale(['v']), winsorise(['v'], 0, 1), powerTransform(['v'])],
    ...[impute(['v'], { with: 'mean', indicator: true }), impute(['v'], { with: 'mostFrequent' })],
    ...[quantileBins(['v'], 2), widthBins(['v'], 2), frequency(['v']), ordinal(['v']), oneHot(['v'], { max: 1 })],
  ]) {
    const all = await given(fit, v)
    // the same is learnt of the others alone, and the hash that a deployment has can be taken of it
    const bound = await fitted(reference, fit, v)
    if (fit.kind !== 'frequency')
      expect(bound.serving).toEqual((await fitted(reference, fit, one('float64', [1, 3, null, 3]))).serving)
    expect(hashPlan(plan(bound.training(one('float64', [1]))))).toMatch(/^[0-9a-f]{64}$/)
    expect(all.rows[0]).not.toContain(null)
  }
  expect(await lastOf(minMax(['v']), v)).toEqual([0, nan, 1, inf, -inf, null, 1])
  expect(await lastOf(winsorise(['v'], 0, 1), v)).toEqual([1, nan, 3, 3, 1, null, 3])
  expect(await lastOf(impute(['v'], { with: 'mostFrequent' }), v)).toEqual([1, 3, 3, 3, 3, 3, 3])
  expect(await lastOf(widthBins(['v'], 2), v)).toEqual([0n, null, 1n, null, null, null, 1n])
  expect(await lastOf(ordinal(['v']), v)).toEqual([0n, null, 1n, null, null, null, 1n])
  expect(await lastOf(frequency(['v']), v)).toEqual([1 / 7, 4 / 7, 2 / 7, 4 / 7, 4 / 7, 4 / 7, 2 / 7])
  expect((await given(oneHot(['v'], { max: 1 }), v)).rows.map((r) => r.slice(1).join(''))).toEqual(['010', '001', '100', '001', '001', '001', '100']) // biome-ignore format: one line
  // sums beyond a float64 leave no infinity among the constants
  for (const fit of [standardise(['v']), minMax(['v']), impute(['v'], { with: 'mean' }), widthBins(['v'])]) {
    const { serving } = await fitted(reference, fit, one('float64', [1.7e308, 1.7e308, -1.7e308]))
    expect(hashPlan(plan(applied(one('float64', [1]), serving)))).toHaveLength(64)
  }
})

const LABELLED = { id: 'int64', k: 'string', x: 'float64', at: 'timestamp', y: 'bool' } as const
const about: FitAbout = { target: 'y', moment: 'at' }
/** The rates of training rows, by id, the same on both engines and by a plan over the rows themselves. */
async function ratesOf(fit: Fit, rows: readonly (readonly Literal[])[], column: string) {
  const train = rowsOf(LABELLED, rows)
  const all: Value[][][] = []
  for (const engine of [reference, duckdb])
    for (const within of [false, true]) {
      const n = (await fitted(engine, fit, train, about, within)).training(train)
      expect(n.schema.map((f) => f.name)).toEqual([...Object.keys(LABELLED), `${column}Rate`])
      all.push((await collect(engine, n)).map((r) => [r[0] as Value, r.at(-1) as Value]))
    }
  for (const other of all) expect(asBag(other)).toEqual(asBag(all[0] as Value[][]))
  return Object.fromEntries((all[0] as Value[][]).map(([id, rate]) => [String(id), rate]))
}

test('what is made of the past only has a prior of the past only, and a row without a moment sees no row', async () => {
  const past = targetEncode(['k'], { smoothing: 0, training: 'past' })
  const timeless: Literal[][] = [['1', 'a', 0, null, true], ...['2', '3', '4'].map((id): Literal[] => [id, 'c', 0, `${id}000000`, false])] // biome-ignore format: one line
  expect(await ratesOf(past, timeless, 'k')).toEqual({ 1: 0, 2: 0, 3: 0, 4: 0 })
  const rows: Literal[][] = [
    ['1', 'a', 0, '1000000', true],
    ['2', 'b', 0, '2000000', false],
    ['3', 'c', 0, '3000000', true],
    ['4', 'a', 0, '3000000', false],
    ['5', 'c', 0, '4000000', null],
  ]
  expect(await ratesOf(past, rows, 'k')).toEqual({ 1: 0, 2: 1, 3: 0.5, 4: 1, 5: 1 })
  // of labels that come later nothing is seen: rows before them keep their rates
  const leaning = targetEncode(['k'], { smoothing: 2, training: 'past' })
  const turned = rows.map((r, i) => (i < 3 ? r : [...r.slice(0, 4), true]))
  const [before, after] = [await ratesOf(leaning, rows, 'k'), await ratesOf(leaning, turned, 'k')]
  expect(before).toMatchObject({ 1: 0, 2: 2 / 2, 3: (2 * 0.5) / 2, 4: (1 + 2 * 0.5) / 3 })
  for (const id of [1, 2, 3]) expect(after[id]).toBe(before[id])
})

test.each(['past', 'outOfFold'] as const)(
  'a label that is turned changes the rate of no row that may not see it: %s',
  async (training) => {
    const rows = Array.from({ length: 12 }, (_, i): Literal[] => [String(i), 'abc'[i % 3] as string, 0, i === 7 ? null : `${i}000000`, i % 4 === 0]) // biome-ignore format: one line
    const fit = targetEncode(['k'], { smoothing: 2, folds: 3, training })
    const before = await ratesOf(fit, rows, 'k')
    let changed = 0
    for (const i of rows.keys()) {
      const after = await ratesOf(fit, rows.map((r, j) => (j === i ? [...r.slice(0, 4), !r[4]] : r)), 'k') // biome-ignore format: one line
      expect(after[i]).toBe(before[i])
      changed += Object.keys(after).filter((id) => after[id] !== before[id]).length
    }
    expect(changed).toBeGreaterThan(20)
  },
)

test.each(['past', 'outOfFold'] as const)('NaN among the keys of a float is a missing key: %s', async (training) => {
  const rows = [nan, null, inf, 1, nan, 1].map((x, i): Literal[] => [String(i), 'a', x, `${i}000000`, i % 2 === 0])
  const fit = targetEncode(['x'], { smoothing: 1, folds: 2, training })
  const rates = await ratesOf(fit, rows, 'x')
  const missing = await ratesOf(fit, rows.map((r) => (r[2] === 1 ? r : [...r.slice(0, 2), null, ...r.slice(3)])), 'x') // biome-ignore format: one line
  expect(rates).toEqual(missing)
})

test('imputation by group gives each its own value, also of decimals; means of integers are rounded half away from zero', async () => {
  const rows = (type: TypeName, ...values: Literal[][]) => rowsOf({ s: 'string', v: type }, values)
  const prices = rows('decimal(9, 2)', ['a', '1.00'], ['a', null], ['b', '100.00'], ['b', null], ['c', null])
  for (const how of ['mean', 'median', 'mostFrequent'] as const)
    expect((await lastOf(impute(['v'], { by: ['s'], with: how }), prices)).slice(0, 4)).toEqual([
      100n,
      100n,
      10000n,
      10000n,
    ])
  expect((await lastOf(impute(['v'], { by: ['s'], with: 'mean' }), prices))[4]).toBe(5050n)
  for (const [values, mean] of [[[-2, -3], -3], [[2, 3], 3], [[-2, -2, -3], -2]] as const) // biome-ignore format: one line
    expect((await lastOf(impute(['v'], { with: 'mean' }), one('int64', [...values.map(String), null]))).at(-1)).toBe(
      BigInt(mean),
    )
})

test('hundreds of terms are summed in a tree, which every engine reads', async () => {
  const words = Array.from({ length: 500 }, (_, i) => `w${i}`)
  const train = one('string', [words.join(' '), 'w1 w2'])
  const { serving } = await fitted(reference, tfIdf(['v'], { max: 500 }), train)
  const n = applied(train, serving)
  const [naive, fast, live] = [await collect(reference, n), await collect(duckdb, n), await collect(row, n)]
  for (const rows of [naive, fast, live])
    for (const r of rows) expect(r.filter((_, i) => n.schema[i]?.name.startsWith('v~w')).reduce((sum: number, v) => sum + Number(v) ** 2, 0)).toBeCloseTo(1, 12) // biome-ignore format: one line
  const fixed = (rows: Value[][]) => rows.map((r) => r.map((v) => (typeof v === 'number' ? v.toFixed(12) : v)))
  expect(asBag(fixed(fast))).toEqual(asBag(fixed(naive)))
  expect(asBag(fixed(live))).toEqual(asBag(fixed(naive)))
})
