import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { type Device, openDevice } from '../../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { gbdt } from '../../src/ml/training/candidates.ts'
import { type FusedResult, learnFused } from '../../src/ml/training/fused/fused.ts'
import { onHost } from '../../src/ml/training/fused/host.ts'
import type { Means } from '../../src/ml/training/fused/means.ts'
import { onDevice } from '../../src/ml/training/fused/resident.ts'
import { sourceFiles } from '../../src/ml/training/fused/sources.ts'
import { inStages } from '../../src/ml/training/fused/staged.ts'
import type { Recipe, TrainSpec } from '../../src/runs/specs.ts'

const ROWS = 100_000
const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const temp = mkdtempSync(join(tmpdir(), 'galley-fused-'))
const host = createDuckdbEngine({ memoryMiB: 512, temp: join(temp, 'duckdb') })
const said: string[] = []
const say = (why: string) => void said.push(why)
let device: Device
let files: ReadonlyMap<string, readonly string[]>

const context = () => ({
  ...{ scope: { workspace: 'test', caller: 'test' }, signal: new AbortController().signal },
  ledger: createLedger(),
})

/** The flight delays as they are, with fewer trees: a software driver takes milliseconds a kernel. */
function recipe(): Recipe {
  const whole = flightDelay(data('flights-3m.parquet'), data('airports.csv'))
  const steps = whole.steps.map((s) => {
    if (s.kind !== 'train') return s
    const spec = s.spec as TrainSpec
    const candidates = spec.candidates.map((c) => (c.trainer === 'gbdt' ? gbdt({ trees: 6, leaves: 8 }) : c))
    return { ...s, spec: { ...spec, candidates } }
  })
  return { ...whole, steps }
}

beforeAll(async () => {
  device = await openDevice()
  files = await sourceFiles(recipe(), { folder: temp, temp, rows: ROWS }, host, context())
}, 60_000)

afterAll(async () => {
  device.close()
  await host.close()
  rmSync(temp, { recursive: true, force: true })
})

const learnt = (means: Means, of = files, begins?: () => void): Promise<FusedResult> =>
  learnFused({
    ...{ means, recipe: recipe(), step: 'late-arrival', ctx: context(), threads: 1, say },
    rows: (id) => ({ files: of.get(id) ?? [] }),
    ...(begins ? { begins } : {}),
  })

test('the flight delays from their files to judged models: within the device as on the processor', async () => {
  const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 1024, say })
  let stages = 0
  const fused = await learnt(onDevice(engine))
  const staged = await learnt(inStages(engine, 2 ** 30))
  const processor = await learnt(onHost(host, () => join(temp, `stage-${stages++}.parquet`)))
  expect(said).toEqual([])
  expect(fused.rows).toBe(processor.rows)
  for (const [i, expected] of processor.candidates.entries())
    for (const made of [fused.candidates[i], staged.candidates[i]])
      for (const part of ['validate', 'test'] as const) {
        expect(made?.model.kind).toBe(expected.model.kind)
        expect(made?.[part].rows).toBe(expected[part].rows)
        expect(made?.[part].positives).toBe(expected[part].positives)
        expect(made?.[part].auc).toBeCloseTo(expected[part].auc ?? 0, 3)
        expect(made?.[part].logLoss).toBeCloseTo(expected[part].logLoss ?? 0, 3)
      }

  // the columns that the plan reads, packed, and the airports; a few words of places beside them
  const up = fused.ledger.stages().get('data')?.up ?? 0
  // minutes of a date, delay, distance, codes of two of fewer than 256 airports; a code and a longitude
  const packed = ROWS * (4 + 2 + 2 + 1 + 1) + 3376 * (2 + 8)
  expect(up / packed).toBeGreaterThan(0.98)
  expect(up / packed).toBeLessThan(1.02)
  // what the data gives stays there; what fits found comes down in two readbacks, and all models with what came of them in one
  const down = [...fused.ledger.stages()].filter(([, e]) => e.down > 0)
  expect(down.map(([stage, e]) => [stage, e.readbacks])).toEqual([
    ['fits', 2],
    ['models', 1],
  ])
  const [less, more] = [fused.ledger.total(), staged.ledger.total()]
  expect(more.down).toBeGreaterThan(3 * less.down)
  expect(more.up).toBeGreaterThan(3 * less.up)
}, 300_000)

test.each([
  [1000, 150_000],
  [2000, 0],
  [15_000, 0],
])(
  'of %d flights no more is held than twice the tables that stages begin with, and %d bytes',
  async (rows, more) => {
    const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 1024, say })
    const folder = mkdtempSync(join(temp, 'few-'))
    const few = await sourceFiles(recipe(), { folder, temp: folder, rows }, host, context())
    const { memory } = device
    memory.peak = memory.live
    let tables = 0
    await learnt(onDevice(engine), few, () => void (tables = Math.max(tables, memory.live)))
    expect(memory.peak).toBeLessThanOrEqual(2 * tables + more)
    expect([memory.live, memory.idle]).toEqual([0, 0])
  },
  120_000,
)
