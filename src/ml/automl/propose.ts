import type { Family } from './space.ts'

/** What was tried: a point of a family's cube, and how far it came. */
export interface Tried {
  readonly family: Family
  readonly point: readonly number[]
  /** Of the last rung that it reached. */
  readonly rung: number
  readonly loss: number
}

/** Points that are drawn for one that is tried. */
const DRAWN = 24
/** Share of what was tried that counts as good. */
const GOOD = 0.25

/**
 * The next point: Tree-structured Parzen estimators (Bergstra et al. 2011). The quarter of trials that came farthest and lost least are
 * good; a family is drawn by its share of them, and of points drawn near its good ones that one is tried whose density among the good is
 * largest beside that among the others.
 */
export function propose(
  tried: readonly Tried[],
  families: readonly Family[],
  random: () => number,
): { readonly family: Family; readonly point: readonly number[] } {
  const order = tried.toSorted((a, b) => b.rung - a.rung || a.loss - b.loss)
  const good = order.slice(0, Math.max(2, Math.ceil(order.length * GOOD)))
  const anywhere = random() < 0.15
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const family = anywhere || good.length === 0 ? pick(families) : pick(good).family
  const of = (some: readonly Tried[]) => some.filter((t) => t.family === family).map((t) => t.point)
  const [near, far] = [of(good), of(order.slice(good.length))]
  const uniform = () => family.dimensions.map(random)
  if (anywhere || near.length === 0) return { family, point: uniform() }
  const width = 0.25 / Math.sqrt(near.length)
  let best: { point: number[]; worth: number } | undefined
  for (let k = 0; k < DRAWN; k++) {
    const centre = pick(near)
    const point = centre.map((u) => Math.max(0, Math.min(1, u + width * bell(random))))
    const worth = Math.log(density(point, near, width)) - Math.log(density(point, far, width))
    if (!best || worth > best.worth) best = { point, worth }
  }
  return { family, point: best?.point ?? uniform() }
}

/** A density of normal bells around points, a uniform one among them. */
function density(at: readonly number[], points: readonly (readonly number[])[], width: number): number {
  let sum = 1
  for (const point of points) {
    let exponent = 0
    for (const [d, u] of at.entries()) exponent += ((u - (point[d] as number)) / width) ** 2 / 2
    sum += Math.exp(-exponent) / (width * Math.sqrt(2 * Math.PI)) ** at.length
  }
  return sum / (points.length + 1)
}

/** A standard normal number (Box and Muller 1958). */
const bell = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
