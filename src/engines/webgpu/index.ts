import { GalleyError } from '../../base/errors.ts'
import { type Node, type Plan, plan } from '../../plan/nodes.ts'
import type { Batch } from '../batch.ts'
import type { Engine, Gap, Prepared, RunContext } from '../engine.ts'
import { type Device, noDevice, openDevice } from './device.ts'
import { comesDown, type Job, onHost, staysOnDevice } from './relation.ts'
import { Shelf } from './shelf.ts'
import { type Started, start, together } from './started.ts'
import { streamedOf } from './streamed.ts'
import type { DeviceRelation } from './table.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { explainWhole, sameCodes, type Whole, wholeOf } from './whole.ts'

export type { Device } from './device.ts'

export interface WebgpuOptions {
  /** Reads scans, and runs a plan whose values fail, to say which. */
  readonly host: Engine
  /** Opens the device when the first plan runs; the machine's own when absent. */
  readonly open?: () => Promise<Device>
  /** Memory that all runs together may hold on the device, MiB. */
  readonly memoryMiB: number
  /** Rows that are computed together; as many as memory takes when absent. */
  readonly segment?: number
  /** Told when a plan goes to the host instead, and why: there is no device, or it was lost. */
  say?(why: string): void
  /** Told when a value failed on the device, so that the host computes the plan, which says what failed, if anything. */
  failed?(why: string): void
}

/** The engine, and the tables that it left on the device as what further plans scan. */
export interface WebgpuEngine extends Engine {
  /** Bytes that all runs may hold on the device at once. */
  readonly budget: number
  /** A scan of rows on the device. `made` is the plan that gave them: where the device fails, the host reads that. */
  scan(relation: DeviceRelation, made: Node): Node
  /** A plan over such scans as the host makes it ready, from what their rows were made of. */
  onHost(p: Plan): Prepared | readonly Gap[]
  /** Puts other rows of the same plan in the place of a scan's. */
  swap(scan: Node, relation: DeviceRelation): void
  /** Ends such a scan; the relation is its owner's to close. */
  forget(scan: Node): void
  /**
   * Computes a plan whose rows stay on the device, and waits for nothing: `rows` where it is known how many there are.
   * @throws DEVICE_MISSING, ENGINE_GAP naming the nodes that it does not do; DeviceFault
   */
  start(p: Plan, ctx: RunContext, how: { readonly rows?: number; readonly guesses: boolean }): Promise<Started>
  /**
   * Several small results in two readbacks, the first of which proves what was started; `most` where it is known how many rows one has.
   * @throws the same, FailedOnDevice, BeyondGuess
   */
  together(
    plans: readonly Plan[],
    ctx: RunContext,
    started: readonly Started[],
    most?: readonly (number | undefined)[],
  ): Promise<Batch[]>
}

export const isWebgpu = (engine: Engine): engine is WebgpuEngine => engine.name === 'webgpu'

/**
 * The engine on the graphics device. It takes a chain of filters and derived columns over a scan, and an aggregate on top
 * of it, whose values it computes exactly: integers, times, truth, and texts and floats as far as they are compared,
 * grouped by or handed on. The columns go up once and the result comes down once.
 */
export function createWebgpuEngine(options: WebgpuOptions): WebgpuEngine {
  const shelf = new Shelf()
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
  const there = async (): Promise<Device> => {
    const found = await device()
    if (typeof found === 'string') throw noDevice(found)
    return found
  }
  const wholes = (plans: readonly Plan[]): Whole[] => {
    try {
      return plans.map((p) => wholeOf(p.root, options.host, shelf))
    } catch (thrown) {
      if (!(thrown instanceof DeviceGap)) throw thrown
      throw new GalleyError('ENGINE_GAP', {
        what: "webgpu can't compute the recipe as a whole",
        why: `${thrown.node}: ${thrown.message}`,
        fix: 'leave out the columns that need it, or compute on the processor',
      })
    }
  }
  const budget = options.memoryMiB * 2 ** 20
  return {
    ...{ name: 'webgpu', budget },
    async start(p, ctx, how) {
      const [whole] = wholes([p])
      return start(whole as Whole, await there(), budget, ctx, how)
    },
    together: async (plans, ctx, started, most) => together(wholes(plans), await there(), budget, ctx, started, most),
    prepare(p: Plan): Prepared | readonly Gap[] {
      try {
        const job = jobOf(p, options, shelf)
        return {
          estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: stats.bytes }),
          explain: () => job.streamed?.code ?? explainWhole(job.whole()),
          async run(ctx, sink) {
            if (typeof sink === 'object')
              throw new GalleyError('ENGINE_GAP', { what: 'the device writes no files', fix: "ask for 'batches'" })
            const there = await device()
            if (typeof there !== 'string')
              return sink === 'device' ? staysOnDevice(job, there, ctx) : comesDown(job, there, ctx)
            if (sink === 'device') throw noDevice(there)
            options.say?.(there)
            return onHost(job).run(ctx, sink)
          },
        }
      } catch (thrown) {
        if (!(thrown instanceof DeviceGap)) throw thrown
        return [{ node: thrown.node, reason: thrown.message }]
      }
    },
    scan: (relation, made) => shelf.put(relation, made),
    onHost: (p) => options.host.prepare(plan(shelf.onHost(p.root))),
    swap: (scan, relation) => shelf.swap(scan, relation),
    forget: (scan) => shelf.drop(scan),
    async close() {
      const closing = opened
      opened = undefined
      ;(await closing?.catch(() => undefined))?.close()
    },
  }
}

/** A chain over a scan, with groups on top or not, is computed part by part; all else with its tables as a whole. */
function jobOf(p: Plan, options: WebgpuOptions, shelf: Shelf): Job {
  let whole: Whole | undefined
  const streamed = shelf.scannedBy(p.root).length > 0 ? undefined : streamedOf(p.root, options.host)
  const job: Job = {
    streamed,
    plan: p,
    host: options.host,
    budget: options.memoryMiB * 2 ** 20,
    segment: options.segment,
    instead: plan(shelf.onHost(p.root)),
    whole: () => (whole && sameCodes(whole) ? whole : (whole = wholeOf(p.root, options.host, shelf))),
    say: (why) => options.say?.(why),
    failed: (why) => options.failed?.(why),
  }
  if (!streamed) job.whole()
  return job
}
