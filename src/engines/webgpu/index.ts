import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Plan } from '../../plan/nodes.ts'
import type { Batch, Column } from '../batch.ts'
import { type Engine, type Gap, isGaps, type Prepared, type Relation, type RunContext } from '../engine.ts'
import { type Device, DeviceFault, openDevice } from './device.ts'
import { FailedOnDevice } from './run.ts'
import { compute, type Streamed, streamedOf } from './streamed.ts'
import { DeviceGap } from './wgsl/emit.ts'

export type { Device } from './device.ts'

export interface WebgpuOptions {
  /** Reads scans, and runs a plan whose values fail, to say which. */
  readonly host: Engine
  /** Opens the device when the first plan runs; the machine's own when absent. */
  readonly open?: () => Promise<Device>
  /** Memory that a run may hold on the device, MiB. */
  readonly memoryMiB: number
  /** Rows that are computed together; as many as memory takes when absent. */
  readonly segment?: number
  /** Told when a plan goes to the host instead, and why: there is no device, or it was lost. */
  say?(why: string): void
}

/**
 * The engine on the graphics device. It takes a chain of filters and derived columns over a scan, and an aggregate on top
 * of it, whose values it computes exactly: integers, times, truth, and texts and floats as far as they are compared,
 * grouped by or handed on. The columns go up once and the result comes down once.
 */
export function createWebgpuEngine(options: WebgpuOptions): Engine {
  let opened: Promise<Device> | undefined
  /** The device, or why there is none; one that was lost is opened anew. */
  const device = async (): Promise<Device | string> => {
    try {
      const former = opened
      // several runs may find it lost at once: one of them opens it anew
      if (former && (await former).lost() && opened === former) opened = undefined
      return await (opened ??= (options.open ?? openDevice)())
    } catch (thrown) {
      opened = undefined
      if (thrown instanceof GalleyError && thrown.code === 'DEVICE_MISSING') return thrown.why ?? thrown.what
      throw thrown
    }
  }
  return {
    name: 'webgpu',
    prepare(p: Plan): Prepared | readonly Gap[] {
      try {
        const streamed = streamedOf(p.root, options.host)
        if (!streamed)
          return [{ node: p.root.op, reason: 'the device takes filters, derived columns and an aggregate over a scan' }]
        const job = { streamed, whole: p, options }
        return {
          estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: stats.bytes }),
          explain: () => streamed.code,
          async run(ctx, sink) {
            if (sink !== 'batches')
              throw new GalleyError('ENGINE_GAP', { what: 'the device writes no files', fix: "ask for 'batches'" })
            const there = await device()
            if (typeof there !== 'string') return relation(job, there, ctx)
            options.say?.(there)
            return onHost(p, options.host).run(ctx, sink)
          },
        }
      } catch (thrown) {
        if (!(thrown instanceof DeviceGap)) throw thrown
        return [{ node: thrown.node, reason: thrown.message }]
      }
    },
    async close() {
      const closing = opened
      opened = undefined
      ;(await closing?.catch(() => undefined))?.close()
    },
  }
}

/** A plan made ready. */
interface Job {
  readonly streamed: Streamed
  readonly whole: Plan
  readonly options: WebgpuOptions
}

function relation({ streamed, whole, options }: Job, device: Device, ctx: RunContext): Relation {
  return {
    place: 'host',
    schema: whole.root.schema,
    rows: Number.NaN,
    async *batches(names) {
      const means = { device, budget: options.memoryMiB * 2 ** 20, segment: options.segment }
      const made = await compute(streamed, means, ctx).catch(async (thrown: unknown) => {
        throwIfAborted(ctx.signal)
        const fault = device.lost() ?? (thrown instanceof DeviceFault ? thrown.message : undefined)
        if (fault) options.say?.(fault)
        else if (!(thrown instanceof FailedOnDevice)) throw thrown
        return collected(await onHost(whole, options.host).run(ctx, 'batches'))
      })
      throwIfAborted(ctx.signal)
      for (const batch of made) yield names ? picked(batch, names) : batch
    },
    close: () => {},
  }
}

/** The plan on the host, where a failure is told in its own words. @throws ENGINE_GAP */
function onHost(whole: Plan, host: Engine): Prepared {
  const prepared = host.prepare(whole)
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

/** A batch that outlives the next pull. */
const owned = (batch: Batch): Batch => ({
  ...batch,
  columns: batch.columns.map(
    (c): Column =>
      c.kind === 'fixed'
        ? { ...c, values: c.values.slice() as typeof c.values, validity: c.validity?.slice() ?? null }
        : c,
  ),
})

function picked(batch: Batch, names: readonly string[]): Batch {
  const at = names.map((name) => batch.schema.findIndex((f) => f.name === name)).filter((i) => i >= 0)
  return {
    schema: at.map((i) => batch.schema[i] as Batch['schema'][number]),
    rows: batch.rows,
    columns: at.map((i) => batch.columns[i] as Column),
  }
}
