import type { Schema } from '../../../plan/types.ts'
import { type Batch, batchOf, type Value } from '../../batch.ts'
import type { Relation } from '../../engine.ts'
import { createLedger, type Ledger } from '../../ledger.ts'
import { type Device, openDevice } from '../device.ts'
import { Dictionary } from '../gather.ts'
import type { DeviceRelation, DeviceTable } from '../table.ts'
import { Transfers } from '../transfers.ts'
import { upload } from './upload.ts'

type Row = Readonly<Record<string, Value>>

let opened: Promise<Device> | undefined
/** The device that all tests of a file share. */
export const testDevice = (): Promise<Device> => (opened ??= openDevice())

const relationOf = (schema: Schema, rows: readonly Row[]): Relation => ({
  place: 'host',
  schema,
  rows: rows.length,
  close: () => {},
  async *batches(columns = schema.map((f) => f.name)): AsyncGenerator<Batch> {
    const some = columns.flatMap((name) => schema.filter((f) => f.name === name))
    for (let at = 0; at < rows.length; at += 4096) yield batchOf(some, rows.slice(at, at + 4096))
  },
})

/** Rows on the device, and the ledger of all that moves after they went up. */
export async function onDevice(
  schema: Schema,
  rows: readonly Row[],
  budget = 2 ** 30,
): Promise<{ table: DeviceTable; relation: DeviceRelation; ledger: Ledger }> {
  const device = await testDevice()
  const ledger = createLedger()
  const host = relationOf(schema, rows)
  const transfers = new Transfers(device, ledger, budget)
  const table = await upload(host, device, transfers, new Dictionary([]))
  return { table, ledger, relation: { ...host, place: 'device', table, close: () => transfers.close() } }
}
