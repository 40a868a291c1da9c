import type { GrowParams, TreeStart } from './task.ts'

/** Sums of a leaf's gradients and hessians in fixed-point units, and what bounds its value. */
export interface Sums {
  readonly g: number
  readonly h: number
  readonly low: number
  readonly high: number
  /** A penalty beside lambda, of what a set of categories split off. */
  readonly l2: number
}

/** What leaves of a tree are worth. */
export interface Gains {
  /** The value of a leaf without the rate. */
  valueOf(leaf: Sums): number
  /** What a leaf adds to a score. */
  stepOf(leaf: Sums): number
  /** What a leaf that is not split gains. */
  aloneOf(leaf: Sums): number
}

export function gainsOf(params: GrowParams, { gradientUnit, hessianUnit, bounds }: TreeStart): Gains {
  const leafValue = ({ g, h, low, high, l2 }: Sums): number => {
    const denominator = h * hessianUnit + params.lambda + l2
    if (!(denominator > 0)) return 0
    const step = -drawn(g * gradientUnit, bounds?.l1 ?? 0) / denominator
    return bounds ? Math.max(low, Math.min(high, step)) : step
  }
  return {
    valueOf: leafValue,
    stepOf(leaf) {
      if (bounds) return leafValue(leaf) * params.learningRate
      const denominator = leaf.h * hessianUnit + params.lambda
      // in this order: models of before are the same to the bit
      return denominator > 0 ? (-leaf.g * gradientUnit * params.learningRate) / denominator : 0
    },
    aloneOf(leaf) {
      const { g, h } = leaf
      if (!bounds) return (g * gradientUnit) ** 2 / (h * hessianUnit + params.lambda)
      return worthOf(g * gradientUnit, h * hessianUnit + params.lambda, bounds.l1, leaf)
    },
  }
}

/** What a side gains, −2·T·v − h·v² with its value v kept within bounds; `h` has the penalty of squares. */
export function worthOf(g: number, h: number, l1: number, { low, high }: Pick<Sums, 'low' | 'high'>): number {
  if (!(h > 0)) return 0
  const t = drawn(g, l1)
  const value = Math.max(low, Math.min(high, -t / h))
  return -(2 * t * value + h * value ** 2)
}

/** A gradient drawn towards 0 by an l1 penalty. */
const drawn = (g: number, l1: number): number => (l1 === 0 ? g : Math.sign(g) * Math.max(0, Math.abs(g) - l1))
