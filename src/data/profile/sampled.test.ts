import { describe, expect, test } from 'vitest'
import type { Counted } from './access.ts'
import type { Column, Row } from './columns.ts'
import { isCard, isResidentNumber, patternsOf, personalOf, shapeOf } from './personal.ts'
import { Together } from './sampled.ts'
import { DistinctSketch } from './sketch/distinct.ts'
import { FrequentValues } from './sketch/frequent.ts'
import { Grid, quantileIn } from './sketch/grid.ts'

const counted = (name: string, kind: Column['kind'], values: readonly Row[string][]): Counted => {
  const seen: Row[string][] = []
  const ids = Int32Array.from(values, (v) => (seen.includes(v) ? seen.indexOf(v) : seen.push(v) - 1))
  const rows = seen.map((v, i) => ({ v, n: ids.filter((id) => id === i).length }))
  const type = kind === 'number' ? 'float64' : kind === 'bool' ? 'bool' : 'string'
  return { column: { key: 'c0', kind, unit: null, field: { name, type, nullable: true } }, rows, ids }
}
const together = (...columns: Counted[]) => {
  const t = new Together(columns[0]?.ids.length ?? 0)
  t.add(columns)
  return t.found(true, false)
}

describe('columns together', () => {
  test('Spearman by hand: a curve that grows is 1, ties have the mean of their ranks', () => {
    const x = [1, 2, 3, 4, 5]
    const { spearman } = together(counted('x', 'number', x), counted('cube', 'number', x.map((v) => v ** 3)), counted('tied', 'number', [1, 2, 2, 3, 9]), counted('gap', 'number', [5, null, 3, 2, 1])) // biome-ignore format: one line
    expect(spearman.columns).toEqual(['x', 'cube', 'tied', 'gap'])
    expect(spearman.values[0]?.[1]).toBe(1)
    expect(spearman.values[0]?.[2]).toBe(0.974679) // scipy.stats.spearmanr
    expect(spearman.values[0]?.[3]).toBe(-1)
  })
  test('Cramér’s V: 1 where one decides the other, 0 where they are independent', () => {
    const a = Array.from({ length: 400 }, (_, i) => `a${i % 2}`)
    const { cramersV } = together(counted('a', 'text', a), counted('b', 'text', a.map((v) => `b${v}`)), counted('c', 'bool', a.map((_, i) => i % 4 < 2))) // biome-ignore format: one line
    expect(cramersV.values[0]?.[1]).toBe(1)
    expect(cramersV.values[0]?.[2]).toBe(0)
  })
  test('missing together, and rows that repeat', () => {
    const found = together(
      counted('p', 'number', [1, null, null, 1, 2]),
      counted('q', 'text', ['x', null, null, 'x', null]),
    )
    expect(found.missing).toEqual([
      { columns: ['p', 'q'], share: 0.4 },
      { columns: ['q'], share: 0.2 },
    ])
    expect(found.duplicates).toEqual({ share: 0.4, exact: true })
  })
})

describe('personal data', () => {
  test('check digits', () => {
    expect(['850101-1234566', '8501011234566', '850101-1234565', '851301-1234566'].map(isResidentNumber)).toEqual([true, true, false, false]) // biome-ignore format: one line
    expect(['4111 1111 1111 1111', '5500-0000-0000-0004', '4111111111111112', '0000000000000000', '123'].map(isCard)).toEqual([true, true, false, false, false]) // biome-ignore format: one line
  })
  const rows = (values: readonly string[]): Row[] => values.map((v) => ({ c0: v, n: 1 }))
  test.each([
    ['contact', ['010-1234-5678', '02-123-4567', '+82 10-1234-5678', '01012345678', '031 123 4567'], 'phone'],
    ['where', ['a@b.kr', 'x.y+z@mail.example.com', 'q@w.io', 'k@l.org', 'm@n.co.kr'], 'e-mail'],
    [
      'pay',
      ['4111111111111111', '5500000000000004', '340000000000009', '6011000000000004', '3088000000000009'],
      'card',
    ],
  ])('%s', (name, values, kind) =>
    expect(personalOf(name, 'text', 'string', 'c0', rows(values))).toMatchObject({ kind, share: 1 }),
  )
  test('a name alone is a hint; plain text and numbers are none', () => {
    expect(personalOf('고객명', 'text', 'string', 'c0', rows(['가', '나']))).toEqual({
      kind: 'name',
      share: 0,
      byName: true,
    })
    expect(
      personalOf('city', 'text', 'string', 'c0', rows(['Seoul', '2020-01-01', '12345', 'P00001', 'a'])),
    ).toBeUndefined()
  })
  test('shapes', () => {
    expect([shapeOf('010-1234-5678'), shapeOf('AA12 서울x')]).toEqual(['999-9999-9999', 'AA99 가가a'])
    expect(patternsOf('c0', [{ c0: 'A1', n: 3 }, { c0: 'B2', n: 1 }, { c0: null, n: 9 }])).toEqual([{ pattern: 'A9', share: 1 }]) // biome-ignore format: one line
  })
})

describe('sketches', () => {
  test('different values within five standard errors, from few to many', () => {
    for (const n of [0, 1, 10, 1000, 20_000, 500_000]) {
      const sketch = new DistinctSketch()
      for (let round = 0; round < 2; round++) for (let i = 0; i < n; i++) sketch.add(i, 0)
      expect(Math.abs(sketch.estimate() - n)).toBeLessThanOrEqual(5 * 0.0081 * n)
    }
  })
  test('a grid holds every double between the ends of its bucket', () => {
    for (const origin of [0, 1e9]) {
      for (const x of [0, -0, 1, -1, 0.1, -1e-300, 1e9, 1e9 + 3, -7e15, 1.7e308, -1.7e308]) {
        const grid = new Grid(origin, false)
        grid.add(x)
        const [bucket] = grid.buckets()
        expect([(bucket?.from ?? 1) <= x, x <= (bucket?.to ?? 0), bucket?.n]).toEqual([true, true, 1])
        expect((bucket?.to ?? 0) - (bucket?.from ?? 0)).toBeLessThanOrEqual(Math.abs(x - origin) / 1024 + 1e-300)
      }
    }
    expect(quantileIn([], 0, 0.5, 3, 3)).toEqual({ value: 3, error: 0 })
  })
  test('what is frequent is found among many; counts are short by the stated error at most', () => {
    const values = new FrequentValues()
    for (let i = 0; i < 200_000; i++) values.add(i % 10 === 0 ? 7 : i + 100)
    const [first] = values.top(10)
    expect(first?.value).toBe(7)
    expect(20_000 - (first?.count ?? 0)).toBeLessThanOrEqual(values.error)
    expect(values.top(10)).toHaveLength(1)
  })
})
