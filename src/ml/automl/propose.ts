import type { Family } from './space.ts'

/** A point of a family's cube. */
export interface Point {
  readonly family: Family
  readonly point: readonly number[]
}

/** What was tried, and how far it came. */
export interface Tried extends Point {
  /** Of the last rung that it reached. */
  readonly rung: number
  readonly loss: number
}

/** Those that came farthest and lost least come first, those that answered with no numbers last. */
export const byPromise = (a: Tried, b: Tried): number =>
  Number(a.loss === Number.MAX_VALUE) - Number(b.loss === Number.MAX_VALUE) || b.rung - a.rung || a.loss - b.loss

/** Points that are drawn for one that is tried. */
const DRAWN = 24
/** Points of a family that are nearer to each other than this in every dimension say the same. */
const SAME = 0.02
/** Share of what was tried that counts as good. */
const GOOD = 0.25

/**
 * The next point: Tree-structured Parzen estimators (Bergstra et al. 2011). The quarter of trials that came farthest and lost least are
 * good; a family is drawn by its share of them, and of points drawn near its good ones that one is tried whose density among the good is
 * largest beside that among the others. A point next to one that was tried is not tried again.
 * What is tried `beside` it, and has told nothing yet, counts among the others (a constant liar: Ginsbourger et al. 2010).
 */
export function propose(
  trials: readonly Tried[],
  families: readonly Family[],
  random: () => number,
  beside: readonly Point[] = [],
): Point {
  const order = trials.toSorted(byPromise)
  const good = order.slice(0, Math.max(2, Math.ceil(order.length * GOOD)))
  const anywhere = random() < 0.15
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const family = anywhere || good.length === 0 ? pick(families) : pick(good).family
  const of = (some: readonly Point[]) => some.filter((t) => t.family === family).map((t) => t.point)
  const [near, far] = [of(good), of([...order.slice(good.length), ...beside])]
  const uniform = () => family.dimensions.map(random)
  if (anywhere || near.length === 0) return { family, point: uniform() }
  const width = 0.25 / Math.sqrt(near.length)
  const tried = of([...order, ...beside])
  const isNew = (point: readonly number[]) => !tried.some((other) => other.every((u, d) => Math.abs(u - (point[d] as number)) < SAME)) // biome-ignore format: one line
  let best: { point: number[]; worth: number } | undefined
  for (let k = 0; k < DRAWN; k++) {
    const centre = pick(near)
    const point = centre.map((u) => Math.max(0, Math.min(1, u + width * bell(random))))
    if (!isNew(point)) continue
    const worth = Math.log(density(point, near, width)) - Math.log(density(point, far, width))
    if (!best || worth > best.worth) best = { point, worth }
  }
  if (best) return { family, point: best.point }
  // what a family has to say near its best is said: a parameter alone is soon known
  const others = families.filter((f) => f !== family)
  const other = others.length > 0 ? pick(others) : family
  return { family: other, point: other.dimensions.map(random) }
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
