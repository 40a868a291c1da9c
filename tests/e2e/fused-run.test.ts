import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { differences } from '../../src/data/profile/conformance.ts'
import type { Profile } from '../../src/data/profile/types.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import type { EngineChoice } from '../../src/engines/engine.ts'
import type { LedgerEntry } from '../../src/engines/ledger.ts'
import { type Device, openDevice } from '../../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { AnalyseOutput } from '../../src/ml/analysis/step.ts'
import type { Report } from '../../src/ml/evaluation/evaluate.ts'
import type { ModelPackage } from '../../src/ml/registry/version.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { dateParts } from '../../src/plan/fits/date-parts.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import type { StepContext } from '../../src/runs/kind.ts'
import { run } from '../../src/runs/runner.ts'
import type { Budget, Recipe, TrainSpec } from '../../src/runs/specs.ts'
import type { Kitchenware } from '../../src/runs/step.ts'
import { fewerTrees } from './fewer-trees.ts'

const ROWS = 8000
/** The step that writes the report. */
const REPORT = 'flight-features-report'
const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const temp = mkdtempSync(join(tmpdir(), 'galley-fused-run-'))
const flights = join(temp, 'flights.parquet')
const homes: Galley[] = []
/** One data folder for the processor's runs, one for the device's. */
let processor: Galley
let gpu: Galley

beforeAll(async () => {
  for (const name of ['processor', 'gpu']) {
    mkdirSync(join(temp, name))
    homes.push(await openGalley({ ...readConfig({}), home: join(temp, name), log: 'silent' }))
  }
  ;[processor, gpu] = homes as [Galley, Galley]
  await processor.duckdb.session(testContext(), (query) =>
    query(
      `COPY (SELECT * FROM read_parquet('${data('flights-3m.parquet')}') USING SAMPLE reservoir(${ROWS} ROWS) REPEATABLE (1)) TO '${flights}' (FORMAT parquet)`,
    ),
  )
}, 60_000)

afterAll(async () => {
  for (const galley of homes) await galley.close()
  rmSync(temp, { recursive: true, force: true })
})

/** The flight delays up to the endpoint, with fewer trees. */
function recipe(seed: number, budget?: Budget): Recipe {
  const whole = fewerTrees(flights, data('airports.csv'))
  const steps = whole.steps.map((s) => (s.kind === 'train' ? { ...s, spec: { ...(s.spec as TrainSpec), seed } } : s))
  return { ...whole, steps, ...(budget ? { budget } : {}) }
}

async function ran(galley: Galley, made: Recipe, engine: EngineChoice, ware: Partial<Kitchenware> = {}) {
  const events: RunEvent[] = []
  const scope = await galley.scope()
  const options = { folder: temp, signal: new AbortController().signal, on: (e: RunEvent) => void events.push(e), engine } // biome-ignore format: one line
  const result = await run({ ...galley.ware, ...ware }, scope, made, options)
  const model = result.outputs.get('late-arrival') as TrainOutput<Report>
  const pack = JSON.parse(new TextDecoder().decode(await galley.store.blobs.get(scope, model.blob))) as ModelPackage
  const { items } = await galley.store.steps.list(scope, result.id, { limit: 100 })
  const ledgerOf = (id: string) => items.find((s) => s.id === id)?.ledger as Record<string, LedgerEntry>
  const report = result.outputs.get(REPORT) as AnalyseOutput
  const found = JSON.parse(new TextDecoder().decode(await galley.store.blobs.get(scope, report.profile))) as Profile
  const ledger = ledgerOf('late-arrival')
  return { result, events, model, pack, ledger, report, found, moved: ledgerOf(REPORT) }
}

/** A device that is lost as the `nth` buffer is made. */
async function lostAt(nth: number): Promise<Device> {
  const real = await openDevice()
  let calls = 0
  const gpu = new Proxy(real.gpu, {
    get(target, name) {
      if (name === 'createBuffer' && ++calls === nth) target.destroy()
      const own = Reflect.get(target, name) as unknown
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
  return { ...real, gpu }
}

test('a run on the device leaves what one on the processor leaves, and says what moved', async () => {
  const here = await ran(processor, recipe(1), 'processor')
  const there = await ran(gpu, recipe(1), 'gpu')
  expect(here.model.computed).toEqual({ by: 'processor', why: 'the run was asked to compute there' })
  expect(there.model.computed?.by).toBe('webgpu')
  expect(there.events.filter((e) => e.type === 'said')).toEqual([])
  // the same datasets, step by step, and a model of the same kind with the same columns
  for (const id of ['clean', 'flight-features'])
    expect(there.result.outputs.get(id)?.hash).toBe(here.result.outputs.get(id)?.hash)
  expect(there.model).toMatchObject({ kind: here.model.kind, gate: here.model.gate, version: 1 })
  expect(there.pack.model.features).toEqual(here.pack.model.features)
  expect(there.pack.fits).toEqual(here.pack.fits)
  expect(there.pack.threshold).toBeCloseTo(here.pack.threshold ?? 0, 3)
  for (const [i, expected] of here.model.candidates.entries()) {
    const made = there.model.candidates[i] ?? expect.unreachable()
    expect([made.trainer, made.params]).toEqual([expected.trainer, expected.params])
    for (const part of ['validate', 'test'] as const) {
      const [own, other] = [made[part], expected[part]]
      expect([own.rows, own.positives, own.rate, own.reasons]).toEqual([other.rows, other.positives, other.rate, other.reasons]) // biome-ignore format: one line
      for (const name of ['auc', 'averagePrecision', 'logLoss', 'brier'] as const)
        expect(own[name]).toBeCloseTo(other[name] ?? 0, 4)
      expect(own.calibration.bins.length).toBe(other.calibration.bins.length)
      expect(own.confusion.f1).toBeCloseTo(other.confusion.f1 ?? 0, 2)
    }
  }
  // what the monitor compares with: the features to the bit, where all rows are sampled
  const columns = ({ pack }: typeof here) => pack.reference.filter((r) => r.name !== 'score')
  expect(columns(there)).toEqual(columns(here))
  expect(there.pack.reference.map((r) => r.name)).toEqual(here.pack.reference.map((r) => r.name))
  expect(there.result.outputs.get('flight-delay')).toMatchObject({ endpoint: 'flight-delay' })

  // the report asks the same rows: no column goes up for it
  expect(differences(there.found, here.found, { sampled: false })).toEqual([])
  expect(here.report.computed).toBeUndefined()
  expect(there.report.computed).toMatchObject({
    by: 'webgpu',
    why: expect.stringContaining('the processor read route'),
  })
  const edge = there.moved['flight-features → flight-features-report']
  expect(edge?.readbacks).toBe(6)
  // places of kernels, and a word for each text that is put in order
  expect(edge?.up).toBeLessThan(64_000)

  // by edge: the columns that the plan reads go up once, three readbacks in all
  const moved = Object.values(there.ledger)
  expect(moved.reduce((n, e) => n + e.readbacks, 0)).toBe(3)
  // minutes of a date, delay, distance, codes of two of fewer than 256 airports; a code and a longitude
  const packed = ROWS * (4 + 2 + 2 + 1 + 1) + 3376 * (2 + 8)
  expect(there.ledger['airports, flights → flight-features']?.up).toBeLessThan(1.03 * packed)
  expect(there.ledger['models → late-arrival']?.readbacks).toBe(1)
  expect(moved.filter((e) => e.down > 0).length).toBe(2)
}, 240_000)

test('a budget holds for what the device moved, in this run or when it was kept', async () => {
  const kept = await ran(gpu, recipe(1, { maxReadbacks: 9 }), 'gpu')
  expect(kept.result.cached).toContain('late-arrival')
  expect(kept.events.filter((e) => e.type === 'said')).toEqual([])
  const asked = await ran(gpu, recipe(1), 'processor')
  expect(asked.events.find((e) => e.type === 'said' && e.step === 'late-arrival')).toMatchObject({
    text: expect.stringContaining('which computed it on a device'),
  })
  await expect(ran(gpu, recipe(1, { maxReadbacks: 8 }), 'gpu')).rejects.toMatchObject({
    code: 'BUDGET_EXCEEDED',
    why: expect.stringContaining('late-arrival: 3'),
  })
}, 60_000)

test('a run that fails tells what moved until then', async () => {
  const { kinds } = processor.ware
  const train = { ...(kinds['train'] ?? expect.unreachable()), run: fails }
  async function fails({ ledger }: StepContext<never>): Promise<never> {
    ledger.add('webgpu', 'up', 100)
    throw new Error('it moved, and failed')
  }
  const events: RunEvent[] = []
  const options = { folder: temp, signal: new AbortController().signal, on: (e: RunEvent) => void events.push(e) }
  const made = run({ ...processor.ware, kinds: { ...kinds, train } }, await processor.scope(), recipe(7), options)
  await expect(made).rejects.toThrow()
  expect(events.at(-1)).toMatchObject({ type: 'end', status: 'failed', ledger: { up: 100 } })
}, 60_000)

test('a device that is lost on the way, wherever, leaves the step to the processor, and the run says so', async () => {
  const expected = await ran(processor, recipe(2), 'processor')
  for (const [seed, nth] of [
    [2, 60],
    [3, 450],
  ] as const) {
    const engine = createWebgpuEngine({ host: gpu.duckdb, open: () => lostAt(nth), memoryMiB: 1024 })
    const device = async () => ({ name: 'a device that is lost', engine })
    const made = await ran(gpu, recipe(seed), 'gpu', { device })
    expect(made.model.computed).toMatchObject({ by: 'processor', why: expect.stringContaining('gave up') })
    expect(made.events.filter((e) => e.type === 'said')).toEqual([
      expect.objectContaining({ step: 'late-arrival', text: expect.stringContaining('the processor goes on') }),
    ])
    if (seed === 2) expect(made.model.blob).toBe(expected.model.blob)
  }
}, 120_000)

test('a machine without a device, or with a software one that nobody asked for, runs on the processor and says why', async () => {
  const none = await ran(processor, recipe(4), 'auto', { device: async () => 'there is no graphics device' })
  expect(none.model.computed).toEqual({ by: 'processor', why: 'there is no graphics device' })
  expect(await gpu.ware.device('auto')).toMatch(/computes on the processor, too/)
  expect(await gpu.ware.device('gpu')).toMatchObject({ name: expect.any(String) })
}, 60_000)

test('what the device does not take is computed by the processor, which the run says', async () => {
  const whole = recipe(6)
  const steps = whole.steps.map((s) => {
    const spec = s.spec as TrainSpec
    return s.kind === 'train' ? { ...s, spec: { ...spec, fit: [...spec.fit, dateParts(['date'], ['hour'])] } } : s
  })
  const made = await ran(gpu, { ...whole, steps }, 'gpu')
  const why = 'the device does not take all of it: sin: the device has no such function'
  expect(made.model.computed).toEqual({ by: 'processor', why })
  expect(made.events.filter((e) => e.type === 'said')).toEqual([
    expect.objectContaining({ step: 'late-arrival', text: `${why}; the processor computes` }),
  ])
}, 60_000)

test('with too little of the device’s memory the processor goes on, and the option is named that makes room', async () => {
  const engine = createWebgpuEngine({ host: gpu.duckdb, open: openDevice, memoryMiB: 0.5 })
  const made = await ran(gpu, recipe(5), 'gpu', { device: async () => ({ name: 'a small device', engine }) })
  expect(made.model.computed).toMatchObject({ by: 'processor', why: expect.stringContaining('would be held') })
  const said = made.events.flatMap((e) => (e.type === 'said' ? [e.text] : []))
  expect(said).toEqual([expect.stringContaining('device: { spill: true } in the recipe, or --spill of galley run')])
  await engine.close()
}, 60_000)
