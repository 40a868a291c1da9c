/// <reference types="@webgpu/types" />
import type { Accumulator } from './aggregates.ts'
import { type Grouping, over, pair, perSlot, sumsOf } from './grouping.ts'
import { correlation, deviation } from './groupmoments.ts'
import { different, quantile, textEnd } from './grouporder.ts'
import type { Recorder } from './recorder.ts'
import type { TableColumn } from './table.ts'

/** The result of an aggregate for each slot, \`RESULT\` words each. */
export function statistics(recorder: Recorder, g: Grouping, a: Accumulator): Promise<GPUBuffer> {
  const x = g.outputs[a.arg] as TableColumn
  switch (a.fn) {
    case 'variance':
    case 'stddev':
      return deviation(recorder, g, x, a.fn)
    case 'corr':
      return correlation(recorder, g, x, g.outputs[a.arg2 ?? a.arg] as TableColumn)
    case 'quantile':
      return quantile(recorder, g, x, a.param ?? 0.5)
    case 'countDistinct':
      return different(recorder, g, x)
    default:
      return a.fn === 'min' || a.fn === 'max' ? textEnd(recorder, g, x, a.fn) : plainSum(recorder, g, x)
  }
}

async function plainSum(recorder: Recorder, g: Grouping, column: TableColumn): Promise<GPUBuffer> {
  const sums = await sumsOf(
    recorder,
    g,
    over([column], (_, [x]) => x as string),
  )
  return perSlot(recorder, g, (draft) => `value = ${pair(draft.read(sums))}; there = true;`)
}
