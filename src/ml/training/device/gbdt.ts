import { throwIfAborted } from '../../../base/errors.ts'
import type { Relation } from '../../../engines/engine.ts'
import { binned } from '../../../engines/webgpu/learn/binned.ts'
import { type BinnedRows, boost } from '../../../engines/webgpu/learn/boost/boost.ts'
import { labelsOf, toldOf } from '../../../engines/webgpu/learn/design.ts'
import { cutEdges, type Edges, edgesOf } from '../../../engines/webgpu/learn/edges.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import { release, upload } from '../../../engines/webgpu/learn/upload.ts'
import { type DeviceRelation, type DeviceTable, isOnDevice } from '../../../engines/webgpu/table.ts'
import { sampleOf } from '../bins.ts'
import { forestBody } from '../gbdt/forest.ts'
import type { GBDT_PARAMS } from '../gbdt/gbdt.ts'
import { badLabel, checkClasses } from '../intake.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'

/**
 * Gradient boosting on a device's columns: the host's trees, where the device computes f32 as IEEE 754 has it; else they
 * differ where splits are worth the same to seven digits. Two readbacks: 16 bytes on the labels and 8 a feature, then the trees; with
 * early stopping 16 bytes on the validation rows, 4 bytes every eight trees, and 128 at the end. Validation rows that are
 * on the host go up.
 * @throws TRAIN_DATA, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function gbdtOnDevice(
  task: TrainTask & { readonly train: DeviceRelation },
  params: Readonly<Record<keyof typeof GBDT_PARAMS, number>>,
  ctx: TrainContext,
): Promise<TrainedModel> {
  const { signal } = ctx
  const { features, target } = task
  const { table } = task.train
  const job = new Job(table)
  try {
    throwIfAborted(signal)
    const sample = sampleOf(table.rows, features.length, task.seed)
    const { labels, found } = await labelsOf(job, table, target)
    const all = await cutEdges(job, table, features, params.maxBins, sample)
    const told = await job.download([
      { from: found, at: 0, words: 4 },
      { from: all.counts, at: 0, words: features.length },
      { from: all.present, at: 0, words: features.length },
    ])
    const positives = positivesOf(told, target)
    checkClasses({ rows: table.rows, positives }, target)
    throwIfAborted(signal)
    const base = Math.log(positives / (table.rows - positives))
    // a feature without borders can still tell rows that miss it
    const has = (f: number) => told[4 + f] !== 0 || (told[4 + features.length + f] ?? 0) < sample.rows
    const used = features.map((_, f) => f).filter(has)
    const bins: Bins = { job, names: used.map((f) => features[f] as string), edges: edgesOf(job, all, used) }
    const trees = used.length === 0 ? [] : await grown(task, params, ctx, bins, labels, base)
    const inAll = trees.map((tree) => ({ ...tree, feature: tree.feature.map((f) => used[f] as number) }))
    return { format: 1, kind: 'gbdt', features, target, params, body: forestBody(inAll, features.length, base) }
  } finally {
    job.close()
  }
}

/** The features that can tell rows apart, and their borders. */
interface Bins {
  readonly job: Job
  readonly names: readonly string[]
  readonly edges: Edges
}

async function grown(
  { train: { table }, validate, target }: TrainTask & { readonly train: DeviceRelation },
  params: Readonly<Record<keyof typeof GBDT_PARAMS, number>>,
  { signal, progress }: TrainContext,
  { job, names, edges }: Bins,
  labels: GPUBuffer,
  base: number,
) {
  const train = { rows: table.rows, labels, bins: await binned(job, table, names, edges) }
  const judges = params.earlyStopping > 0 && validate ? await onDevice(table, validate, [...names, target]) : undefined
  try {
    const judged = judges && (await judging(judges, { job, names, edges }, target))
    return await boost(job, { train, validate: judged, features: names.length, edges, base, params }, (done) => {
      progress({ done, total: params.trees, unit: 'steps' })
      throwIfAborted(signal)
    })
  } finally {
    if (judges && validate && !isOnDevice(validate)) release(judges)
  }
}

async function judging(table: DeviceTable, { job, names, edges }: Bins, target: string): Promise<BinnedRows> {
  const { labels, found } = await labelsOf(job, table, target)
  const bins = await binned(job, table, names, edges)
  positivesOf(await job.download([{ from: found, at: 0, words: 4 }]), target)
  return { rows: table.rows, labels, bins }
}

/** A relation's columns beside those of another table. */
const onDevice = ({ device, transfers, words }: DeviceTable, relation: Relation, names: readonly string[]) =>
  isOnDevice(relation) ? relation.table : upload(relation, device, transfers, words, names)

/** @throws TRAIN_DATA for a label that is neither 0 nor 1 */
function positivesOf(told: Uint32Array, target: string): number {
  const { positives, wrong } = toldOf(told)
  if (wrong !== undefined) throw badLabel(wrong, target)
  return positives
}
