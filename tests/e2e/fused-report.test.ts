import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { parquet } from '../../src/data/connectors/parquet.ts'
import { differences } from '../../src/data/profile/conformance.ts'
import type { Profile } from '../../src/data/profile/types.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import type { EngineChoice } from '../../src/engines/engine.ts'
import type { LedgerEntry } from '../../src/engines/ledger.ts'
import { type Device, openDevice } from '../../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { AnalyseOutput } from '../../src/ml/analysis/step.ts'
import { baseline } from '../../src/ml/training/candidates.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { byTime } from '../../src/runs/split.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-fused-report-'))
const homes: Galley[] = []
/** One data folder a way, so that neither finds what the other keeps. */
let processor: Galley
let gpu: Galley
let device: Device

beforeAll(async () => {
  for (const name of ['processor', 'gpu']) {
    mkdirSync(join(temp, name))
    homes.push(await openGalley({ ...readConfig({}), home: join(temp, name), log: 'silent' }))
  }
  ;[processor, gpu] = homes as [Galley, Galley]
  device = await openDevice()
}, 60_000)

afterAll(async () => {
  device.close()
  for (const galley of homes) await galley.close()
  rmSync(temp, { recursive: true, force: true })
})

const REPORT = 'data-report'
/** A moment each 20 rows, which its parts are cut by. */
const SPLIT = { train: ['2026-01-01', '2026-02-01'], validate: ['2026-02-01', '2026-03-01'], test: ['2026-03-01', '2027-01-01'] } as const // biome-ignore format: one line

/** A file of generated rows: a moment over three months, a number to learn from, and the columns that are given. */
async function file(name: string, rows: number, columns: string): Promise<string> {
  const path = join(temp, `${name}.parquet`)
  await processor.duckdb.session(testContext(), (query) =>
    query(`COPY (SELECT TIMESTAMP '2026-01-01' + to_seconds(floor(i * 86400.0 * 90 / ${rows})::INTEGER) AS at, (hash(i) % 50)::BIGINT AS k,
      (hash(i) % 50 + hash(i * 3) % 60 > 55) AS late, ${columns} FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`),
  )
  return path
}

type Types = Readonly<Record<string, 'float64' | 'string'>>

/** Learns from one number; its report asks all columns. */
const learning = (path: string, more: Types, seed = 1): Recipe =>
  recipe('report', (k) => {
    const types = { at: 'local timestamp', k: 'int64', late: 'bool', ...more } as const
    const data = k.dataset('data', k.source('rows', parquet(path, types)), { moment: 'at', split: byTime('at', SPLIT) })
    k.analyse(data, { target: 'late' })
    k.train('model', data, { seed, target: 'late', features: ['k'], candidates: [baseline({ by: ['k'] })] })
  })

async function ran(galley: Galley, made: Recipe, engine: EngineChoice, memoryMiB = 1024) {
  const own = createWebgpuEngine({ host: galley.duckdb, open: async () => device, memoryMiB })
  const scope = await galley.scope()
  const events: RunEvent[] = []
  const ware = { ...galley.ware, threads: 2, device: async () => ({ name: 'a device', engine: own }) }
  const options = { folder: temp, signal: new AbortController().signal, on: (e: RunEvent) => void events.push(e), engine } // biome-ignore format: one line
  const result = await run(engine === 'gpu' ? ware : { ...galley.ware, threads: 2 }, scope, made, options)
  const report = result.outputs.get(REPORT) as AnalyseOutput | undefined
  const { items } = await galley.store.steps.list(scope, result.id, { limit: 100 })
  return {
    model: result.outputs.get('model') as TrainOutput,
    report,
    found: report && (JSON.parse(new TextDecoder().decode(await galley.store.blobs.get(scope, report.profile))) as Profile),
    said: events.flatMap((e) => (e.type === 'said' ? [`${e.step}: ${e.text}`] : [])),
    moved: items.find((s) => s.id === REPORT)?.ledger as Record<string, LedgerEntry> | undefined,
  } // biome-ignore format: one line
}

/** The most that the device held meanwhile, MiB. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  device.memory.peak = device.memory.live
  await work()
  return device.memory.peak / 2 ** 20
}

test('with room for what is learnt from and not for a report’s columns, the model is the device’s and the report the processor’s', async () => {
  const rows = 3000
  const names = Array.from({ length: 24 }, (_, i) => `x${i}`)
  const path = await file('wide', rows, names.map((n, i) => `sin(i * ${i + 1.7}) AS ${n}`).join(', '))
  const of = (seed: number) => learning(path, Object.fromEntries(names.map((n) => [n, 'float64'] as const)), seed)
  const first = of(1)
  const alone = { ...first, steps: first.steps.filter((s) => s.id !== REPORT) }
  const here = await ran(processor, first, 'processor')
  const needed = await peakOf(() => ran(gpu, alone, 'gpu'))
  // the columns that the report asks besides take more than that
  expect((names.length * rows * 8) / 2 ** 20).toBeGreaterThan(1.2 * needed)
  const ways = [
    [1.1, /^model: a device learns without the columns of 'data-report', .* MiB of the device's memory would be held, .*spill: true/],
    // the columns have room, and what is asked of them has none
    [4, /^model: a device did not answer for 'data-report': .* MiB of the device's memory would be held, .*the processor reads its rows$/],
  ] as const
  for (const [i, [times, says]] of ways.entries()) {
    // another seed learns anew, another name reports anew
    const there = await ran(gpu, { ...of(2 + i), name: `with ${times} times the room` }, 'gpu', times * needed)
    expect(there.said).toEqual([expect.stringMatching(says)])
    expect(there.model.computed?.by).toBe('webgpu')
    expect(there.report?.computed).toBeUndefined()
    // nothing of the try that was given up is on the report's account
    expect(Object.keys(there.moved ?? {})).toEqual(['duckdb'])
    expect(differences(there.found ?? expect.unreachable(), here.found ?? expect.unreachable(), { sampled: true })).toEqual([])
  }
  expect(device.memory.live).toBe(0)
}, 120_000) // biome-ignore format: one line

test('texts of more than 65,536 words are the processor’s, and the step says so', async () => {
  const path = await file('words', 70_000, `'w' || i AS word, 'c' || (i % 9) AS city, sin(i) AS x`)
  const made = learning(path, { word: 'string', city: 'string', x: 'float64' })
  const here = await ran(processor, made, 'processor')
  const there = await ran(gpu, made, 'gpu')
  expect(there.said).toEqual([])
  expect(there.model.computed?.by).toBe('webgpu')
  expect(there.report?.computed).toEqual({
    by: 'webgpu',
    why: 'of the rows that model had on a device; the processor read word',
  })
  expect(differences(there.found ?? expect.unreachable(), here.found ?? expect.unreachable(), { sampled: false })).toEqual([])
}, 120_000) // biome-ignore format: one line
