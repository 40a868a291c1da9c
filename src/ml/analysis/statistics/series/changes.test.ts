import { expect, test } from 'vitest'
import { analyse } from '../index.ts'
import { noise } from '../testing.ts'
import { segmentsOf } from './changes.ts'

test('a series that changes late is cut there, and one longer than two seconds of work is refused, as by stationarity', async () => {
  const x = noise(3, 4000).map((v, i) => v + (i < 3000 ? 0 : 3))
  expect(segmentsOf(Float64Array.from(x), 3 * Math.log(4000), 5)).toEqual([3000, 4000])
  const long = new Float64Array(20_001).map((_, i) => i % 7)
  for (const name of ['changes', 'stationarity'] as const)
    await expect(analyse(name, { x: long }, { value: 'x' })).rejects.toMatchObject({ code: 'ANALYSIS_DATA' })
})

test('moments are told as people read them', async () => {
  const x = noise(3, 60).map((v, i) => v + (i < 30 ? 0 : 9))
  const day = x.map((_, i) => (Date.parse('2026-01-01') + i * 86_400_000) * 1000)
  const { data } = await analyse('changes', { x, day }, { value: 'x', time: 'day' })
  expect(data['changes']).toMatchObject([{ at: '2026-01-31 00:00' }])
  expect(data['segments']).toMatchObject([{ from: '2026-01-01 00:00' }, { to: '2026-03-01 00:00' }])
})
