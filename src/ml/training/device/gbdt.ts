import { throwIfAborted } from '../../../base/errors.ts'
import type { Relation } from '../../../engines/engine.ts'
import { binned } from '../../../engines/webgpu/learn/binned.ts'
import { type BinnedRows, boost } from '../../../engines/webgpu/learn/boost/boost.ts'
import { labelsOf } from '../../../engines/webgpu/learn/design.ts'
import { cutEdges } from '../../../engines/webgpu/learn/edges.ts'
import type { Job } from '../../../engines/webgpu/learn/job.ts'
import { release, upload } from '../../../engines/webgpu/learn/upload.ts'
import { type DeviceTable, isOnDevice } from '../../../engines/webgpu/table.ts'
import { DeviceGap } from '../../../engines/webgpu/wgsl/emit.ts'
import { sampleOf } from '../bins.ts'
import { forestBody } from '../gbdt/forest.ts'
import { gbdtParams } from '../gbdt/params.ts'
import { type Begin, classesOf } from './begin.ts'

/**
 * Gradient boosting on a device's columns: the host's trees, where the device computes f32 as IEEE 754 has it; else they
 * differ where splits are worth the same to seven digits. What comes down are 8 bytes a feature and the trees; with early
 * stopping before that 16 bytes on the validation rows, 4 every eight trees, and 128 at the end. Validation rows that are
 * on the host go up.
 */
export const beginGbdt: Begin = async (job, task, { signal, progress }) => {
  const { params, plain } = gbdtParams(task)
  if (!plain)
    throw new DeviceGap('gbdt', 'trees with l1, fractions, balanced classes or bounds are learnt on the processor')
  const { features, target, classes } = task
  const { table } = task.train
  throwIfAborted(signal)
  const sample = sampleOf(table.rows, features.length, task.seed)
  const { labels } = await labelsOf(job, table, target)
  const edges = await job.within(
    () => cutEdges(job, table, features, params.maxBins, sample),
    (made) => [made.keys, made.counts, made.present],
  )
  const base = Math.log(classes.positives / (classes.rows - classes.positives))
  const bins = (rows: DeviceTable) =>
    job.within(
      () => binned(job, rows, features, edges),
      (made) => [made],
    )
  const train = { rows: table.rows, labels, bins: await bins(table) }
  const { validate } = task
  const judges =
    params.earlyStopping > 0 && validate ? await onDevice(table, validate, [...features, target]) : undefined
  try {
    const judged = judges && (await judging(job, judges, target, bins))
    const about = { train, validate: judged, features: features.length, edges, base, params }
    const growing = () =>
      boost(job, about, (done) => {
        progress({ done, total: params.trees, unit: 'steps' })
        throwIfAborted(signal)
      })
    // histograms and orders of rows make room for what judges the trees
    const grown = await job.within(growing, (made) => made.held)
    job.free(train.bins)
    return {
      parts: [
        { from: edges.counts, at: 0, words: features.length },
        { from: edges.present, at: 0, words: features.length },
        ...grown.parts,
      ],
      tell([counts = NONE, present = NONE, ...words]) {
        // a feature without borders can still tell rows that miss it
        const some = features.some((_, f) => counts[f] !== 0 || (present[f] ?? 0) < sample.rows)
        const { trees, importance } = grown.tell(words)
        const body = forestBody(some ? trees : [], importance, base)
        return { format: 1, kind: 'gbdt', features, target, params, body }
      },
      scores: async (other) => grown.scores(other.rows, await bins(other)),
    }
  } finally {
    if (judges && validate && !isOnDevice(validate)) release(judges)
  }
}

const NONE = new Uint32Array(0)

async function judging(
  job: Job,
  table: DeviceTable,
  target: string,
  bins: (rows: DeviceTable) => Promise<GPUBuffer>,
): Promise<BinnedRows> {
  await classesOf(job, table, target)
  const { labels } = await labelsOf(job, table, target)
  return { rows: table.rows, labels, bins: await bins(table) }
}

/** A relation's columns beside those of another table. */
const onDevice = ({ device, transfers, words }: DeviceTable, relation: Relation, names: readonly string[]) =>
  isOnDevice(relation) ? relation.table : upload(relation, device, transfers, words, names)
