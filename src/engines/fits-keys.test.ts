import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Literal } from '../plan/expr.ts'
import { frequency, oneHot, ordinal } from '../plan/fits/encode.ts'
import { applied, type Fit, type FitAbout } from '../plan/fits/index.ts'
import type { Node } from '../plan/nodes.ts'
import type { TypeName } from '../plan/types.ts'
import type { Value } from './batch.ts'
import { collect } from './conformance/compare.ts'
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

/** What a fit on `train` gives for `input`, the same on every engine and after a round trip through JSON: its columns' names, and rows in their order. */
async function given(
  fit: Fit,
  train: Node,
  input = train,
  about: FitAbout = {},
): Promise<{ names: string[]; rows: Value[][] }> {
  const bound = await fitted(reference, fit, train, about)
  expect((await fitted(duckdb, fit, train, about)).serving).toEqual(bound.serving)
  const again = JSON.parse(JSON.stringify(bound.serving)) as typeof bound.serving
  expect(again).toEqual(bound.serving)
  const n = applied(input, again)
  const rows = await collect(reference, n)
  const plain = (v: Value) => (v instanceof Uint8Array ? new Uint8Array(v) : v)
  for (const engine of [duckdb, row]) expect((await collect(engine, n)).map((r) => r.map(plain))).toEqual(rows)
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
