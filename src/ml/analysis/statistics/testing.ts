import { normalQuantile } from './distributions/continuous.ts'

/** `n` numbers that look like a standard normal's, the same each time: a Weyl sequence through a mixing of bits. */
export function noise(seed: number, n: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
    return normalQuantile((((h ^ (h >>> 16)) >>> 0) + 0.5) / 2 ** 32)
  })
}

/** Whether two numbers are the same to a relative tolerance, or an absolute one. */
export const close = (found: unknown, want: number, relative: number, absolute = 1e-300): boolean =>
  typeof found === 'number' &&
  Math.abs(found - want) <= Math.max(relative * Math.abs(want), absolute, want === 0 ? 1e-12 : 0)

/** What stands at `a.0.b`. */
export const valueAt = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], data)
