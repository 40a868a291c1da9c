import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sha256 } from '../../../base/hash.ts'
import { ownValue } from '../../../base/own.ts'
import type { Schema } from '../../../plan/types.ts'
import { readIfThere, writeFileAtomic } from '../../../store/files.ts'
import type { DataFile } from '../manifest.ts'
import type { Version } from '../version.ts'
import { avroFile, MANIFEST_ENTRY, MANIFEST_FILE } from './avro.ts'
import { boundBytes, icebergSchema, nameMapping } from './schema.ts'

const SEQUENCE = 1

/** A number of 52 bits from a text. */
const numberOf = (text: string): number => Number.parseInt(sha256(text).slice(0, 13), 16)
const uuidOf = (text: string): string =>
  sha256(text).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5')

/** The path of a version's table metadata. */
export const metadataPath = ({ folder }: Version): string => join(folder, 'metadata', 'v1.metadata.json')

/**
 * Writes a version as an Iceberg table (format 2) beside it: table metadata, manifest list and manifest in `metadata/`. Iceberg
 * names files by where they lie, so a data folder that moved is written anew; gives the path of the table's metadata.
 * @throws DISK_FULL
 */
export async function writeIceberg(version: Version): Promise<string> {
  const { manifest, folder } = version
  const at = (...names: string[]) => pathToFileURL(join(folder, ...names)).href
  const path = metadataPath(version)
  const { schema, fieldIds, files, rows, bytes } = manifest
  const columns = icebergSchema(schema, fieldIds)
  const identity = JSON.stringify([folder, files.map((f) => [f.path, f.sha256]), columns])
  const snapshot = numberOf(identity)
  const list = `snap-${snapshot}.avro`
  if ((await readIfThere(path))?.includes(JSON.stringify(at('metadata', list)))) return path
  const created = Date.parse(manifest.created)

  const entries = files.map((file) => entryOf(file, at(file.path), schema, fieldIds, snapshot))
  const name = `${snapshot}-m0.avro`
  const written = await avroFile(MANIFEST_ENTRY, entries, {
    ...{ schema: JSON.stringify(columns), 'schema-id': '0', 'partition-spec': '[]', 'partition-spec-id': '0' },
    ...{ 'format-version': '2', content: 'data' },
  })
  const listed = {
    ...{ manifest_path: at('metadata', name), manifest_length: written.byteLength, partition_spec_id: 0, content: 0 },
    ...{ sequence_number: SEQUENCE, min_sequence_number: SEQUENCE, added_snapshot_id: snapshot },
    ...{ added_files_count: files.length, existing_files_count: 0, deleted_files_count: 0 },
    ...{ added_rows_count: rows, existing_rows_count: 0, deleted_rows_count: 0 },
  }
  const lists = await avroFile(MANIFEST_FILE, [listed], {
    ...{ 'snapshot-id': String(snapshot), 'parent-snapshot-id': 'null', 'sequence-number': String(SEQUENCE) },
    'format-version': '2',
  })
  const table = {
    ...{ 'format-version': 2, 'table-uuid': uuidOf(dirname(folder)), location: at(), 'last-sequence-number': SEQUENCE },
    ...{ 'last-updated-ms': created, 'last-column-id': Math.max(0, ...Object.values(fieldIds)) },
    ...{ 'current-schema-id': 0, schemas: [columns] },
    ...{ 'default-spec-id': 0, 'partition-specs': [{ 'spec-id': 0, fields: [] }], 'last-partition-id': 999 },
    ...{ 'default-sort-order-id': 0, 'sort-orders': [{ 'order-id': 0, fields: [] }] },
    properties: { 'schema.name-mapping.default': JSON.stringify(nameMapping(schema, fieldIds)) },
    'current-snapshot-id': snapshot,
    snapshots: [
      {
        ...{ 'snapshot-id': snapshot, 'sequence-number': SEQUENCE, 'timestamp-ms': created, 'schema-id': 0 },
        'manifest-list': at('metadata', list),
        summary: { operation: 'append', 'total-records': String(rows), 'total-data-files': String(files.length), 'total-files-size': String(bytes) }, // biome-ignore format: one line
      },
    ],
    'snapshot-log': [{ 'snapshot-id': snapshot, 'timestamp-ms': created }],
    'metadata-log': [],
    refs: { main: { 'snapshot-id': snapshot, type: 'branch' } },
  }
  const to = join(folder, 'metadata')
  const before = await readdir(to).catch(() => [])
  await writeFileAtomic(join(to, name), written)
  await writeFileAtomic(join(to, list), lists)
  // the one that readers begin with comes last
  await writeFileAtomic(path, `${JSON.stringify(table, null, 1)}\n`)
  for (const old of before)
    if (old.endsWith('.avro') && old !== name && old !== list) await rm(join(to, old), { force: true })
  return path
}

function entryOf(file: DataFile, url: string, schema: Schema, ids: Version['manifest']['fieldIds'], snapshot: number) {
  const there = schema.flatMap((f) => {
    const found = ownValue(file.columns ?? {}, f.name)
    return found ? [{ f, found, id: ids[f.name] ?? 0 }] : []
  })
  const pairs = <T>(of: (c: (typeof there)[number]) => T | undefined) =>
    there.flatMap((c) => {
      const value = of(c)
      return value === undefined ? [] : [{ key: c.id, value }]
    })
  const scalar = ({ f }: (typeof there)[number]) => typeof f.type === 'string' || 'decimal' in f.type
  return {
    ...{ status: 1, snapshot_id: snapshot, sequence_number: SEQUENCE, file_sequence_number: SEQUENCE },
    data_file: {
      ...{ content: 0, file_path: url, file_format: 'PARQUET', partition: {} },
      ...{ record_count: file.rows, file_size_in_bytes: file.bytes },
      value_counts: pairs((c) => (scalar(c) ? file.rows : undefined)),
      null_value_counts: pairs((c) => (scalar(c) ? c.found.nulls : undefined)),
      nan_value_counts: pairs((c) =>
        c.f.type === 'float32' || c.f.type === 'float64' ? (c.found.nan ?? 0) : undefined,
      ),
      lower_bounds: pairs(({ f, found }) => boundBytes(f, found.min)),
      upper_bounds: pairs(({ f, found }) => boundBytes(f, found.max)),
    },
  }
}
