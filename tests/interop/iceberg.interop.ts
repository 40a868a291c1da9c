import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { galley as command } from '../e2e/command.ts'
import { openWritten, type Written } from '../e2e/datasets.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

interface Read {
  readonly ids: Record<string, number>
  readonly types: Record<string, string>
  readonly files: number
  readonly rows: Record<string, unknown>[]
}
const read = (metadata: string, ...condition: string[]): Read =>
  JSON.parse(
    execFileSync(python, [join(import.meta.dirname, 'iceberg.py'), metadata, ...condition], { encoding: 'utf8' }),
  )
const pathOf = async (name: string) => (await w.client.datasets.iceberg({ name, body: {} })).metadata

const COLUMNS = { i: 'int32', l: 'int64', x: 'float64', s: 'string', m: 'decimal(9, 2)', d: 'date', t: 'timestamp', w: 'local timestamp', b: 'bool' } as const // biome-ignore format: one line
const LINES = [
  '1,4503599627370497,0.5,서울,-12.50,2026-01-31,2026-01-31T12:00:00Z,2026-01-31 18:05:00,true',
  ',,,,,,,,',
  '-3,4,-1e300,"a, b",0.01,1969-12-31,1969-12-31T23:59:59Z,1960-01-01 00:00:00,false',
]

describe('pyiceberg reads a version', () => {
  test('with the values of every type', async () => {
    await w.write('types', LINES, {}, COLUMNS)
    const found = read(await pathOf('types'))
    expect(found.types).toMatchObject({ i: 'int32', l: 'int64', x: 'double', m: 'decimal128(9, 2)', d: 'date32[day]', t: 'timestamp[us, tz=UTC]', w: 'timestamp[us]', b: 'bool' }) // biome-ignore format: one line
    expect(found.rows).toEqual([
      { i: 1, l: 4503599627370497, x: 0.5, s: '서울', m: '-12.50', d: '2026-01-31', t: '2026-01-31 12:00:00+00:00', w: '2026-01-31 18:05:00', b: true }, // biome-ignore format: one line
      { i: null, l: null, x: null, s: null, m: null, d: null, t: null, w: null, b: null },
      { i: -3, l: 4, x: -1e300, s: 'a, b', m: '0.01', d: '1969-12-31', t: '1969-12-31 23:59:59+00:00', w: '1960-01-01 00:00:00', b: false }, // biome-ignore format: one line
    ])
  })
  test('of several files, some of which another version wrote, of columns that came and grew; bounds leave files out', async () => {
    const evolve = { write: 'append', onSchemaChange: 'evolve' }
    await w.write('log', ['1', '2'], evolve, { id: 'int32' })
    await w.write('log', ['100,x', '101,y'], evolve, { id: 'int64', c: 'string' })
    await w.write('log', ['200,z'], evolve, { id: 'int64', c: 'string' })
    const found = read(await pathOf('log'))
    expect(found.ids).toEqual({ id: 1, c: 2 })
    expect(found.rows).toEqual(
      [
        [1, null],
        [2, null],
        [100, 'x'],
        [101, 'y'],
        [200, 'z'],
      ].map(([id, c]) => ({ id, c })),
    )
    expect(read(await pathOf('log'), 'id', '150')).toMatchObject({ files: 1, rows: [{ id: 200, c: 'z' }] })
    expect(read(await pathOf('log@1')).ids).toEqual({ id: 1 })
  })
  test('in a data folder that was copied, once its metadata is asked for there', async () => {
    const { metadata } = await w.client.datasets.iceberg({ name: 'log', body: {} })
    const copy = join(w.folder, 'copy')
    await w.galley.close()
    execFileSync('cp', ['-a', w.home, copy])
    const moved = (await command(copy, 'datasets', 'iceberg', 'log')).out.trim()
    expect([moved.startsWith(copy), metadata.startsWith(w.home)]).toEqual([true, true])
    expect(read(moved).rows).toHaveLength(5)
  })
})
