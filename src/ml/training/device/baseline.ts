import { throwIfAborted } from '../../../base/errors.ts'
import { countCells } from '../../../engines/webgpu/learn/cells.ts'
import { labelsOf, toldOf } from '../../../engines/webgpu/learn/design.ts'
import { cutEdges } from '../../../engines/webgpu/learn/edges.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import type { DeviceRelation } from '../../../engines/webgpu/table.ts'
import { sampleOf } from '../bins.ts'
import { badLabel, checkClasses } from '../intake.ts'
import type { TrainContext, TrainTask } from '../trainer.ts'

/** What the host finds in a pass over the rows: the borders of the axes, and rows and positives by cell. */
export interface Grid {
  readonly prior: number
  readonly axes: readonly Float64Array[]
  readonly rows: Float64Array
  readonly positives: Float64Array
}

/**
 * The baseline's grid, counted on the device: the host's borders and counts, to the bit. Two readbacks: 16 bytes on the
 * labels, then borders and cells.
 * @throws TRAIN_DATA, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function gridOnDevice(
  task: TrainTask & { readonly train: DeviceRelation },
  by: readonly string[],
  maxBins: number,
  ctx: TrainContext,
): Promise<Grid> {
  const { table } = task.train
  const job = new Job(table)
  try {
    throwIfAborted(ctx.signal)
    const { labels, found } = await labelsOf(job, table, task.target)
    const { positives, wrong } = toldOf(await job.download([{ from: found, at: 0, words: 4 }]))
    if (wrong !== undefined) throw badLabel(wrong, task.target)
    checkClasses({ rows: table.rows, positives }, task.target)
    const prior = positives / table.rows
    if (by.length === 0) return { prior, axes: [], rows: Float64Array.of(0), positives: Float64Array.of(0) }
    throwIfAborted(ctx.signal)
    const edges = await cutEdges(job, table, by, maxBins, sampleOf(table.rows, by.length, task.seed))
    const cells = await countCells(job, table, by, labels, edges, maxBins)
    return { prior, ...compact(cells) }
  } finally {
    job.close()
  }
}

/** Cells of a grid whose axes all have as many places, as those of one whose axes have theirs: bins, then missing. */
function compact({ axes, places, rows, positives }: Awaited<ReturnType<typeof countCells>>): Omit<Grid, 'prior'> {
  const sizes = axes.map((edges) => edges.length + 2)
  const size = sizes.reduce((product, n) => product * n, 1)
  const from = Uint32Array.from({ length: size }, (_, cell) => {
    let rest = cell
    let at = 0
    let step = 1
    for (let f = sizes.length - 1; f >= 0; f--) {
      const own = sizes[f] as number
      const bin = rest % own
      rest = Math.floor(rest / own)
      at += (bin === own - 1 ? places - 1 : bin) * step
      step *= places
    }
    return at
  })
  const of = (cells: Float64Array) => Float64Array.from(from, (at) => cells[at] as number)
  return { axes, rows: of(rows), positives: of(positives) }
}
