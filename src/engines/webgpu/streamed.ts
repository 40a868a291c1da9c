import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Type } from '../../plan/types.ts'
import { type Batch, batchBytes } from '../batch.ts'
import { type Engine, isGaps, type Prepared, type RunContext } from '../engine.ts'
import { chainOf, lower, type Program } from '../row/lower.ts'
import { isLate } from './aggregates.ts'
import { ahead } from './arrive.ts'
import { type Chain, chainOver, runChain } from './chain.ts'
import type { Device } from './device.ts'
import { anyInputs, fuse, readColumns } from './fused.ts'
import { Dictionary, lengthOf, type RowWords, segmentRows, segments } from './gather.ts'
import { type Grouper, Groups, grouperOf, groupsOf } from './grouped.ts'
import { upload } from './packing.ts'
import { Recorder } from './recorder.ts'
import { download } from './run.ts'
import { OutOfRoom, Transfers } from './transfers.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'

/** A plan whose rows need not be on the device all at once: a chain over a scan, and groups on top of it. */
export interface Streamed {
  readonly chain: Chain
  /** Places of the columns that are read, and the rows of these. */
  readonly read: readonly number[]
  readonly source: Prepared
  readonly grouper: Grouper | undefined
  /** Texts that the code names. */
  readonly names: string[]
  readonly code: string
}

/** Undefined for a plan of another form. @throws DeviceGap */
export function streamedOf(root: Node, host: Engine): Streamed | undefined {
  const grouped = groupsOf(root)
  const { base, chain } = chainOf(grouped?.input ?? root)
  if (base.op !== 'scan') return undefined
  const grouper = grouped && grouperOf(grouped)
  // some aggregates take all rows of a group, in their order
  if (grouper?.accumulators.some(isLate)) return undefined
  const program = lower(grouper ? [...chain, grouper.rows] : chain, base.schema)
  const read = readColumns(program)
  const names: string[] = []
  const { code } = fuse(program, anyInputs(program), names)
  const source = host.prepare(plan(scanOf(base, read)))
  if (isGaps(source)) throw new DeviceGap(source[0]?.node ?? 'scan', source[0]?.reason ?? 'it is not read')
  return { chain: chainOver(program, undefined), read, source, grouper, names, code }
}

/** The scan with the columns that are read alone; any one where none is, since its rows are counted. */
export function scanOf(base: Extract<Node, { op: 'scan' }>, read: readonly number[]): Node {
  const columns = (read.length > 0 ? read : [0]).map((i) => base.schema[i]?.name as string)
  return build({ op: 'select', input: base, columns: columns.map((name) => [name, { op: 'col', name }] as const) })
}

/** What a run may use. */
export interface Means {
  readonly device: Device
  /** Bytes that it may hold on the device. */
  readonly budget: number
  /** Rows that are computed together; as many as memory takes when absent. */
  readonly segment: number | undefined
}

/** Computes segment by segment: what a segment gives comes down before the next one goes up. @throws FailedOnDevice */
export async function compute(
  { chain, read, source, grouper, names }: Streamed,
  { device, budget, segment: given }: Means,
  ctx: RunContext,
): Promise<Batch[]> {
  const words = new Dictionary(names)
  const groups = grouper && new Groups(grouper, words)
  const rows = await source.run(ctx, 'batches')
  const out: Batch[] = []
  const most =
    given ?? segmentRows(wordsARow(chain.program, read, grouper), device.largestBuffer, budget - device.memory.live)
  try {
    const columns = read.length > 0 ? rows.schema : []
    for await (const segment of ahead(segments(rows.batches(), columns, words, Math.max(1, most)))) {
      throwIfAborted(ctx.signal)
      const copied = segment.columns.reduce((n, c) => n + c.words.byteLength, 0)
      ctx.ledger.add('webgpu', 'copied', copied)
      const transfers = new Transfers(device, ctx.ledger, budget)
      try {
        const recorder = new Recorder(device, transfers)
        const there = await upload(recorder, segment, columns)
        if (groups) await groups.add(recorder, there, chain.program, names)
        else out.push(await download(recorder, await runChain(recorder, there, chain, names, words), words))
      } finally {
        transfers.close()
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof OutOfRoom)) throw thrown
    throw new GalleyError('ENGINE_FAILED', {
      what: "the plan needs more of the graphics device's memory than it may take",
      why: thrown.message,
      fix: 'give it more (memoryMiB; --memory of galley bench gpu), take fewer rows, or compute it on the processor',
      cause: thrown,
    })
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
  // the outputs with gaps, without them, and on their way down; the numbers of the kept rows. Before them the inputs as they came
  if (!grouper) return { largest: Math.max(input, output, 1), all: input + Math.max(input, 3 * output + 2) }
  const keys = grouper.by.length * 3
  const acc = grouper.accumulators.reduce((n, a) => n + a.words, 0)
  // a table of two to four times as many slots as rows, each with its first row; groups, and those on their way down
  return {
    largest: Math.max(input, output, keys, acc, 4),
    all: input + Math.max(input, output + 2 * (keys + acc) + 11),
  }
}
