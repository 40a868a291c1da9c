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
