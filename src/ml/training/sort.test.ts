import { expect, test } from 'vitest'
import { randomOf } from './conformance.ts'
import { sorter } from './sort.ts'

test.each([0, 1, 5, 2047, 2048, 10_000, 70_001])('sorts %i numbers as comparing does, NaN last', (n) => {
  const random = randomOf(n)
  const odd = [0, -0, Number.NaN, 1 / 0, -1 / 0, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE, 1e-300, -1e300]
  const kinds = [() => random() - 0.5, () => Math.floor(random() * 9) - 4, () => odd[Math.floor(random() * odd.length)] ?? 0, () => 7, () => 2 ** (random() * 2000 - 1000) * (random() < 0.5 ? -1 : 1)] // biome-ignore format: one line
  const sort = sorter()
  for (const kind of kinds) {
    // the others around a window of a longer array stay
    const whole = Float64Array.from({ length: n + 20 }, kind)
    const [head, tail] = [whole.slice(0, 10), whole.slice(n + 10)]
    const own = whole.subarray(10, n + 10)
    // a NaN of another sign, too
    if (n > 2) new Uint32Array(own.buffer, own.byteOffset, 2 * n).set([0, 0xfff80000], 2)
    const expected = own.slice().sort()
    expect(sort(own)).toBe(expected.filter((x) => !Number.isNaN(x)).length)
    expect(Buffer.from(Float64Array.from(own, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer)).toEqual(Buffer.from(Float64Array.from(expected, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer)) // biome-ignore format: one line
    expect([whole.slice(0, 10), whole.slice(n + 10)]).toEqual([head, tail])
  }
})
