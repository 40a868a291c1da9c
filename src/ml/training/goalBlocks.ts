import { BLOCK_ROWS, type Design, HELD_BYTES, mark, standardise, type TableStats } from './design.ts'
import { checkSameRows } from './intake.ts'
import { labelledBatches, type Targets } from './labels.ts'
import type { TrainTask } from './trainer.ts'

/** Standardised rows, column by column (column j begins at j · `BLOCK_ROWS`), with their labels as numbers and their weights. */
export interface GoalBlock {
  readonly rows: number
  readonly x: Float32Array
  readonly y: Float64Array
  readonly w: Float64Array
}

/** A function that passes over the rows in blocks of 4096, however the batches are cut: held, or read again where they are too many. */
export async function goalBlocks(
  task: TrainTask,
  targets: Targets,
  { columns }: Pick<TableStats, 'columns'>,
  design: Design,
  signal: AbortSignal,
): Promise<() => AsyncIterable<GoalBlock> | Iterable<GoalBlock>> {
  const read = async function* (): AsyncGenerator<GoalBlock, void, undefined> {
    const begin = () => ({
      x: new Float32Array(design.width * BLOCK_ROWS),
      y: new Float64Array(BLOCK_ROWS),
      w: new Float64Array(BLOCK_ROWS).fill(1),
    })
    let all = 0
    let filled = 0
    let block = begin()
    for await (const batch of labelledBatches(task.train, task.features, task, targets.classes, signal)) {
      // a column is read once a batch, into all the blocks that the batch goes to
      const pieces: { block: typeof block; at: number; from: number; n: number }[] = []
      for (let from = 0; from < batch.rows; ) {
        if (filled === BLOCK_ROWS) {
          block = begin()
          filled = 0
        }
        const n = Math.min(batch.rows - from, BLOCK_ROWS - filled)
        pieces.push({ block, at: filled, from, n })
        block.y.set(batch.y.subarray(from, from + n), filled)
        if (batch.w) block.w.set(batch.w.subarray(from, from + n), filled)
        filled += n
        from += n
      }
      for (const [f, column] of columns.entries()) {
        const values = batch.feature(f)
        const indicator = design.indicators.indexOf(f)
        for (const { block: own, at, from, n } of pieces) {
          const some = values.subarray(from, from + n)
          standardise(some, column, own.x.subarray(f * BLOCK_ROWS + at))
          if (indicator >= 0) mark(some, own.x.subarray((columns.length + indicator) * BLOCK_ROWS + at))
        }
      }
      all += batch.rows
      for (const p of pieces) if (p.at + p.n === BLOCK_ROWS) yield { ...p.block, rows: BLOCK_ROWS }
    }
    if (filled > 0 && filled < BLOCK_ROWS) yield { ...block, rows: filled }
    checkSameRows(targets.rows, all)
  }
  if (targets.rows * design.width * 4 > HELD_BYTES) return read
  const held: GoalBlock[] = []
  for await (const block of read()) held.push(block)
  return () => held
}
