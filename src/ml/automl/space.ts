import type { Aim } from '../../runs/goal.ts'
import { MOST_CELLS } from '../training/knn.ts'
import type { TrainTask } from '../training/trainer.ts'

type Params = TrainTask['params']

/** A parameter that is searched, between two values, on a scale of logarithms where `log`. */
export interface Dimension {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly log?: boolean
  readonly whole?: boolean
}

/** A trainer with what of it is searched. */
export interface Family {
  readonly trainer: string
  readonly dimensions: readonly Dimension[]
  /** Tried before anything is searched. */
  readonly starts: readonly Readonly<Record<string, number>>[]
  /** Whether it can learn so many rows of so many features in a reasonable time, and then `all` rows. */
  fits(rows: number, features: number, all: number): boolean
}

const anything = () => true
const penalty = (name: string): Dimension => ({ name, from: 1e-4, to: 1e4, log: true })
const GBDT: Family = {
  trainer: 'gbdt',
  dimensions: [
    { name: 'trees', from: 20, to: 600, log: true, whole: true },
    { name: 'leaves', from: 4, to: 256, log: true, whole: true },
    { name: 'learningRate', from: 0.01, to: 0.5, log: true },
    { name: 'minDataInLeaf', from: 2, to: 200, log: true, whole: true },
    { name: 'lambda', from: 1e-3, to: 100, log: true },
    { name: 'columnFraction', from: 0.4, to: 1 },
    { name: 'rowFraction', from: 0.5, to: 1 },
  ],
  starts: [
    { trees: 100, leaves: 31, learningRate: 0.1, minDataInLeaf: 20, lambda: 1e-3, columnFraction: 1, rowFraction: 1 },
    { trees: 80, leaves: 8, learningRate: 0.1, minDataInLeaf: 5, lambda: 1, columnFraction: 0.8, rowFraction: 0.8 },
  ],
  fits: anything,
}
const MLP: Family = {
  trainer: 'mlp',
  dimensions: [
    { name: 'units', from: 8, to: 128, log: true, whole: true },
    { name: 'layers', from: 1, to: 3, whole: true },
    { name: 'epochs', from: 5, to: 80, log: true, whole: true },
    { name: 'batch', from: 32, to: 512, log: true, whole: true },
    { name: 'learningRate', from: 1e-3, to: 0.05, log: true },
    { name: 'l2', from: 1e-6, to: 0.1, log: true },
  ],
  starts: [{ units: 16, layers: 1, epochs: 20, batch: 128, learningRate: 0.01, l2: 1e-4 }],
  fits: (rows, features) => rows * features < 4e6,
}
const KNN: Family = {
  trainer: 'knn',
  dimensions: [{ name: 'k', from: 1, to: 100, log: true, whole: true }],
  starts: [{ k: 10 }],
  fits: (rows, features, all) => rows * features < 200_000 && all * features <= MOST_CELLS,
}
const LOGISTIC: Family = { trainer: 'logistic', dimensions: [penalty('l2')], starts: [{ l2: 1 }], fits: anything }
const BAYES: Family = { trainer: 'naiveBayes', dimensions: [{ name: 'smoothing', from: 1e-10, to: 0.1, log: true }], starts: [{ smoothing: 1e-9 }], fits: anything } // biome-ignore format: one line
const LINEAR: Family = {
  trainer: 'linear',
  dimensions: [penalty('l1'), penalty('l2')],
  starts: [{ l1: 1e-4, l2: 1 }],
  fits: anything,
}
const POISSON: Family = { trainer: 'poisson', dimensions: [penalty('l2')], starts: [{ l2: 1 }], fits: anything }

const BY_AIM: Readonly<Record<Aim, readonly Family[]>> = {
  binary: [GBDT, LOGISTIC, MLP, KNN, BAYES],
  multiclass: [GBDT, LOGISTIC, MLP, KNN, BAYES],
  ranking: [GBDT],
  squared: [GBDT, LINEAR, MLP, KNN],
  absolute: [GBDT],
  quantile: [GBDT],
  poisson: [GBDT, POISSON],
  tweedie: [GBDT],
}

/** What is searched for a goal and so many rows, of `all` that are learnt in the end. */
export const familiesFor = (aim: Aim, rows: number, features: number, all = rows): readonly Family[] =>
  BY_AIM[aim].filter((family) => family.fits(rows, features, all))

/** A point of the unit cube as parameters. */
export function paramsAt({ dimensions }: Family, point: readonly number[]): Params {
  return Object.fromEntries(
    dimensions.map(({ name, from, to, log, whole }, d) => {
      const u = Math.max(0, Math.min(1, point[d] as number))
      const value = log ? from * (to / from) ** u : from + (to - from) * u
      return [name, whole ? Math.round(value) : Math.max(from, Math.min(to, Number(value.toPrecision(6))))]
    }),
  )
}

/** Parameters as a point of the unit cube. */
export const pointOf = ({ dimensions }: Family, params: Readonly<Record<string, number>>): number[] =>
  dimensions.map(({ name, from, to, log }) => {
    const value = params[name] as number
    return log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from)
  })
