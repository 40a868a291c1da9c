import { expect, test } from 'vitest'
import { compileExpr } from '../engines/closures.ts'
import { rowOf } from '../plan/columns/column.ts'
import { call, col, type Expr, lit } from '../plan/expr.ts'
import type { Schema } from '../plan/types.ts'
import { drawnBy, partsBy } from '../plan/verbs/sample.ts'
import { byGroup } from './split.ts'

const schema: Schema = [
  { name: 'query', type: 'string', nullable: true },
  { name: 'shop', type: 'int64', nullable: true },
  { name: 'price', type: 'float64', nullable: true },
]
type S = { query: 'string'; shop: 'int64'; price: 'float64' }
const partsOf = (column: keyof S, shares: Record<string, number>, seed?: number): Record<string, Expr> => {
  const split = byGroup<S>(column, shares, seed === undefined ? {} : { seed })
  const made = split(rowOf<never>(schema, 'split') as never)
  return Object.fromEntries(Object.entries(made).map(([name, c]) => [name, c.expr]))
}
/** The part of a value. */
const partOf = (parts: Record<string, Expr>) => {
  const compiled = Object.entries(parts).map(([name, expr]) => [name, compileExpr(expr, schema)] as const)
  return (query: string | null, shop: bigint | null = null): string[] =>
    compiled.flatMap(([name, holds]) => (holds([query, shop, 1]) === true ? [name] : []))
}
const queries = Array.from({ length: 5000 }, (_, i) => `질의 ${i}`)

test('each value is in one part, of which each has its share; the same value is in the same part tomorrow', () => {
  const part = partOf(partsOf('query', { train: 0.7, validate: 0.1, test: 0.2 }))
  const counts: Record<string, number> = { train: 0, validate: 0, test: 0 }
  for (const query of queries) {
    const own = part(query)
    expect(own).toHaveLength(1)
    counts[String(own[0])] = (counts[String(own[0])] ?? 0) + 1
  }
  expect(Math.abs((counts['train'] ?? 0) / 5000 - 0.7)).toBeLessThan(0.03)
  expect(Math.abs((counts['validate'] ?? 0) / 5000 - 0.1)).toBeLessThan(0.02)
  // written down: what was in a part stays in it in all versions to come
  expect(['신발', '가방', 'shoes', 'bags', 'hats', '', '42'].map((q) => part(q)[0])).toMatchInlineSnapshot(`
    [
      "train",
      "test",
      "train",
      "train",
      "train",
      "test",
      "train",
    ]
  `)
  expect(part(null)).toHaveLength(1)
})

test('a seed deals anew, a whole number is hashed as one, and a part of no share is empty', () => {
  const [one, other] = [partOf(partsOf('query', { a: 0.5, b: 0.5 })), partOf(partsOf('query', { a: 0.5, b: 0.5 }, 7))]
  const moved = queries.filter((q) => one(q)[0] !== other(q)[0]).length
  expect(Math.abs(moved / 5000 - 0.5)).toBeLessThan(0.04)
  const part = partOf(partsOf('shop', { a: 0.5, none: 0, b: 0.5 }))
  const found = Array.from({ length: 2000 }, (_, i) => part(null, BigInt(i)).join())
  expect(new Set(found)).toEqual(new Set(['a', 'b']))
  expect(partOf(partsOf('shop', { all: 1 }))(null, 3n)).toEqual(['all'])
})

test.each<[string, keyof S, Record<string, number>, string]>([
  ['shares of less than all', 'query', { train: 0.5, test: 0.2 }, 'add up to 1'],
  ['a share below 0', 'query', { train: 1.2, test: -0.2 }, 'add up to 1'],
  ['no parts', 'query', {}, 'add up to 1'],
  ['a float', 'price', { train: 1 }, "'price' is a float64"],
])('refuses %s', (_, column, shares, words) => {
  expect(() => partsOf(column, shares)).toThrow(words)
})

test('what a split says is read from its conditions again, and from no others', () => {
  const shares = { train: 0.6, validate: 0.15, test: 0.25 }
  const parts = partsOf('query', shares, 7)
  const by = ['query']
  expect(drawnBy(parts['train'] as Expr)).toEqual({ by, from: 0, to: expect.closeTo(0.6, 9) })
  expect(drawnBy(parts['validate'] as Expr)).toEqual({ by, from: expect.closeTo(0.6, 9), to: expect.closeTo(0.75, 9) })
  expect(drawnBy(parts['test'] as Expr)).toEqual({ by, from: expect.closeTo(0.75, 9), to: 1 })
  const several = partsBy(schema, { train: 0.5, test: 0.5 }, ['query', 'shop'], 3)
  expect(drawnBy(several['test'] as Expr)).toEqual({ by: ['query', 'shop'], from: 0.5, to: 1 })

  expect(drawnBy(call('lt', col('price'), lit(3, 'float64')))).toBeUndefined()
  expect(drawnBy(call('and', parts['test'] as Expr, call('lt', col('price'), lit(3, 'float64'))))).toBeUndefined()
  expect(drawnBy(call('and', call('lt', col('shop'), lit('3', 'int64')), parts['train'] as Expr))).toBeUndefined()
  expect(drawnBy(call('and', parts['train'] as Expr, call('lt', col('shop'), lit('3', 'int64'))))).toBeUndefined()
  expect(drawnBy(call('not', parts['train'] as Expr))).toEqual(expect.objectContaining({ by, to: 1 }))
})
