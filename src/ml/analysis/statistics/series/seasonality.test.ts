import { expect, test } from 'vitest'
import { analyse } from '../index.ts'
import { noise } from '../testing.ts'

test('where a series has a gap it is said where', async () => {
  const x = noise(5, 60)
  const day = x.map((_, i) => (Date.parse('2026-01-01') + (i < 20 ? i : i + 3) * 86_400_000) * 1000)
  await expect(analyse('seasonality', { x, day }, { value: 'x', time: 'day' })).rejects.toMatchObject({
    code: 'ANALYSIS_DATA',
    why: expect.stringContaining('2026-01-20 00:00 is followed by 2026-01-24 00:00'),
  })
})
