import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { readConfig } from '../../src/base/config.ts'
import type { Scope } from '../../src/base/scope.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { rowsOf } from '../../src/engines/plans.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { Report } from '../../src/ml/evaluation/evaluate.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { testMonth } from '../../src/ml/serving/month.ts'
import { replay } from '../../src/ml/serving/replay.ts'
import type { ServeOutput } from '../../src/ml/serving/step.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { call, col, lit } from '../../src/plan/expr.ts'
import { build } from '../../src/plan/nodes.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { type RunResult, run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import { sampleFlights } from './sample.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-e2e-'))
let galley: Galley
let scope: Scope
let rows = 0
let first: RunResult
let recipe: ReturnType<typeof flightDelay>
const events: RunEvent[] = []
const signal = new AbortController().signal
const go = () => run(galley.ware, scope, recipe, { folder: home, signal, on: (e) => events.push(e) })
const output = <T>(id: string): T => first.outputs.get(id) as unknown as T

beforeAll(async () => {
  const sample = await sampleFlights(join(home, 'source'))
  rows = sample.rows
  recipe = flightDelay(sample.flights, sample.airports)
  galley = await openGalley({ ...readConfig({}), home: join(home, 'data'), log: 'silent' })
  scope = await galley.scope()
  first = await go()
}, 120_000)
afterAll(async () => {
  await galley.close()
  rmSync(home, { recursive: true, force: true })
})

describe('the main job on a sample of real flights', () => {
  test('rows are kept or set aside with a reason, none is lost', () => {
    const clean = output<DatasetOutput>('clean')
    const rejected = Object.values(clean.rejected).reduce((a, b) => a + b, 0)
    expect(clean.rejected['impossible delay']).toBe(3)
    expect(clean.rejected['after the period']).toBe(6)
    expect(clean.rows + rejected).toBe(rows)
  })

  test('the boosted trees beat logistic regression, and both beat the baseline, on the test month', () => {
    const { candidates, kind } = output<TrainOutput<Report>>('late-arrival')
    const auc = (trainer: string) => candidates.find((c) => c.trainer === trainer)?.test.auc ?? 0
    expect(kind).toBe('gbdt')
    expect(auc('gbdt')).toBeGreaterThan(auc('logistic'))
    expect(auc('logistic')).toBeGreaterThan(auc('baseline'))
  })

  test('a second run reuses every step, and publishes nothing new', async () => {
    const second = await go()
    expect(second.cached).toEqual(recipe.steps.map((s) => s.id))
    expect((await galley.store.datasets.versions(scope, 'flight-features')).items).toHaveLength(1)
    expect((await galley.store.models.versions(scope, 'late-arrival')).items).toHaveLength(1)
  })

  test('served event by event, June gives the batch features row for row', async () => {
    const data = output<DatasetOutput>('flight-features')
    const served = output<ServeOutput>('flight-delay')
    const scan = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
    const june = build({
      op: 'filter',
      input: scan,
      predicate: call('ge', col('date'), lit('991353600000000', 'local timestamp')),
    })
    const sorted = build({ op: 'sort', input: june, keys: [{ by: col('at'), descending: false }] })
    const ctx = { duckdb: galley.duckdb, scope, signal, ledger: createLedger() }
    const batch = await rowsOf(ctx, sorted)
    const history = await testMonth({ ...ctx, galley, recipe, served, dataset: data })
    const live = await openEndpoint(
      { store: galley.store, duckdb: galley.duckdb, scope, clock: galley.clock, log: galley.log, ephemeral: true },
      served.endpoint,
    )
    const compared = ['lateOut', 'flightsOut', 'lateIn', 'flightsIn', 'minuteOfDay', 'weekday', 'distance'] as const
    const answers: Record<string, unknown>[] = []
    await replay(
      history,
      { feed: live.feed, predict: async (records) => answers.push(...records.map((r) => live.compute(r))) },
      {
        input: live.input,
        feedInput: live.feedInput,
        from: 0,
        until: history.asked.length,
        slice: 60_000_000,
        signal,
      },
    )
    await live.close()
    const show = (r: Record<string, unknown>) => [r['at'], ...compared.map((c) => r[c])].map(String).join(' ')
    expect(answers).toHaveLength(batch.length)
    const expected = batch.map(show).sort()
    expect(
      answers
        .map(show)
        .sort()
        .filter((line, i) => line !== expected[i]),
    ).toEqual([])
    // what was on its way at midnight, neither in the history nor a flight of June
    expect(history.rows - history.asked.length).toBeGreaterThan(500)
    expect(batch[0]?.['flightsOut']).toBeGreaterThan(0n)
    expect(answers.filter((a) => a['lateOut'] !== null).length).toBeGreaterThan(10_000)
  }, 60_000)

  test('what is stored belongs to a workspace: another one sees nothing', async () => {
    const { createWorkspace } = await import('../../src/tenancy/workspace.ts')
    await createWorkspace(galley.store, 'other')
    const other = await galley.scope('other')
    expect((await galley.store.datasets.list(other)).items).toEqual([])
    expect((await galley.store.runs.list(other)).items).toEqual([])
    await expect(galley.store.endpoints.get(other, 'flight-delay')).rejects.toMatchObject({ code: 'ENDPOINT_UNKNOWN' })
  })
})
