import { throwIfAborted } from '../../../base/errors.ts'
import { DeviceFault } from '../../../engines/webgpu/device.ts'
import { designMatrix, designScores, labelsOf, SCALING } from '../../../engines/webgpu/learn/design.ts'
import type { Job } from '../../../engines/webgpu/learn/job.ts'
import { descent } from '../../../engines/webgpu/learn/newton.ts'
import { columnOf } from '../../../engines/webgpu/learn/numbers.ts'
import { scalingsOf } from '../../../engines/webgpu/learn/scalings.ts'
import { measure, RECORD } from '../../../engines/webgpu/learn/stats.ts'
import type { DeviceTable } from '../../../engines/webgpu/table.ts'
import { isFloat } from '../../../plan/types.ts'
import type { ColumnStats } from '../design.ts'
import { LOGISTIC_PARAMS } from '../logistic.ts'
import { logisticBody } from '../logisticModel.ts'
import { numberParams } from '../params.ts'
import type { Begin } from './begin.ts'

/** Rounds that are handed over at once; those after the end do nothing. */
const ROUNDS = 16
/** Columns that may miss values, up to which each has its indicator before it is known whether it does. */
const MOST_GAPS = 48

/**
 * Logistic regression on a device's columns: the same model as on the host, to about five digits of a weight. What comes
 * down are weights and how columns are standardised, 92 bytes a column. With many columns that may miss values, their
 * records come down before. What f32 does not hold is left to the host: values beyond 10³⁰, or less than 10⁻³⁰ apart.
 */
export const beginLogistic: Begin = async (job, task, ctx) => {
  const params = numberParams('logistic', task.params, LOGISTIC_PARAMS)
  const { features, target, classes } = task
  const { table } = task.train
  throwIfAborted(ctx.signal)
  const { labels } = await labelsOf(job, table, target)
  const { records, steps } = await measure(job, table, features)
  const scalings = await scalingsOf(job, records, features.length)
  job.submit()
  job.free(steps)
  const indicators = await gaps(job, table, features, records)
  const design = await designMatrix(job, table, features, scalings, indicators)
  const intercept = Math.log(classes.positives / (classes.rows - classes.positives))
  const steps_ = await descent(job, { design, target: labels, loss: 'logistic', intercept, ...params })
  const more = () => steps_.go(ROUNDS)
  more()
  return {
    parts: [
      steps_.part,
      { from: records, at: 0, words: features.length * RECORD },
      { from: scalings, at: 0, words: features.length * SCALING },
    ],
    more,
    tell([state = NONE, told = NONE, scaled = NONE]) {
      const columns = features.map((_, f) => statsAt(told, scaled, f))
      const beyond = features.filter((_, f) => columns[f]?.scale === 0 && varies(told, f))
      if (beyond.length > 0)
        throw new DeviceFault(`f32 does not hold the values of ${beyond.map((name) => `'${name}'`).join(', ')}`)
      const ended = steps_.tell(state)
      ctx.progress({ done: steps_.steps(state), unit: 'steps' })
      if (!ended) return undefined
      // an indicator of a column that misses none has no weight
      const kept = indicators.filter((f) => columns[f]?.missing !== 0)
      const all = Float64Array.from(ended.weights)
      const own = kept.map((f) => all[features.length + indicators.indexOf(f)] ?? 0)
      const weights = Float64Array.of(...all.subarray(0, features.length), ...own, all.at(-1) ?? 0)
      const fit = { iterations: ended.iterations, loss: ended.loss }
      return { format: 1, kind: 'logistic', features, target, params, body: logisticBody(columns, kept, weights, fit) }
    },
    async scores(other) {
      return designScores(job, await designMatrix(job, other, features, scalings, indicators), steps_.weights)
    },
  }
}

const NONE = new Uint32Array(0)

/** Columns that may miss values; those that do, where there are many. */
async function gaps(job: Job, table: DeviceTable, names: readonly string[], records: GPUBuffer): Promise<number[]> {
  const may = names.flatMap((name, f) => {
    const { validity, field } = columnOf(table, name)
    return validity || isFloat(field.type) ? [f] : []
  })
  if (may.length <= MOST_GAPS) return may
  const told = await job.download(may.map((f) => ({ from: records, at: f * RECORD + 1, words: 1 })))
  return may.filter((_, i) => told[i] !== 0)
}

/** Whether a column's smallest value is not its largest. */
const varies = (records: Uint32Array, f: number): boolean =>
  [3, 4].some((i) => records[f * RECORD + i] !== records[f * RECORD + i + 2])

/** How the device standardised a column. */
function statsAt(records: Uint32Array, scalings: Uint32Array, f: number): ColumnStats {
  const floats = new Float32Array(scalings.slice(f * SCALING, (f + 1) * SCALING).buffer)
  const two = (at: number) => (floats[at] ?? 0) + (floats[at + 1] ?? 0)
  return { scale: floats[0] ?? 0, mean: two(1), low: two(3), high: two(5), missing: records[f * RECORD + 1] ?? 0 }
}
