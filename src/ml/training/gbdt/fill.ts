import { GalleyError } from '../../../base/errors.ts'
import type { SharedMemory } from '../../../base/wasm.ts'
import type { Relation } from '../../../engines/engine.ts'
import { type ClassCounts, numericBatches } from '../intake.ts'
import { EDGES, type Layout, STAGE } from './layout.ts'
import type { Kernels } from './wasm.ts'

/** A relation to be read, the features of it that are used and their edges. */
export interface FillSource {
  readonly relation: Relation
  readonly features: readonly string[]
  readonly edges: readonly Float64Array[]
  readonly target: string
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
  const training = part === 'train'
  const room = training ? layout.rows : layout.validateRows
  const first = training ? 0 : layout.rows + 4
  const labels = new Uint8Array(memory.buffer, training ? layout.labels : layout.validateLabels, room)
  const stage = new Float64Array(memory.buffer, layout.stage, STAGE)
  const edges = new Float64Array(memory.buffer, layout.edges, EDGES)
  let rows = 0
  let positives = 0
  for await (const batch of numericBatches(source.relation, source.features, source.target, signal)) {
    if (rows + batch.rows > room)
      throw new GalleyError('TRAIN_DATA', {
        what: `a second pass over the rows gave more than the first (${room})`,
        fix: 'train on a dataset version',
      })
    labels.set(batch.labels, rows)
    for (let i = 0; i < batch.rows; i++) positives += batch.labels[i] as number
    for (const [f, own] of source.edges.entries()) {
      const values = batch.feature(f)
      edges.fill(Number.POSITIVE_INFINITY)
      edges.set(own)
      const column = training ? layout.columns + f * layout.rows : 0
      for (let from = 0; from < batch.rows; from += STAGE) {
        const piece = values.subarray(from, from + STAGE)
        stage.set(piece)
        kernels.binColumn(layout.stage, piece.length, layout.edges, first + rows + from, f, column)
      }
    }
    rows += batch.rows
  }
  return { rows, positives }
}
