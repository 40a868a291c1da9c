import { GalleyError } from '../../base/errors.ts'
import { build, type Node, type Plan, plan } from '../../plan/nodes.ts'
import type { Batch, Column } from '../batch.ts'
import { type Engine, type Gap, isGaps, type Prepared, type Relation, type RunContext } from '../engine.ts'
import { chainOf, lower, type Program } from '../row/lower.ts'
import { type Device, openDevice } from './device.ts'
import { fuse, readColumns } from './fused.ts'
import { SEGMENT, segments, Words } from './gather.ts'
import { FailedOnDevice, runSegment } from './run.ts'
import { Transfers } from './transfers.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'

export { type Device, openDevice } from './device.ts'

export interface WebgpuOptions {
  /** Reads scans, and runs a plan whose values fail, to say which. */
  readonly host: Engine
  /** Opens the device when the first plan runs; the machine's own when absent. */
  readonly open?: () => Promise<Device>
  /** Memory that a run may hold on the device, MiB. */
  readonly memoryMiB: number
  /** Rows that are computed together; 2²⁰ when absent. */
  readonly segment?: number
}

/**
 * The engine on the graphics device. It takes a chain of filters and derived columns over a scan, whose values it
 * computes exactly: integers, times, truth, and texts and floats as far as they are compared or handed on. The columns go
 * up once and the result comes down once.
 */
export function createWebgpuEngine(options: WebgpuOptions): Engine {
  let opened: Promise<Device> | undefined
  const device = (): Promise<Device> => (opened ??= (options.open ?? openDevice)())
  return {
    name: 'webgpu',
    prepare(p: Plan): Prepared | readonly Gap[] {
      const { base, chain } = chainOf(p.root)
      if (base.op !== 'scan')
        return [{ node: base.op, reason: 'the device takes filters and derived columns over a scan' }]
      const held = base.schema.filter((f) => repOf(f.type) === undefined).map((f) => f.name)
      try {
        const program = lower(chain, base.schema)
        const read = readColumns(program)
        const { code } = fuse(program, read, () => true)
        const scan = scanOf(base, read)
        const source = options.host.prepare(plan(scan))
        if (isGaps(source)) return source
        return {
          estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: stats.bytes }),
          explain: () => code,
          async run(ctx, sink) {
            if (sink !== 'batches')
              throw new GalleyError('ENGINE_GAP', { what: 'the device writes no files', fix: "ask for 'batches'" })
            return relation(program, read, source, p, await device(), options, ctx)
          },
        }
      } catch (thrown) {
        if (!(thrown instanceof DeviceGap)) throw thrown
        return [
          { node: thrown.node, reason: held.length > 0 ? `${thrown.message} (${held.join(', ')})` : thrown.message },
        ]
      }
    },
    async close() {
      const closing = opened
      opened = undefined
      ;(await closing)?.close()
    },
  }
}

/** The scan with the columns that are read alone; one of them where none is, since rows must be counted. */
function scanOf(base: Extract<Node, { op: 'scan' }>, read: readonly number[]): Node {
  const columns = (read.length > 0 ? read : [0]).map((i) => base.schema[i]?.name as string)
  return build({ op: 'select', input: base, columns: columns.map((name) => [name, { op: 'col', name }] as const) })
}

function relation(
  program: Program,
  read: readonly number[],
  source: Prepared,
  whole: Plan,
  device: Device,
  options: WebgpuOptions,
  ctx: RunContext,
): Relation {
  const schema = program.output
  return {
    place: 'host',
    schema,
    rows: Number.NaN,
    async *batches(names) {
      const made = await compute(program, read, source, device, options, ctx).catch(async (thrown: unknown) => {
        if (!(thrown instanceof FailedOnDevice)) throw thrown
        return instead(whole, options.host, ctx)
      })
      for (const batch of made) yield names ? picked(batch, names) : batch
    },
    close: () => {},
  }
}

async function compute(
  program: Program,
  read: readonly number[],
  source: Prepared,
  device: Device,
  { memoryMiB, segment = SEGMENT }: WebgpuOptions,
  ctx: RunContext,
): Promise<Batch[]> {
  const words = new Words(fuse(program, read, () => true).words)
  const rows = await source.run(ctx, 'batches')
  const out: Batch[] = []
  const columns = read.length > 0 ? rows.schema : rows.schema.slice(0, 1)
  for await (const part of segments(rows.batches(), columns, words, segment)) {
    const transfers = new Transfers(device, ctx.ledger, memoryMiB * 2 ** 20)
    try {
      out.push(
        await runSegment(device, transfers, program, read, read.length > 0 ? part : { ...part, columns: [] }, words),
      )
    } finally {
      transfers.close()
    }
  }
  rows.close()
  return out
}

/** A value failed that a surviving row uses: the other engine says which, in its own words. */
async function instead(whole: Plan, host: Engine, ctx: RunContext): Promise<Batch[]> {
  const prepared = host.prepare(whole)
  if (isGaps(prepared))
    throw new GalleyError('VALUE_INVALID', {
      what: 'a value does not fit its operation',
      why: 'a row of the result uses it',
    })
  const relation = await prepared.run(ctx, 'batches')
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
  const at = names.map((name) => batch.schema.findIndex((f) => f.name === name))
  return {
    schema: at.map((i) => batch.schema[i] as Batch['schema'][number]),
    rows: batch.rows,
    columns: at.map((i) => batch.columns[i] as Column),
  }
}
