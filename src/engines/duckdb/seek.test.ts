import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seek } from './rolling-probe.ts'

test('the first position whose time is not before t, wherever the search starts', () => {
  const cases = fc.record({
    times: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 80 }),
    t: fc.integer({ min: -1, max: 61 }),
    ends: fc.tuple(fc.nat(80), fc.nat(80)),
    hint: fc.integer({ min: -5, max: 85 }),
  })
  fc.assert(
    fc.property(cases, ({ times, t, ends, hint }) => {
      const sorted = Float64Array.from(times).sort()
      const [from, to] = ends.map((e) => Math.min(e, sorted.length)).sort((a, b) => a - b) as [number, number]
      const found = sorted.subarray(from, to).findIndex((x) => x >= t)
      expect(seek(sorted, t, from, to, hint)).toBe(found < 0 ? to : from + found)
    }),
    { numRuns: 5000 },
  )
})
