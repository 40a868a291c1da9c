import { GalleyError } from '../../../base/errors.ts'
import type { Batch, Column } from '../../../engines/batch.ts'
import type { RunContext } from '../../../engines/engine.ts'
import type { WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { upload } from '../../../engines/webgpu/learn/upload.ts'
import { picked } from '../../../engines/webgpu/relation.ts'
import { batchOf } from '../../../engines/webgpu/run.ts'
import { type Started, wordsFor } from '../../../engines/webgpu/started.ts'
import type { DeviceRelation } from '../../../engines/webgpu/table.ts'
import { OutOfRoom, Transfers } from '../../../engines/webgpu/transfers.ts'
import type { Node } from '../../../plan/nodes.ts'
import { nodes } from '../../../plan/walk.ts'
import { SPILL } from './means.ts'

/** Rows on the device that stay from one stage to the next. */
export interface Resident {
  readonly root: Node
  readonly scan: Node
  started: Started
  /** Whether a readback said that all went well. */
  proved: boolean
  /** The rows in the host's memory, while they are put aside. */
  aside?: readonly Batch[] | undefined
}

/** Room for what is computed: within the budget, or made by putting tables aside that nothing reads now. */
export interface Room {
  /** Runs work that reads the named tables, which are on the device then. @throws ENGINE_FAILED naming the option that makes room */
  within<T>(busy: readonly Resident[], ctx: RunContext, work: () => Promise<T>): Promise<T>
}

/** The tables that a plan scans. */
export function readBy(held: readonly Resident[], ...roots: readonly Node[]): Resident[] {
  const scans = new Set(roots.flatMap((root) => [...nodes(root)]))
  return held.filter((r) => scans.has(r.scan))
}

/** `held`: all tables that there are. Without `spill` none is put aside. */
export function roomFor(engine: WebgpuEngine, held: readonly Resident[], spill: boolean): Room {
  const made = async <T>(busy: readonly Resident[], work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work()
      } catch (thrown) {
        if (!(thrown instanceof OutOfRoom)) throw thrown
        const idle = spill ? held.find((r) => !busy.includes(r) && !r.aside && isCounted(r)) : undefined
        if (!idle) throw noRoom(thrown, spill)
        await putAside(idle)
      }
    }
  }
  return {
    async within(busy, ctx, work) {
      for (const r of busy) if (r.aside) await made(busy, () => bringBack(engine, r, ctx))
      return made(busy, work)
    },
  }
}

/** Whether the host knows how many rows there are. */
const isCounted = ({ started }: Resident): boolean => !started.relation.table.count

const noRoom = (cause: OutOfRoom, spills: boolean): GalleyError =>
  new GalleyError('ENGINE_FAILED', {
    what: "the recipe needs more of the graphics device's memory than it may take",
    why: spills ? `${cause.message}, with all tables put aside that nothing reads now` : cause.message,
    fix: `give it more (GALLEY_DEVICE_MEMORY, in MiB; --memory of galley bench)${spills ? '' : ', let it put tables aside in the host’s memory (device: { spill: true } in the recipe, or --spill of galley run)'}, or compute on the processor`,
    cause,
  })

/** Brings rows down, column by column, so that little room is needed for it, and frees them. */
async function putAside(resident: Resident): Promise<void> {
  const { relation, proof } = resident.started
  const { transfers, device, rows, columns, words } = relation.table
  transfers.stage = SPILL
  const { parts, check } = proof()
  const marks = parts.reduce((n, p) => n + p.words, 0)
  const down: Column[] = []
  for (const [i, column] of columns.entries()) {
    const proving = i === 0 ? parts : []
    const got = await transfers.download(device.gpu.createCommandEncoder(), [...proving, ...wordsFor(column, rows)])
    if (i === 0) check(got.subarray(0, marks))
    const own = batchOf([column], rows, i === 0 ? got.slice(marks) : got, words).columns[0]
    if (own) down.push(own)
  }
  resident.proved = true
  resident.aside = [{ schema: relation.schema, rows, columns: down }]
  relation.close()
}

/** Sends rows up again that were put aside. */
async function bringBack(engine: WebgpuEngine, resident: Resident, ctx: RunContext): Promise<void> {
  const { schema, table } = resident.started.relation
  const batches = resident.aside ?? []
  const transfers = new Transfers(table.device, ctx.ledger, engine.budget)
  transfers.stage = SPILL
  const host = {
    ...({ place: 'host', schema } as const),
    rows: batches.reduce((n, b) => n + b.rows, 0),
    close: () => {},
    async *batches(names?: readonly string[]) {
      for (const batch of batches) yield names ? picked(batch, names) : batch
    },
  } as const
  try {
    const again = await upload(host, table.device, transfers, table.words)
    const relation: DeviceRelation = { ...host, place: 'device', table: again, close: () => transfers.close() }
    resident.started = { relation, proof: () => ({ parts: [], check: () => {} }) }
    engine.swap(resident.scan, relation)
    resident.aside = undefined
  } catch (thrown) {
    transfers.close()
    throw thrown
  }
  transfers.stage = undefined
}
