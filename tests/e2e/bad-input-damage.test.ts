import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { baseline, byTime, csv, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { AnalyseOutput } from '../../src/ml/analysis/step.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-damage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

// times without seconds are another spelling than the plain one, so that the source is kept as a copy
const days = Array.from({ length: 300 }, (_, i) => {
  const at = new Date(Date.UTC(2026, 0, 1) + i * 8 * 3_600_000).toISOString().slice(0, 16)
  return `${at},${i % 7},${(i * 7) % 5 > 2 ? 'true' : 'false'},${'n'.repeat(i % 11)}`
})
writeFileSync(join(folder, 'days.csv'), `at,size,late,note\n${days.join('\n')}\n`)

/** Two reasons never hold for a row that the dataset keeps; which of them is counted for the bad rows differs. */
const orders = (reason: string) =>
  recipe('orders', (k) => {
    const days = k.source(
      'days',
      csv('days.csv', { at: 'local timestamp', size: 'int64', late: 'bool', note: 'string' }),
    )
    const clean = k.step(
      'clean',
      days.reject((r) => r.size.eq(6), reason),
    )
    const data = k.dataset('orders', clean, {
      moment: 'at',
      split: byTime('at', {
        train: ['2026-01-01', '2026-03-01'],
        validate: ['2026-03-01', '2026-03-20'],
        test: ['2026-03-20', '2026-05-01'],
      }),
    })
    k.analyse(data, { target: 'late' })
    k.train('late', data, { target: 'late', features: ['size'], candidates: [baseline({ by: ['size'] })] })
  })

const home = join(folder, 'home')
const open = (at: string) => openGalley(readConfig({ GALLEY_HOME: at, GALLEY_LOG: 'silent' }))
async function ran(galley: Galley, reason = 'too large') {
  const result = await run(galley.ware, await galley.scope(), orders(reason), {
    folder,
    signal: new AbortController().signal,
    on: () => {},
  })
  const output = <T>(id: string) => result.outputs.get(id) as unknown as T
  return {
    cached: result.cached,
    source: output<SourceOutput>('days'),
    data: output<DatasetOutput>('orders'),
    report: output<AnalyseOutput>('orders-report'),
    model: output<TrainOutput>('late'),
  }
}
type Ran = Awaited<ReturnType<typeof ran>>
const ALL = ['days', 'clean', 'orders', 'orders-report', 'late']
const without = (...ids: string[]) => ALL.filter((id) => !ids.includes(id))

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] ?? 0) ^ 0x40
  writeFileSync(file, bytes)
}

let galley: Galley
let first: Ran
beforeAll(async () => {
  galley = await open(home)
  first = await ran(galley)
}, 60_000)
afterAll(() => galley.close())

describe('what was damaged on disk since it was made is made again', () => {
  test('bits of a dataset', async () => {
    const [file = ''] = first.data.files
    const before = readFileSync(file)
    flip(file, 900)
    expect((await ran(galley)).cached).toEqual(without('orders'))
    expect(readFileSync(file).equals(before)).toBe(true)
    expect((await ran(galley)).cached).toEqual(ALL)
  })
  test('bits of a kept source, or a part of it', async () => {
    const [file = ''] = first.source.files
    const before = readFileSync(file)
    flip(file, 300)
    expect((await ran(galley)).cached).toEqual(without('days'))
    truncateSync(file, 100)
    expect((await ran(galley)).cached).toEqual(without('days'))
    expect(readFileSync(file).equals(before)).toBe(true)
  })
  test('a manifest', async () => {
    writeFileSync(join(first.data.folder, 'manifest.json'), '{"form')
    expect((await ran(galley)).cached).toEqual(without('orders'))
    expect((await ran(galley)).cached).toEqual(ALL)
  })
  test('a model package, and the report', async () => {
    const scope = await galley.scope()
    flip(await galley.store.blobs.path(scope, first.model.blob), 40)
    flip(first.report.path, 40)
    expect((await ran(galley)).cached).toEqual(without('orders-report', 'late'))
    expect((await galley.store.blobs.verify(scope, first.model.blob)).hash).toBe(first.model.blob)
  })
  test('every blob, and the report, by a folder', async () => {
    const scope = await galley.scope()
    const { model, report } = await ran(galley)
    const blobs = (await galley.store.blobs.list(scope)).items.map(({ hash }) => galley.store.blobs.path(scope, hash))
    for (const path of [...(await Promise.all(blobs)), report.path]) {
      rmSync(path)
      mkdirSync(join(path, 'inner'), { recursive: true })
    }
    await expect(galley.store.blobs.get(scope, model.blob)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect((await ran(galley)).cached).toEqual(without('orders-report', 'late'))
    expect((await galley.store.blobs.verify(scope, model.blob)).hash).toBe(model.blob)
    expect((await ran(galley)).cached).toEqual(ALL)
  })
})

test('a manifest that a newer Galley wrote is refused by name', async () => {
  const file = join(first.data.folder, 'manifest.json')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"format": 2', '"format": 7'))
  await expect(ran(galley)).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER', what: expect.stringContaining('7') })
  writeFileSync(file, text)
})

test('the report counts what earlier steps set aside now, also where the dataset stays the same', async () => {
  const other = await ran(galley, 'no such size')
  expect(other.data.hash).toBe(first.data.hash)
  expect(other.cached).toEqual(expect.arrayContaining(['days', 'orders']))
  expect(other.cached).not.toContain('orders-report')
  const page = (await galley.store.blobs.get(await galley.scope(), other.report.report)) as Uint8Array
  expect(Buffer.from(page).toString('utf8')).toContain('no such size')
})

test('a copy of the data folder reads its own files', async () => {
  await galley.close()
  const copy = join(folder, 'copy')
  execFileSync('cp', ['-a', home, copy])
  const there = await open(copy)
  try {
    const moved = await ran(there)
    expect(moved.cached).toEqual(ALL)
    for (const file of [...moved.source.files, ...moved.data.files, moved.report.path])
      expect(file.startsWith(copy)).toBe(true)
    rmSync(dirname(moved.data.files[0] ?? ''), { recursive: true })
    expect((await ran(there)).cached).toEqual(without('orders'))
  } finally {
    await there.close()
    galley = await open(home)
  }
}, 60_000)
