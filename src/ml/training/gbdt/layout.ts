import { GalleyError } from '../../../base/errors.ts'
import type { Kernels } from './wasm.ts'

/** Edges a feature has room for; its bins are one more, and bin 255 is for missing values. */
export const EDGES = 255
/** Bytes of a record before its bins: its gradient pair. */
export const RECORD_HEAD = 16
/** Values that are binned in one call. */
export const STAGE = 16_384
/** Bytes of one feature's histogram. */
export const FEATURE_BYTES = 4096
/** Bytes of a split candidate: six float64. */
export const CANDIDATE_BYTES = 48
/** Rows of a block whose validation loss is summed on its own. */
export const LOSS_BLOCK = 4096
/** Bytes of a node for `applyTree`: five int32. */
export const NODE_BYTES = 20

/** How much there is to place. */
export interface Shape {
  readonly rows: number
  readonly validateRows: number
  readonly features: number
  readonly leaves: number
  readonly threads: number
  /** Of what is not a binary target without weights: outputs of the model. */
  readonly outputs?: number
  /** Whether rows stand in groups, as those of a ranking do. */
  readonly grouped?: boolean
}

/** What gradients that JavaScript computes are made of: a number a row, one array an output after another where there are several. */
export interface GoalLayout {
  /** float64: labels, weights, scores, room to sort in; of validation rows labels and scores. */
  readonly y: number
  readonly w: number
  readonly scores: number
  readonly room: number
  readonly validateY: number
  readonly validateScores: number
  /** float32. */
  readonly gradients: number
  readonly hessians: number
  /** The largest gradient and hessian that each thread found: 64 bytes a thread. */
  readonly largest: number
  /** Of features of categories: each thread's table of bins that go left, and its bins of a histogram in float64; each node's set. */
  readonly tables: number
  readonly unpacked: number
  readonly sets: number
  readonly groups?: GroupLayout
}

/** Rows group by group, uint32: the rows themselves, and where each group begins; of validation rows, too. */
export interface GroupLayout {
  readonly members: number
  readonly starts: number
  readonly validateMembers: number
  readonly validateStarts: number
  /** float64: what each group of validation rows lacks. */
  readonly validateLacks: number
}

/** Where everything lies in the shared memory, in bytes from its start. */
export interface Layout extends Shape {
  readonly stride: number
  readonly records: number
  /** Bins by column, `rows` bytes a feature, for partitioning. */
  readonly columns: number
  readonly labels: number
  readonly validateLabels: number
  readonly order: number
  readonly spare: number
  readonly scores: number
  readonly leafOf: number
  /** One set of histograms a thread. */
  readonly scratch: number
  /** One set of histograms a leaf. */
  readonly slots: number
  readonly candidates: number
  readonly totals: number
  readonly values: number
  readonly nodes: number
  readonly losses: number
  readonly validateScores: number
  readonly barrier: number
  readonly edges: number
  readonly stage: number
  readonly bytes: number
  /** Fixed point: gradients are held in units of 1 / gradientScale, hessians of 1 / hessianScale. */
  readonly gradientScale: number
  readonly hessianScale: number
  readonly countBits: number
  readonly goal?: GoalLayout
}

const LIMIT = 2 ** 32

/** Places the arrays of a training. @throws TRAIN_DATA when they need more than WebAssembly's 4 GiB */
export function layOut(shape: Shape): Layout {
  const { rows, validateRows, features, leaves, threads } = shape
  const stride = RECORD_HEAD + Math.ceil(features / 4) * 4
  const padded = rows + 4
  let at = 64
  const place = (bytes: number): number => {
    const start = at
    at += Math.ceil(bytes / 64) * 64
    return start
  }
  // sums stay below 2⁵² in a gradient and 2⁶³ in a hessian with its count, so that they are exact in float64 too
  const countBits = Math.ceil(Math.log2(rows + 1))
  const layout = {
    ...shape,
    stride,
    records: place((padded + validateRows) * stride),
    columns: place(features * rows),
    labels: place(padded),
    validateLabels: place(validateRows),
    order: place(padded * 4),
    spare: place(padded * 4),
    scores: place(padded * 4),
    leafOf: place(padded * 2),
    scratch: place(threads * features * FEATURE_BYTES),
    slots: place(leaves * features * FEATURE_BYTES),
    candidates: place(leaves * features * CANDIDATE_BYTES),
    totals: place(threads * 64),
    values: place(leaves * 4),
    nodes: place(leaves * NODE_BYTES),
    losses: place(Math.ceil(validateRows / LOSS_BLOCK) * 8),
    validateScores: place(validateRows * 8),
    barrier: place(64),
    edges: place(EDGES * 8),
    stage: place(STAGE * 8),
    gradientScale: 2 ** Math.min(30, 52 - countBits),
    hessianScale: 2 ** Math.min(30, 64 - 2 * countBits),
    countBits,
  }
  const { outputs } = shape
  const goal = outputs === undefined ? {} : { goal: placeGoal(place, shape, outputs) }
  if (at > LIMIT)
    throw new GalleyError('TRAIN_DATA', {
      what: `training on ${rows} rows × ${features} features with ${leaves} leaves needs ${(at / 2 ** 30).toFixed(1)} GiB`,
      why: 'the trainer holds at most 4 GiB',
      fix: 'sample the rows, or use fewer features or leaves',
      details: { bytes: at },
    })
  return { ...layout, ...goal, bytes: at }
}

function placeGoal(
  place: (bytes: number) => number,
  { rows, validateRows, threads, leaves, grouped = false }: Shape,
  n: number,
): GoalLayout {
  return {
    y: place(rows * 8),
    w: place(rows * 8),
    scores: place(rows * 8 * n),
    room: place(rows * 8),
    validateY: place(validateRows * 8),
    validateScores: place(validateRows * 8 * n),
    gradients: place(rows * 4 * n),
    hessians: place(rows * 4 * n),
    largest: place(threads * 64),
    tables: place(threads * 256),
    unpacked: place(threads * 256 * 24),
    sets: place(leaves * 32),
    ...(grouped ? { groups: placeGroups(place, rows, validateRows) } : {}),
  }
}

const placeGroups = (place: (bytes: number) => number, rows: number, validateRows: number): GroupLayout => ({
  members: place(rows * 4),
  starts: place((rows + 1) * 4),
  validateMembers: place(validateRows * 4),
  validateStarts: place((validateRows + 1) * 4),
  validateLacks: place(validateRows * 8),
})

/** Tells the kernels where things lie. */
export function setUp(kernels: Kernels, layout: Layout): void {
  const { records, stride, features, order, spare, scores, labels, leafOf } = layout
  const { countBits, gradientScale, hessianScale } = layout
  kernels.setup(records, stride, features, order, spare, scores, labels, leafOf, countBits, gradientScale, hessianScale)
}
