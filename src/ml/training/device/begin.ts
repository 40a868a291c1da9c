import { throwIfAborted } from '../../../base/errors.ts'
import { labelsOf, toldOf } from '../../../engines/webgpu/learn/design.ts'
import { Job } from '../../../engines/webgpu/learn/job.ts'
import type { Part } from '../../../engines/webgpu/started.ts'
import type { DeviceRelation, DeviceTable } from '../../../engines/webgpu/table.ts'
import { badLabel, type ClassCounts, checkClasses } from '../intake.ts'
import type { TrainContext, TrainedModel, TrainTask } from '../trainer.ts'

/** A task whose rows lie on the device, and how many of them are of which class. */
export interface DeviceTask extends TrainTask {
  readonly train: DeviceRelation
  readonly classes: ClassCounts
}

/** A model that is learnt, still on the device: what is to come down of it, and how it scores before it has. */
export interface Begun {
  readonly parts: readonly Part[]
  /** The model that these words say; undefined when it is not over: asked anew, it goes on. @throws DeviceFault when the kernels did not run */
  tell(words: readonly Uint32Array[]): TrainedModel | undefined
  /** Log odds for rows on the same device, an f32 a row, which stay there. */
  scores(table: DeviceTable): Promise<GPUBuffer>
  /** Goes on where it is not over. */
  more?(): void
}

/** A trainer's way on the device; reads its own parameters. Nothing comes down, but for early stopping. */
export type Begin = (job: Job, task: DeviceTask, ctx: TrainContext) => Promise<Begun>

/** The trainers that learn on the device, each loaded when it is first used. */
const BEGIN: Readonly<Record<string, () => Promise<Begin>>> = {
  baseline: async () => (await import('./baseline.ts')).beginBaseline,
  logistic: async () => (await import('./logistic.ts')).beginLogistic,
  gbdt: async () => (await import('./gbdt.ts')).beginGbdt,
}

/** The way of a kind of trainer; undefined for one that learns on the host alone. */
export const beginOf = async (kind: string): Promise<Begin | undefined> =>
  Object.hasOwn(BEGIN, kind) ? BEGIN[kind]?.() : undefined

/**
 * Learns a task alone, in two readbacks: 16 bytes on the labels, then the model; early stopping takes more.
 * @throws TRAIN_DATA, CANCELLED; DeviceFault and DeviceGap when the device can't
 */
export async function learnOnDevice(
  begin: Begin,
  task: TrainTask & { readonly train: DeviceRelation },
  ctx: TrainContext,
): Promise<TrainedModel> {
  const job = new Job(task.train.table)
  try {
    throwIfAborted(ctx.signal)
    const classes = await classesOf(job, task.train.table, task.target)
    checkClasses(classes, task.target)
    throwIfAborted(ctx.signal)
    const begun = await begin(job, { ...task, classes }, ctx)
    for (;;) {
      const got = await job.download(begun.parts)
      throwIfAborted(ctx.signal)
      const model = begun.tell(cut(got, begun.parts))
      if (model) return model
      begun.more?.()
    }
  } finally {
    job.close()
  }
}

/** Words that came down together, by part. */
export function cut(got: Uint32Array, parts: readonly Part[]): Uint32Array[] {
  let at = 0
  return parts.map(({ words }) => got.slice(at, (at += words)))
}

/** Rows by class, in one readback of 16 bytes. @throws TRAIN_DATA for a label that is neither 0 nor 1 */
export async function classesOf(job: Job, table: DeviceTable, target: string): Promise<ClassCounts> {
  const { found } = await labelsOf(job, table, target)
  const { positives, wrong } = toldOf(await job.download([{ from: found, at: 0, words: 4 }]))
  if (wrong !== undefined) throw badLabel(wrong, target)
  return { rows: table.rows, positives }
}
