import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Plan } from '../../plan/nodes.ts'
import { type Batch, batchBytes, type Column, owned } from '../batch.ts'
import { type Engine, isGaps, type Prepared, type Relation, type RunContext } from '../engine.ts'
import { arrive } from './arrive.ts'
import { type Device, DeviceFault } from './device.ts'
import { Dictionary } from './gather.ts'
import { Recorder } from './recorder.ts'
import { download, FailedOnDevice, settle } from './run.ts'
import { compute, type Streamed } from './streamed.ts'
import type { DeviceRelation } from './table.ts'
import { Transfers } from './transfers.ts'
import { type Computed, computeWhole, type Whole } from './whole.ts'

/** A plan made ready. */
export interface Job {
  readonly plan: Plan
  /** The same for the host, which does not see what lies on the device. */
  readonly instead: Plan
  /** The plan as one whose rows need not be there all at once, where it is of that form. */
  readonly streamed: Streamed | undefined
  readonly whole: () => Whole
  /** Reads scans, and runs a plan whose values fail, to say which. */
  readonly host: Engine
  /** Bytes that a run may hold on the device. */
  readonly budget: number
  /** Rows of a segment; as many as memory takes when absent. */
  readonly segment: number | undefined
  /** Told why a plan goes to the host. */
  say(why: string): void
  /** Told when a value failed. */
  failed(why: string): void
}

/** The result in the host's memory: computed when it is read. */
export function comesDown(job: Job, device: Device, ctx: RunContext): Relation {
  const { streamed, budget, segment } = job
  return {
    place: 'host',
    schema: job.plan.root.schema,
    rows: Number.NaN,
    async *batches(names) {
      const computing = streamed
        ? compute(streamed, { device, budget, segment }, ctx)
        : brought(job.whole(), device, budget, ctx)
      const made = await computing.catch((thrown: unknown) => instead(job, device, ctx, thrown))
      throwIfAborted(ctx.signal)
      for (const batch of made) yield names ? picked(batch, names) : batch
    },
    close: () => {},
  }
}

/** A whole plan's rows, brought down. */
async function brought(whole: Whole, device: Device, budget: number, ctx: RunContext): Promise<Batch[]> {
  const { recorder, rows, words } = await computeWhole(whole, device, budget, ctx)
  try {
    const batch = await download(recorder, rows, words)
    ctx.ledger.add('webgpu', 'bytesOut', batchBytes(batch))
    return [batch]
  } finally {
    recorder.transfers.close()
  }
}

/**
 * The result in the device's memory, computed at once; it is freed when the relation is closed. Where a value fails or the
 * device gives up, the host's result goes up in its place.
 */
export async function staysOnDevice(job: Job, device: Device, ctx: RunContext): Promise<DeviceRelation> {
  const { recorder, words, ...made } = await settled(job, device, ctx).catch(async (thrown: unknown) =>
    sentUp(job, device, await instead(job, device, ctx, thrown), ctx),
  )
  const { transfers } = recorder
  const { schema } = job.plan.root
  return {
    place: 'device',
    schema,
    rows: made.rows.most,
    table: { device, transfers, rows: made.rows.most, columns: made.rows.columns, words },
    async *batches(names) {
      const batch = await download(recorder, made.rows, words)
      throwIfAborted(ctx.signal)
      yield names ? picked(batch, names) : batch
    },
    close: () => transfers.close(),
  }
}

/** A whole plan's rows, when the host knows how many there are and that none failed. */
async function settled(job: Job, device: Device, ctx: RunContext): Promise<Computed> {
  const computed = await computeWhole(job.whole(), device, job.budget, ctx)
  const { recorder, rows } = computed
  try {
    return { ...computed, rows: { ...rows, most: await settle(recorder, rows), count: null } }
  } catch (thrown) {
    recorder.transfers.close()
    throw thrown
  }
}

/** The host's rows as a table on the device. */
async function sentUp(
  { plan, budget }: Job,
  device: Device,
  batches: readonly Batch[],
  ctx: RunContext,
): Promise<Computed> {
  const transfers = new Transfers(device, ctx.ledger, budget)
  try {
    const recorder = new Recorder(device, transfers)
    const words = new Dictionary([])
    const { schema } = plan.root
    async function* given() {
      yield* batches
    }
    const rows = await arrive(recorder, given(), schema, words, ctx)
    return { recorder, rows, words }
  } catch (thrown) {
    transfers.close()
    throw thrown
  }
}

/** What the host gives where the device could not; what is no fault of the device is thrown on. */
async function instead(job: Job, device: Device, ctx: RunContext, thrown: unknown): Promise<Batch[]> {
  throwIfAborted(ctx.signal)
  const fault = device.lost() ?? (thrown instanceof DeviceFault ? thrown.message : undefined)
  if (fault) job.say(fault)
  else if (thrown instanceof FailedOnDevice) job.failed(thrown.message)
  else throw thrown
  return collected(await onHost(job).run(ctx, 'batches'))
}

/** The plan on the host, where a failure is told in its own words. @throws ENGINE_GAP */
export function onHost({ instead, host }: Job): Prepared {
  const prepared = host.prepare(instead)
  if (!isGaps(prepared)) return prepared
  throw new GalleyError('ENGINE_GAP', {
    what: `${host.name} can't run the plan in the place of the device`,
    why: prepared.map((g) => `${g.node}: ${g.reason}`).join('; '),
  })
}

async function collected(relation: Relation): Promise<Batch[]> {
  const out: Batch[] = []
  for await (const batch of relation.batches()) out.push(owned(batch))
  return out
}

/** A batch's columns of these names, in their order. */
export function picked(batch: Batch, names: readonly string[]): Batch {
  const at = names.map((name) => batch.schema.findIndex((f) => f.name === name)).filter((i) => i >= 0)
  return {
    schema: at.map((i) => batch.schema[i] as Batch['schema'][number]),
    rows: batch.rows,
    columns: at.map((i) => batch.columns[i] as Column),
  }
}
