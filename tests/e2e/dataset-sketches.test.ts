import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sketchPath } from '../../src/data/datasets/sketches/file.ts'
import type { SketchedColumn, VersionSketch } from '../../src/data/datasets/sketches/version.ts'
import { openVersion } from '../../src/data/datasets/version.ts'
import type { Verdict } from '../../src/data/quality/expectation.ts'
import type { Expect } from '../../src/data/quality/said.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const sketches = async (name: string, version?: number) => {
  const body = version === undefined ? {} : { version }
  const told: number[] = []
  const answer = await w.client.datasets.sketches({ name, body })
  const found = await resultOf<VersionSketch>(answer, (_, done) => void told.push(done))
  return { ...found, told }
}
const columnOf = ({ columns }: VersionSketch, name: string): SketchedColumn =>
  columns.find((c) => c.name === name) ?? expect.unreachable()
const filesOf = async (name: string, version?: number): Promise<string[]> => {
  const v = await w.galley.store.datasets.get(await w.galley.scope(), name, version)
  const { manifest, folder } = await openVersion(join(w.galley.store.home.datasets, v.path))
  return manifest.files.map((f) => join(folder, f.path))
}
/** All sketches that lie in a dataset's folders. */
const kept = async (name: string): Promise<string[]> =>
  readdirSync(join(w.galley.store.home.datasets, (await w.galley.scope()).workspace, name), { recursive: true })
    .map(String)
    .filter((path) => path.includes('.sketch'))
const day = (d: number, rows: number) =>
  Array.from({ length: rows }, (_, i) => `${d * 1000 + i},day ${i % 7},${(i * 37) % 100}`)

test('files that versions share are sketched once; what all files hold is merged without reading rows', async () => {
  for (let d = 1; d <= 3; d++) await w.write('log', day(d, 400), { write: 'append' })
  await w.write(
    'whole',
    [1, 2, 3].flatMap((d) => day(d, 400)),
  )
  const whole = await sketches('whole')
  expect([whole.files, whole.computed, whole.rows]).toEqual([1, 1, 1200])
  const first = await sketches('log', 1)
  expect([first.files, first.computed, first.rows]).toEqual([1, 1, 400])
  const all = await sketches('log')
  expect([all.files, all.computed, all.told.at(-1)]).toEqual([3, 2, 1])
  // as if it were one file, but for quantiles of more values than are held
  for (const c of whole.columns) {
    const { quantiles, rankError, mean, ...same } = columnOf(all, c.name)
    expect(same).toEqual({ ...same, ...Object.fromEntries(Object.entries(c).filter(([k]) => k in same)) })
    expect(mean ?? 0).toBeCloseTo(c.mean ?? 0, 9)
    expect([quantiles.length, rankError > 0]).toEqual(c.kind === 'number' ? [7, true] : [0, false])
  }
  expect(columnOf(all, 'id')).toMatchObject({ count: 1200, nulls: 0, min: 1000, max: 3399 })
  expect(Math.abs((columnOf(all, 'id').distinct ?? 0) - 1200)).toBeLessThan(1200 * 3 * 0.0081)
  expect(columnOf(all, 'day')).toMatchObject({ distinct: 7, min: null, mean: null })
  // no file of it is needed any more
  const files = await filesOf('log')
  for (const file of files) renameSync(file, `${file}.away`)
  expect(await sketches('log')).toMatchObject({ computed: 0, columns: all.columns })
  for (const file of files) renameSync(`${file}.away`, file)
})

test('columns of every type, and ones that came, grew and have names of JavaScript’s own', async () => {
  const columns = { id: 'int32', at: 'timestamp', on: 'date', x: 'float64', ok: 'bool', constructor: 'string' } as const
  await w.write('types', ['1,2026-01-01T00:00:00Z,2026-01-01,1.5,true,a', '2,2026-03-01T12:30:00Z,2026-01-09,,false,b'], { write: 'append' }, columns)
  await w.write('types', ['3,4.5,7', '4,,8'], { write: 'append', onSchemaChange: 'evolve' }, { id: 'int64', x: 'float64', late: 'int64' })
  const found = await sketches('types')
  expect(columnOf(found, 'id')).toMatchObject({ type: 'int64', count: 4, nulls: 0, distinct: 4, min: 1, max: 4, mean: 2.5 })
  expect(columnOf(found, 'at')).toMatchObject({ count: 2, nulls: 2, min: '2026-01-01T00:00:00Z', max: '2026-03-01T12:30:00Z' })
  expect(columnOf(found, 'on')).toMatchObject({ min: '2026-01-01', max: '2026-01-09' })
  expect(columnOf(found, 'on').quantiles).toContain('2026-01-09')
  expect(columnOf(found, 'x')).toMatchObject({ count: 2, nulls: 2, min: 1.5, max: 4.5 })
  expect(columnOf(found, 'ok')).toMatchObject({ count: 2, distinct: 2, quantiles: [] })
  expect(columnOf(found, 'constructor')).toMatchObject({ count: 2, nulls: 2, distinct: 2 })
  expect(columnOf(found, 'late')).toMatchObject({ count: 2, nulls: 2, min: 7, max: 8 })
}) // biome-ignore format: one line

test('a sketch that is damaged is found and computed anew; of a damaged file none is made', async () => {
  await w.write('hurt', day(1, 50))
  const good = await sketches('hurt')
  const [file = ''] = await filesOf('hurt')
  const bytes = readFileSync(sketchPath(file))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  writeFileSync(sketchPath(file), bytes)
  const scrubbed = async () => (await w.client.datasets.scrub({ body: { name: 'hurt' } })).damaged
  expect(await scrubbed()).toMatchObject([{ dataset: 'hurt', path: expect.stringMatching(/\.parquet\.sketch$/), why: expect.stringContaining('checksum') }])
  expect(await sketches('hurt')).toMatchObject({ computed: 1, columns: good.columns })
  expect(await scrubbed()).toEqual([])
  // one of another file is none of this
  await w.write('other', day(2, 60))
  await sketches('other')
  writeFileSync(sketchPath(file), readFileSync(sketchPath((await filesOf('other'))[0] ?? '')))
  expect(await scrubbed()).toMatchObject([{ why: expect.stringContaining('it is of another file') }])
  expect(await sketches('hurt')).toMatchObject({ computed: 1, columns: good.columns })
  rmSync(sketchPath(file))
  const rows = readFileSync(file)
  rows[rows.length >> 1] = (rows[rows.length >> 1] as number) ^ 1
  writeFileSync(file, rows)
  await expect(sketches('hurt')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  expect(existsSync(sketchPath(file))).toBe(false)
}) // biome-ignore format: one line

test('a sketch that can not be kept is told all the same, and computed again', async () => {
  await w.write('full-disk', day(1, 50))
  const [file = ''] = await filesOf('full-disk')
  // nothing can be renamed to where a folder with something in it stands
  mkdirSync(join(sketchPath(file), 'in-the-way'), { recursive: true })
  for (const _ of [1, 2]) expect(await sketches('full-disk')).toMatchObject({ computed: 1, rows: 50 })
  const { damaged } = await w.client.datasets.scrub({ body: { name: 'full-disk' } })
  expect(damaged).toMatchObject([
    { why: 'it can not be read: a sketch, which galley datasets show --sketches computes anew' },
  ])
})

test('sketches go with their files: somebody is forgotten, versions are removed, files put together', async () => {
  for (let d = 1; d <= 3; d++) await w.write('gone', day(d, 20), { write: 'append' })
  await sketches('gone')
  const before = await kept('gone')
  expect(before.length).toBe(3)
  await resultOf(await w.client.datasets.forget({ name: 'gone', body: { key: 'id', value: '2000' } }), () => {})
  // the sketch of the file that held the row is not there any more, those of the others are where they were or made anew
  const after = await kept('gone')
  expect(after.length).toBe(2)
  const now = await sketches('gone')
  expect([now.computed, now.rows, columnOf(now, 'id').count]).toEqual([1, 59, 59])
  await resultOf(await w.client.datasets.compact({ name: 'gone', body: {} }), () => {})
  expect(await sketches('gone')).toMatchObject({ files: 1, computed: 1, rows: 59 })
  expect((await kept('gone')).length).toBe(4)
  await w.client.datasets.retain({ name: 'gone', body: { keep: 1, dryRun: false } })
  // what was written before somebody was forgotten goes with its file a day later
  const left = await kept('gone')
  expect(left.length).toBeLessThan(4)
  const root = join(w.galley.store.home.datasets, (await w.galley.scope()).workspace, 'gone')
  for (const path of left) expect(existsSync(join(root, path.replace('.sketch', '')))).toBe(true)
  expect(await sketches('gone')).toMatchObject({ computed: 0 })
})

test('what is distributed as before is judged by the sketches of the version before, each file read once; of a full write by its rows', async () => {
  const expects = (_: unknown, e: Expect<{ n: 'int64' }>) => [e.steady('n', { measure: 'ks', limit: 0.2 }).warn()]
  const rows = (d: number, from: number) =>
    Array.from({ length: 3000 }, (_, i) => `${d * 10_000 + i},d,${from + ((i * 7919) % 1000)}`)
  const verdict = async (name: string) => {
    const { items } = await w.galley.store.quality.list(await w.galley.scope(), name, { limit: 1 })
    return (items[0]?.verdicts as readonly Verdict[] | undefined)?.[0]
  }
  for (let d = 1; d <= 3; d++) {
    await w.write('steady', rows(d, 0), { write: 'append', expect: expects })
    // what a version is compared with is what was there before it
    expect((await kept('steady')).length).toBe(d - 1)
    if (d > 1)
      expect(await verdict('steady')).toMatchObject({
        passed: true,
        found: expect.stringMatching(/^ks 0\.\d+ ± 0\.0045/),
      })
  }
  await w.write('steady', rows(4, 900), { write: 'append', expect: expects })
  // a quarter of all rows is 900 farther on than the others
  const moved = await verdict('steady')
  expect(moved?.passed).toBe(false)
  expect(Math.abs((moved?.measured ?? 0) - 0.225)).toBeLessThan(0.0045 + 1 / 32)
  for (let d = 1; d <= 2; d++) await w.write('steady-full', rows(d, 0), { expect: expects })
  expect(await kept('steady-full')).toEqual([])
  expect(await verdict('steady-full')).toMatchObject({ passed: true, found: expect.not.stringContaining('±') })
})

test('the command says it', async () => {
  const asked = await ended(start(w.home, ['datasets', 'show', 'log@2', '--sketches']))
  expect(asked).toMatchObject({ code: 0, out: expect.stringMatching(/log@2 {2}800 rows {2}2 files, 0 read for this/) })
  expect(asked.out).toMatch(/id +int64 +0 +≈ \d+ +1000/)
  const json = await ended(start(w.home, ['datasets', 'show', 'log@2', '--sketches', '--json']))
  expect(JSON.parse(json.out)).toMatchObject({ name: 'log', version: 2, files: 2, computed: 0 })
}, 60_000)
