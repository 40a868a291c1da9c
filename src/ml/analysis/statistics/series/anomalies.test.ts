import { expect, test } from 'vitest'
import { analyse } from '../index.ts'
import { noise } from '../testing.ts'
import { runningMedian } from './anomalies.ts'

const days = (n: number, of: (t: number) => number) => Array.from({ length: n }, (_, t) => of(t))
const found = async (x: readonly number[], more: Record<string, number> = {}) => {
  const { data } = await analyse('anomalies', { x, at: x.map((_, t) => Date.UTC(2026, 0, 1 + t) * 1000) }, { value: 'x', time: 'at', ...more }) // biome-ignore format: one line
  return data as { count: number; anomalies: { at: string; value: number; usual: number; score: number }[] }
}

test('a value that is usual on another day of the week is found by the week alone', async () => {
  const e = noise(3, 140)
  const x = days(140, (t) => 100 + t / 2 + (t % 7 === 5 ? 60 : 0) + 3 * (e[t] as number))
  // a Wednesday as high as a Saturday
  x[72] = (x[72] as number) + 60
  const weekly = await found(x, { period: 7 })
  expect(weekly.anomalies.map((a) => a.at)).toEqual(['2026-03-14 00:00'])
  expect(weekly.anomalies[0]?.usual).toBeCloseTo(136, -1)
  expect(weekly.anomalies[0]?.score).toBeGreaterThan(10)
  const plain = await found(x)
  expect(plain.anomalies.map((a) => a.at)).not.toEqual(weekly.anomalies.map((a) => a.at))
})

test.each([
  ['a steep line', (t: number) => 3 * t, 0.1],
  ['a slow wave', (t: number) => 20 * Math.sin(t / 60), 0.15],
  // next to a jump the level is not told well
  ['a level that jumps', (t: number) => (t > 90 ? 5 : 0) + t / 20, 0.2],
] as const)('of noise about %s little is found', async (_, level, most) => {
  let any = 0
  for (let seed = 1; seed <= 200; seed++) {
    const e = noise(seed, 200)
    const { count } = await found(days(200, (t) => level(t) + (e[t] as number)))
    if (count > 0) any++
  }
  expect(any / 200).toBeLessThan(most)
})

test('one spike is found at either end, and few values say what they lack', async () => {
  const e = noise(9, 60)
  for (const at of [0, 1, 30, 59]) {
    const { anomalies } = await found(days(60, (t) => (e[t] as number) + (t === at ? -25 : 0)))
    expect(anomalies[0]?.value).toBeLessThan(-20)
    expect(anomalies).toHaveLength(1)
  }
  await expect(found([1, 2, 3])).rejects.toMatchObject({ code: 'ANALYSIS_DATA' })
  await expect(found(days(60, (t) => t))).rejects.toMatchObject({ code: 'ANALYSIS_DATA' })
})

test('a running median is that of its window', () => {
  const e = Float64Array.from(noise(4, 50), (v) => Math.round(v * 3))
  for (const side of [1, 3, 10, 60]) {
    const own = Array.from(e, (_, i) => {
      const window = [...e.subarray(Math.max(0, i - side), i + side + 1)].sort((a, b) => a - b)
      const middle = window.length >> 1
      return window.length % 2 === 1
        ? window[middle]
        : ((window[middle] as number) + (window[middle - 1] as number)) / 2
    })
    expect(Array.from(runningMedian(e, side), (v) => v + 0)).toEqual(own.map((v) => (v as number) + 0))
  }
})
