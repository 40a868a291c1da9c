import { GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import type { Relation } from '../../../engines/engine.ts'
import { categoryBins } from '../bins.ts'
import { gatherGroups } from '../groups.ts'
import { type ClassCounts, dataError, type NumericBatch, numericBatches } from '../intake.ts'
import { labelledBatches } from '../labels.ts'
import type { Label, TrainTask } from '../trainer.ts'
import { EDGES, type GoalLayout, type Layout, RECORD_HEAD, STAGE } from './layout.ts'
import type { Kernels } from './wasm.ts'

/** A relation to be read, the features of it that are used and their edges. */
export interface FillSource {
  readonly relation: Relation
  readonly features: readonly string[]
  readonly edges: readonly Float64Array[]
  /** Of features of categories. */
  readonly categories?: readonly (Float64Array | undefined)[]
  readonly target: string
}

/** Where rows of a part go. */
function placesOf(layout: Layout, part: 'train' | 'validate') {
  const training = part === 'train'
  return { training, room: training ? layout.rows : layout.validateRows, first: training ? 0 : layout.rows + 4 }
}

/** A function that bins a batch's features; `at`: the rows of the part before it. @throws TRAIN_DATA for more rows than there is room for */
function binner(
  kernels: Kernels,
  memory: SharedMemory,
  layout: Layout,
  source: FillSource,
  part: 'train' | 'validate',
) {
  const { training, room, first } = placesOf(layout, part)
  const stage = new Float64Array(memory.buffer, layout.stage, STAGE)
  const edges = new Float64Array(memory.buffer, layout.edges, EDGES)
  const bytes = new Uint8Array(memory.buffer)
  const sets = source.edges.map((_, f) => source.categories?.[f]).map((own) => own && categoryBins(own))
  return (batch: Pick<NumericBatch, 'rows' | 'feature'>, at: number): void => {
    if (at + batch.rows > room)
      throw new GalleyError('TRAIN_DATA', {
        what: `a second pass over the rows gave more than the first (${room})`,
        fix: 'train on a dataset version',
      })
    for (const [f, own] of source.edges.entries()) {
      const values = batch.feature(f)
      const set = sets[f]
      if (set) {
        for (let i = 0; i < batch.rows; i++) {
          const bin = set(values[i] as number)
          bytes[layout.records + (first + at + i) * layout.stride + RECORD_HEAD + f] = bin
          if (training) bytes[layout.columns + f * layout.rows + at + i] = bin
        }
        continue
      }
      edges.fill(Number.POSITIVE_INFINITY)
      edges.set(own)
      const column = training ? layout.columns + f * layout.rows : 0
      for (let from = 0; from < batch.rows; from += STAGE) {
        const piece = values.subarray(from, from + STAGE)
        stage.set(piece)
        kernels.binColumn(layout.stage, piece.length, layout.edges, first + at + from, f, column)
      }
    }
  }
}

/**
 * Reads a relation into the shared memory as bins and labels, a batch at a time: training rows, or validation rows
 * behind them. Gives what it read, which the caller compares with what it expects.
 * @throws TRAIN_DATA for more rows than there is room for
 */
export async function fill(
  kernels: Kernels,
  memory: SharedMemory,
  layout: Layout,
  source: FillSource,
  part: 'train' | 'validate',
  signal: AbortSignal,
): Promise<ClassCounts> {
  const { training, room } = placesOf(layout, part)
  const labels = new Uint8Array(memory.buffer, training ? layout.labels : layout.validateLabels, room)
  const bin = binner(kernels, memory, layout, source, part)
  let rows = 0
  let positives = 0
  for await (const batch of numericBatches(source.relation, source.features, source.target, signal)) {
    bin(batch, rows)
    labels.set(batch.labels, rows)
    for (let i = 0; i < batch.rows; i++) positives += batch.labels[i] as number
    rows += batch.rows
  }
  return { rows, positives }
}

/** The same of any goal and with weights, `weightOf` of a label times the row's own. Gives the rows that it read, and how many groups they are. */
export async function fillGoal(
  kernels: Kernels,
  memory: SharedMemory,
  layout: Layout & { readonly goal: GoalLayout },
  source: FillSource & { readonly task: TrainTask; readonly classes: readonly Label[]; weightOf(y: number): number },
  part: 'train' | 'validate',
  signal: AbortSignal,
): Promise<{ readonly rows: number; readonly groups: number }> {
  const { training, room } = placesOf(layout, part)
  const y = new Float64Array(memory.buffer, training ? layout.goal.y : layout.goal.validateY, room)
  const w = new Float64Array(memory.buffer, layout.goal.w, training ? room : 0)
  const bin = binner(kernels, memory, layout, source, part)
  // models are judged by rows as they are
  const { target, goal, weight } = source.task
  const asked = { target, ...(goal ? { goal } : {}), ...(training && weight !== undefined ? { weight } : {}) }
  const codes = new Uint32Array(layout.goal.groups ? room : 0)
  let groups = 0
  let rows = 0
  for await (const batch of labelledBatches(source.relation, source.features, asked, source.classes, signal)) {
    bin(batch, rows)
    const large = batch.y.find((value) => Math.abs(value) > LARGEST)
    if (large !== undefined)
      throw dataError(`the target "${target}" has a value of ${large}`, `bring it to a scale below ${LARGEST}`)
    y.set(batch.y, rows)
    if (training)
      for (let i = 0; i < batch.rows; i++) w[rows + i] = (batch.w?.[i] ?? 1) * source.weightOf(batch.y[i] as number)
    if (batch.group && layout.goal.groups) {
      codes.set(batch.group, rows)
      for (const code of batch.group) groups = Math.max(groups, code + 1)
    }
    rows += batch.rows
  }
  const { groups: places } = layout.goal
  if (places) {
    const members = new Uint32Array(memory.buffer, training ? places.members : places.validateMembers, room)
    const starts = new Uint32Array(memory.buffer, training ? places.starts : places.validateStarts, room + 1)
    gatherGroups(codes.subarray(0, rows), groups, members, starts)
  }
  return { rows, groups }
}

/** Labels beyond are more than gradients in 32 bits hold. */
const LARGEST = 1e30
