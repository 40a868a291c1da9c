import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avro from 'avsc'
import { afterAll, describe, expect, test } from 'vitest'
import type { Schema, Type } from '../../../plan/types.ts'
import { MANIFEST_FORMAT, type Manifest, numbered } from '../manifest.ts'
import { writeIceberg } from './metadata.ts'
import { boundBytes } from './schema.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-iceberg-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each<[Type, number | string, string]>([
  ['int32', -2, 'feffffff'],
  ['int64', '4294967296', '0000000001000000'],
  ['float64', 1.5, '000000000000f83f'],
  ['date', 1, '01000000'],
  ['timestamp', '-1', 'ffffffffffffffff'],
  ['string', '서', 'ec849c'],
  [{ decimal: [9, 2] }, '-12.50', 'fb1e'],
  [{ decimal: [9, 2] }, '1.28', '0080'],
])('a bound of a %o, %s, is written as the specification has it', (type, value, hex) => {
  expect(boundBytes({ name: 'c', type, nullable: true }, value)?.toString('hex')).toBe(hex)
})

describe('a version', () => {
  const schema: Schema = [
    { name: 'id', type: 'int64', nullable: true },
    { name: 'tags', type: { list: 'string' }, nullable: true },
    {
      name: 'place',
      type: {
        struct: [
          ['x', 'float64'],
          ['y', 'float64'],
        ],
      },
      nullable: true,
    },
  ]
  const manifest: Manifest = {
    ...{ format: MANIFEST_FORMAT, name: 'd', schema, rows: 3, bytes: 9, partitionBy: [], key: [], batches: [] },
    files: [
      { path: 'data.parquet', rows: 3, bytes: 9, sha256: 'a', columns: { id: { nulls: 1, min: '1', max: '9' } } },
    ],
    write: { mode: 'full', base: null, batch: null },
    ...{ fieldIds: numbered(schema), split: null, moment: null, planHash: '', codeHash: '', parents: [] },
    ...{ run: '', created: '2026-01-01T00:00:00.000Z' },
  }
  test('has numbers for what lies within columns, which stay when columns come', () => {
    expect(numbered([{ name: 'new', type: 'bool', nullable: true }, ...schema], manifest.fieldIds)).toEqual({
      ...manifest.fieldIds,
      new: 7,
    })
  })
  test('is written once, the same each time, and anew where it lies elsewhere', async () => {
    const path = await writeIceberg({ manifest, folder })
    const text = readFileSync(path, 'utf8')
    const table = JSON.parse(text) as { schemas: { fields: unknown[] }[]; snapshots: { 'manifest-list': string }[] }
    expect(table.schemas[0]?.fields).toMatchObject([
      { id: 1, name: 'id', type: 'long' },
      { id: 2, name: 'tags', type: { type: 'list', 'element-id': 3 } },
      {
        id: 4,
        name: 'place',
        type: {
          type: 'struct',
          fields: [
            { id: 5, name: 'x' },
            { id: 6, name: 'y' },
          ],
        },
      },
    ])
    const list = new URL(table.snapshots[0]?.['manifest-list'] ?? '')
    const records = await new Promise<{ manifest_length: number }[]>((resolve) => {
      const found: { manifest_length: number }[] = []
      avro
        .createFileDecoder(list.pathname)
        .on('data', (r: { manifest_length: number }) => found.push(r))
        .on('end', () => resolve(found))
    })
    expect(records).toMatchObject([{ added_files_count: 1, added_rows_count: 3 }])
    writeFileSync(path, text.replaceAll(folder, '/elsewhere'))
    await writeIceberg({ manifest, folder })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })
})
