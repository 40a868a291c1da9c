import { once } from 'node:events'
import avro from 'avsc'
import { sha256 } from '../../../base/hash.ts'

/** A number of the specification that names a field. */
type Numbered = { readonly name: string; readonly type: unknown; readonly 'field-id': number; readonly default?: null }

const field = (id: number, name: string, type: unknown): Numbered => ({ name, type, 'field-id': id })
const optional = (id: number, name: string, type: unknown): Numbered => ({
  ...field(id, name, ['null', type]),
  default: null,
})
/** A map with whole numbers for keys, which Avro writes as a list of pairs. */
const byNumber = (key: number, value: number, type: string) => ({
  type: 'array',
  logicalType: 'map',
  items: {
    type: 'record',
    name: `k${key}_v${value}`,
    fields: [field(key, 'key', 'int'), field(value, 'value', type)],
  },
})

/** An entry of a manifest (Iceberg, table format 2): a data file of the table. */
export const MANIFEST_ENTRY = {
  type: 'record',
  name: 'manifest_entry',
  fields: [
    field(0, 'status', 'int'),
    optional(1, 'snapshot_id', 'long'),
    optional(3, 'sequence_number', 'long'),
    optional(4, 'file_sequence_number', 'long'),
    field(2, 'data_file', {
      type: 'record',
      name: 'r2',
      fields: [
        field(134, 'content', 'int'),
        field(100, 'file_path', 'string'),
        field(101, 'file_format', 'string'),
        field(102, 'partition', { type: 'record', name: 'r102', fields: [] }),
        field(103, 'record_count', 'long'),
        field(104, 'file_size_in_bytes', 'long'),
        optional(109, 'value_counts', byNumber(119, 120, 'long')),
        optional(110, 'null_value_counts', byNumber(121, 122, 'long')),
        optional(137, 'nan_value_counts', byNumber(138, 139, 'long')),
        optional(125, 'lower_bounds', byNumber(126, 127, 'bytes')),
        optional(128, 'upper_bounds', byNumber(129, 130, 'bytes')),
      ],
    }),
  ],
} as const

/** An entry of a manifest list: a manifest of the snapshot. */
export const MANIFEST_FILE = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
  ],
} as const

/** Records as an Avro file, with the header's own entries. Equal records are equal bytes. */
export async function avroFile(
  schema: object,
  records: readonly object[],
  header: Readonly<Record<string, string>>,
): Promise<Buffer> {
  const options = {
    codec: 'deflate',
    metadata: Object.fromEntries(Object.entries(header).map(([name, text]) => [name, Buffer.from(text)])),
    syncMarker: Buffer.from(sha256(JSON.stringify(header)), 'hex').subarray(0, 16),
  }
  // union branches without a wrapper: one of them is null
  const encoder = new avro.streams.BlockEncoder(schema as never, options)
  const pieces: Buffer[] = []
  encoder.on('data', (piece: Buffer) => pieces.push(piece))
  const ended = once(encoder, 'end')
  for (const record of records) if (!encoder.write(record)) await once(encoder, 'drain')
  encoder.end()
  await ended
  return Buffer.concat(pieces)
}
