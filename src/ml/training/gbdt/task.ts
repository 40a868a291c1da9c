import type { Goal } from '../../../runs/goal.ts'
import type { Layout } from './layout.ts'

/** The parameters that growing reads; see `params.ts` for their meaning. */
export interface GrowParams {
  readonly trees: number
  readonly leaves: number
  readonly learningRate: number
  readonly minDataInLeaf: number
  readonly minHessian: number
  readonly minGain: number
  readonly lambda: number
  readonly earlyStopping: number
}

/** Everything a thread needs beside the memory. */
export interface GrowTask {
  readonly layout: Layout
  readonly params: GrowParams
  /** Value bins of every feature, without the missing one. */
  readonly bins: readonly number[]
  /** The score before the first tree, in log odds. */
  readonly base: number
  /** Of what is not a binary target without weights. */
  readonly boost?: BoostTask
  /** The first trees, where they were grown before. */
  readonly grown?: readonly BinnedTree[]
}

/** How trees of any goal are boosted. */
export interface BoostTask {
  readonly goal: Goal
  /** The score of each output before the first tree. */
  readonly bases: readonly number[]
  readonly seed: number
  readonly weighted: boolean
  readonly l1: number
  readonly rowFraction: number
  readonly columnFraction: number
  /** 1 where the score may only rise with a feature that is used, −1 where it may only fall. */
  readonly rises: readonly number[]
  /** Which features that are used may stand together on a way down, as lists of their numbers; absent: all. */
  readonly groups?: readonly (readonly number[])[]
  readonly sets?: SetTask
  /** Groups that the rows of a ranking stand in. */
  readonly ranked?: { readonly train: number; readonly validate: number }
}

/** How features of categories are split: as LightGBM's parameters of these names. */
export interface SetTask {
  /** Which of the features that are used. */
  readonly features: readonly number[]
  readonly catSmooth: number
  readonly catL2: number
  readonly maxCatThreshold: number
  readonly minDataPerGroup: number
}

/** What a tree is grown from: gradients as they are taken, and what bounds it. */
export interface TreeStart {
  /** Gives rows [from, to) their gradients and adds them to the histograms at `scratch`. */
  begin(from: number, to: number, scratch: number): void
  /** What gradients and hessians in the histograms are units of. */
  readonly gradientUnit: number
  readonly hessianUnit: number
  /** Absent for trees of all rows and features without bounds. */
  readonly bounds?: {
    /** Whether some rows are in no histogram: a split then sends more rows left than its histogram counts. */
    readonly sampled: boolean
    readonly l1: number
    /** A feature at 0 is left out of this tree. */
    readonly uses: Uint8Array
    /** 1 where the score may only rise with a feature, −1 where it may only fall. */
    readonly rises: Int8Array
    /** The value of a leaf of rows order[start, start + rows), where it is not the Newton step. */
    value?(start: number, rows: number): number
  }
}

/** A grown tree in bins. A child below zero is leaf ~child; a tree without nodes is leaf 0 alone. */
export interface BinnedTree {
  readonly feature: number[]
  readonly bin: number[]
  readonly missingLeft: number[]
  readonly left: number[]
  readonly right: number[]
  readonly gain: number[]
  readonly values: number[]
  /** Rows of each leaf that it was learnt from. */
  readonly counts: number[]
  /** The bins that go left, in 8 words, of each node whose `bin` is −1, and none of the others. */
  readonly sets: number[][]
}
