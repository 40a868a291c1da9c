import type { Candidate } from '../../runs/specs.ts'

/** The rate of the target in cells of a few features; everything else has to beat it. */
export const baseline = (options: { by?: readonly string[] } = {}): Candidate => ({
  trainer: 'baseline',
  params: options.by ? { by: options.by } : {},
})

/** L2-regularised logistic regression on standardised features. */
export const logistic = (options: { l2?: number } = {}): Candidate => ({ trainer: 'logistic', params: { ...options } })

export interface GbdtOptions {
  trees?: number
  /** Leaves a tree. */
  leaves?: number
  learningRate?: number
  minDataInLeaf?: number
  /** Rounds without improvement on the validation part before it stops; 0 trains every tree. */
  earlyStopping?: number
}
/** Gradient-boosted trees over 256 bins, grown leaf by leaf. */
export const gbdt = (options: GbdtOptions = {}): Candidate => ({ trainer: 'gbdt', params: { ...options } })
