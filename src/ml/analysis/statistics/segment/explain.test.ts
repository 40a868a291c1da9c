import { expect, test } from 'vitest'
import { analyse } from '../index.ts'
import { noise } from '../testing.ts'

const e = noise(5, 300)
const region = e.map((v, i) => (i % 3 === 0 ? 'north' : v > 0.4 ? 'south' : 'east'))
const size = noise(6, 300)
const value = e.map((v, i) => v + (i >= 150 ? 0.5 : 0) + (i % 3 === 0 ? 2 : 0))

test('parts of a column are the whole difference', async () => {
  const period = e.map((_, i) => (i < 150 ? 'before' : 'then'))
  const { data } = await analyse(
    'explain',
    { value, period, region, size },
    { value: 'value', by: 'period', x: ['region', 'size'] },
  )
  const parts = data['parts'] as unknown as { column: string; value: number }[]
  for (const column of ['region', 'size']) {
    const sum = parts.filter((p) => p.column === column).reduce((s, p) => s + p.value, 0)
    expect(sum).toBeCloseTo(data['difference'] as number, 12)
  }
})

test('where only the mix of rows changes, the mix is all of it', async () => {
  // the same mean in each kind, before and after; more of the larger kind after
  const kind = Array.from({ length: 100 }, (_, i) => (i < 50 ? i < 10 : i < 80) ? 'large' : 'small') // biome-ignore format: one line
  const period = kind.map((_, i) => (i < 50 ? '1' : '2'))
  const amount = kind.map((k) => (k === 'large' ? 10 : 1))
  const { data } = await analyse('explain', { amount, period, kind }, { value: 'amount', by: 'period', x: ['kind'] })
  const [column] = data['columns'] as unknown as { mix: number; within: number }[]
  expect(column?.within).toBe(0)
  expect(column?.mix).toBeCloseTo(data['difference'] as number, 12)
})
