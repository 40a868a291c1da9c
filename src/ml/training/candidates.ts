import { optionsOf } from '../../plan/columns/options.ts'
import type { Candidate } from '../../runs/specs.ts'

/** The rate of the target in cells of a few features; everything else has to beat it. */
export function baseline(options: { by?: readonly string[] } = {}): Candidate {
  const { by } = optionsOf(options, ['by'], 'baseline')
  return { trainer: 'baseline', params: by ? { by } : {} }
}

/** L2-regularised logistic regression on standardised features. */
export const logistic = (options: { l2?: number } = {}): Candidate => ({
  trainer: 'logistic',
  params: { ...optionsOf(options, ['l2'], 'logistic') },
})

export interface GbdtOptions {
  trees?: number
  /** Leaves a tree. */
  leaves?: number
  learningRate?: number
  minDataInLeaf?: number
  /** Rounds without improvement on the validation part before it stops; 0 trains every tree. */
  earlyStopping?: number
}
const GBDT = ['trees', 'leaves', 'learningRate', 'minDataInLeaf', 'earlyStopping'] as const
/** Gradient-boosted trees over 256 bins, grown leaf by leaf. */
export const gbdt = (options: GbdtOptions = {}): Candidate => ({
  trainer: 'gbdt',
  params: { ...optionsOf(options, GBDT, 'gbdt') },
})
