import { throwIfAborted } from '../../../base/errors.ts'
import { type Cells, countCells } from '../../../engines/webgpu/learn/cells.ts'
import { labelsOf } from '../../../engines/webgpu/learn/design.ts'
import { cutEdges } from '../../../engines/webgpu/learn/edges.ts'
import { baselineModel, baselineParams, type Grid } from '../baseline.ts'
import { sampleOf } from '../bins.ts'
import type { Begin } from './begin.ts'

/** The baseline's grid, counted on the device: the host's borders and counts, to the bit. Borders and cells come down. */
export const beginBaseline: Begin = async (job, task, ctx) => {
  const { train, target, classes, seed } = task
  const { table } = train
  const params = baselineParams(task)
  const { by, bins, smoothing } = params
  throwIfAborted(ctx.signal)
  const { labels } = await labelsOf(job, table, target)
  const edges = await cutEdges(job, table, by, bins, sampleOf(table.rows, by.length, seed))
  const cells = await countCells(job, table, by, labels, edges, bins)
  const prior = classes.positives / classes.rows
  return {
    parts: cells.parts,
    tell: (words) => baselineModel(task, params, { prior, ...compact(cells.tell(words)) }),
    scores: (other) => cells.scores(other, prior, smoothing),
  }
}

/** Cells of a grid whose axes all have as many places, as those of one whose axes have theirs: bins, then missing. */
function compact({ axes, places, rows, positives }: Cells): Omit<Grid, 'prior'> {
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
