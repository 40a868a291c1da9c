/** Numbers from 0 up to 1 that a seed gives again. */
export type Random = () => number

/** Of one round: a round that failed is run again alone, by its seed and its number. */
export function randomOf(seed: number, kind: string, round: number): Random {
  let state = seed >>> 0
  for (const c of `${kind} ${round}`) state = Math.imul(state ^ (c.codePointAt(0) ?? 0), 2_654_435_761) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from `low` up to `high`, both of them among what comes. */
export const between = (random: Random, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1))
