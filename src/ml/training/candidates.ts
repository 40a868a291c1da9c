import { optionsOf } from '../../plan/columns/options.ts'
import type { Candidate } from '../../runs/specs.ts'

/** The rate of the target in cells of a few features; everything else has to beat it. */
export function baseline(options: { by?: readonly string[] } = {}): Candidate {
  const { by } = optionsOf(options, ['by'], 'baseline')
  return { trainer: 'baseline', params: by ? { by } : {} }
}

/** L2-regularised logistic regression on standardised features, of two classes or several. */
export const logistic = (options: { l2?: number } = {}): Candidate => ({
  trainer: 'logistic',
  params: { ...optionsOf(options, ['l2'], 'logistic') },
})

/** Linear regression on standardised features: least squares, ridge (`l2`), lasso (`l1`), or both. */
export const linear = (options: { l1?: number; l2?: number } = {}): Candidate => ({
  trainer: 'linear',
  params: { ...optionsOf(options, ['l1', 'l2'], 'linear') },
})

/** Poisson regression with a logarithmic link on standardised features, for counts. */
export const poisson = (options: { l2?: number } = {}): Candidate => ({
  trainer: 'poisson',
  params: { ...optionsOf(options, ['l2'], 'poisson') },
})

/** The rates, or the mean, of the k nearest training rows; it keeps them all. */
export const knn = (options: { k?: number } = {}): Candidate => ({
  trainer: 'knn',
  params: { ...optionsOf(options, ['k'], 'knn') },
})

/** Naive Bayes of normal features, for classes. */
export const naiveBayes = (options: { smoothing?: number } = {}): Candidate => ({
  trainer: 'naiveBayes',
  params: { ...optionsOf(options, ['smoothing'], 'naiveBayes') },
})

export interface MlpOptions {
  /** Units of each hidden layer, and hidden layers. */
  units?: number
  layers?: number
  epochs?: number
  /** Rows of a step. */
  batch?: number
  learningRate?: number
  l2?: number
}
/** A multi-layer perceptron on standardised features, for classes and numbers. */
export const mlp = (options: MlpOptions = {}): Candidate => ({
  trainer: 'mlp',
  params: { ...optionsOf(options, ['units', 'layers', 'epochs', 'batch', 'learningRate', 'l2'], 'mlp') },
})

export interface AutoOptions {
  /** What ends the search, whichever comes first; with 0 seconds the trials alone, and the same model each time. */
  trials?: number
  seconds?: number
  /** Of cross-validation, and how rows are cut into them: `time` judges each part by what came before it, `group` keeps rows of a group together. */
  folds?: number
  cut?: 'stratified' | 'random' | 'time' | 'group'
  /** The column of `cut: 'group'`; a ranking is cut by its own groups. */
  group?: string
  /** Rows that trials learn from. */
  rows?: number
  /** Models of an ensemble at most; 0: the best alone. */
  ensemble?: number
  /** Trials of a round, 1 unless given, 64 at most: workers of the queue share them. What is found depends on it, and not on how many workers there are. */
  parallel?: number
}
/** Looks for a trainer and its parameters by cross-validation, and learns with the best, the mean of several, or a model over them. */
export const auto = (options: AutoOptions = {}): Candidate => ({
  trainer: 'auto',
  params: {
    ...optionsOf(options, ['trials', 'seconds', 'folds', 'cut', 'group', 'rows', 'ensemble', 'parallel'], 'auto'),
  },
})

export interface GbdtOptions {
  trees?: number
  /** Leaves a tree. */
  leaves?: number
  learningRate?: number
  minDataInLeaf?: number
  /** Rounds without improvement on the validation part before it stops; 0 trains every tree. */
  earlyStopping?: number
  /** Penalties on the values of leaves: of their size, and of their squares. */
  l1?: number
  lambda?: number
  /** Shares of rows and of features that a tree sees, drawn by the seed. */
  rowFraction?: number
  columnFraction?: number
  /** Features that what is learnt may only rise, or only fall, with. */
  increasing?: readonly string[]
  decreasing?: readonly string[]
  /** Whether all classes weigh the same together. */
  balanced?: boolean
  /** Features whose numbers are codes of categories, as `ordinal` gives them: split by sets. The 254 most frequent each count for themselves. */
  categorical?: readonly string[]
  /** Added to a category's hessian, penalty of squares, most categories of a set, and least rows of one: as LightGBM names them. */
  catSmooth?: number
  catL2?: number
  maxCatThreshold?: number
  minDataPerGroup?: number
  /** Groups of features that may act together; a feature in none acts alone. */
  interactions?: readonly (readonly string[])[]
}
const GBDT = [
  ...(['trees', 'leaves', 'learningRate', 'minDataInLeaf', 'earlyStopping', 'l1', 'lambda'] as const),
  ...(['rowFraction', 'columnFraction', 'increasing', 'decreasing', 'balanced', 'interactions'] as const),
  ...(['categorical', 'catSmooth', 'catL2', 'maxCatThreshold', 'minDataPerGroup'] as const),
] as const
/** Gradient-boosted trees over 256 bins, grown leaf by leaf, of any goal. */
export const gbdt = (options: GbdtOptions = {}): Candidate => ({
  trainer: 'gbdt',
  params: { ...optionsOf(options, GBDT, 'gbdt') },
})
