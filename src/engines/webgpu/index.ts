import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { build, type Node, type Plan, plan } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'
import { type Batch, batchBytes, type Column } from '../batch.ts'
import { type Engine, type Gap, isGaps, type Prepared, type Relation, type RunContext } from '../engine.ts'
import { chainOf, lower, type Program } from '../row/lower.ts'
import { type Device, DeviceFault, openDevice } from './device.ts'
import { fuse, readColumns } from './fused.ts'
import { Dictionary, lengthOf, type RowWords, segmentRows, segments } from './gather.ts'
import { type Grouper, Groups, grouperOf } from './grouped.ts'
import { FailedOnDevice, runSegment } from './run.ts'
import { Transfers } from './transfers.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'

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
        const grouped = groupsOf(p.root)
        const grouper = grouped && grouperOf(grouped)
        const { base, chain } = chainOf(grouper?.rows ?? p.root)
        if (base.op !== 'scan')
          return [{ node: base.op, reason: 'the device takes filters, derived columns and an aggregate over a scan' }]
        const program = lower(chain, base.schema)
        const read = readColumns(program)
        const { code } = fuse(program, read, () => true)
        const source = options.host.prepare(plan(scanOf(base, read)))
        if (isGaps(source)) return source
        const job = { program, read, source, grouper, whole: p, options }
        return {
          estimate: (stats) => ({ rows: stats.rows, bytes: stats.bytes, moved: stats.bytes }),
          explain: () => code,
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

/** A plan that ends in groups: an aggregate, or different rows, which are groups of all columns without an aggregate. */
function groupsOf(root: Node): Extract<Node, { op: 'aggregate' }> | undefined {
  if (root.op === 'aggregate') return root
  if (root.op !== 'distinct') return undefined
  const by = root.schema.map((f) => f.name)
  return build({ op: 'aggregate', input: root.input, by, aggs: [] }) as Extract<Node, { op: 'aggregate' }>
}

/** The scan with the columns that are read alone; any one where none is, since its rows are counted. */
function scanOf(base: Extract<Node, { op: 'scan' }>, read: readonly number[]): Node {
  const columns = (read.length > 0 ? read : [0]).map((i) => base.schema[i]?.name as string)
  return build({ op: 'select', input: base, columns: columns.map((name) => [name, { op: 'col', name }] as const) })
}

/** A plan made ready. */
interface Job {
  readonly program: Program
  /** Places of the columns that are read, and the rows of these. */
  readonly read: readonly number[]
  readonly source: Prepared
  readonly grouper: Grouper | undefined
  readonly whole: Plan
  readonly options: WebgpuOptions
}

function relation(job: Job, device: Device, ctx: RunContext): Relation {
  const { whole, options } = job
  return {
    place: 'host',
    schema: whole.root.schema,
    rows: Number.NaN,
    async *batches(names) {
      const made = await compute(job, device, ctx).catch(async (thrown: unknown) => {
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

async function compute(
  { program, read, source, grouper, options }: Job,
  device: Device,
  ctx: RunContext,
): Promise<Batch[]> {
  const words = new Dictionary(fuse(program, read, () => true).words)
  const work = { device, program, read, words }
  const groups = grouper && new Groups(grouper, words)
  const rows = await source.run(ctx, 'batches')
  const out: Batch[] = []
  const budget = options.memoryMiB * 2 ** 20
  const most = options.segment ?? segmentRows(wordsARow(program, read, grouper), device.largestBuffer, budget)
  try {
    const columns = read.length > 0 ? rows.schema : []
    for await (const segment of segments(rows.batches(), columns, words, Math.max(1, most))) {
      throwIfAborted(ctx.signal)
      ctx.ledger.add(
        'webgpu',
        'copied',
        segment.columns.reduce((n, c) => n + c.words.byteLength, 0),
      )
      const transfers = new Transfers(device, ctx.ledger, budget)
      try {
        if (groups) await groups.add(work, transfers, segment)
        else out.push(await runSegment(work, transfers, segment))
      } finally {
        transfers.close()
      }
    }
  } finally {
    rows.close()
  }
  const made = groups ? [groups.batch()] : out
  ctx.ledger.add(
    'webgpu',
    'bytesOut',
    made.reduce((n, batch) => n + batchBytes(batch), 0),
  )
  return made
}

/** What a row takes on the device: its inputs; its outputs twice, with gaps and without; or its part of a hash table. */
function wordsARow(program: Program, read: readonly number[], grouper: Grouper | undefined): RowWords {
  // a bit of validity or truth is counted as an eighth of a word, which it is not even
  const wordsOf = (types: readonly Type[]) => types.reduce((n, t) => n + lengthOf(repOf(t) ?? 'u32', 8) / 8 + 1 / 8, 0)
  const input = wordsOf(read.map((i) => program.input[i]?.type ?? 'bool'))
  const output = wordsOf(program.output.map((f) => f.type))
  // the outputs with gaps, without them, and on their way down
  if (!grouper) return { largest: Math.max(input, output, 1), all: input + 3 * output + 1 }
  const keys = grouper.by.length * 3
  const acc = grouper.accumulators.reduce((n, a) => n + a.words, 0)
  // a table of two to four times as many slots as rows, each with its number; groups, and those on their way down
  return { largest: Math.max(input, output, keys, acc, 4), all: input + output + 2 * (keys + acc) + 10 }
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
