import { afterAll, expect, test } from 'vitest'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import { createRowEngine } from '../../engines/row/index.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { col, type Expr } from '../../plan/expr.ts'
import { quantileBins } from '../../plan/fits/bins.ts'
import { dateParts } from '../../plan/fits/date-parts.ts'
import type { Fit } from '../../plan/fits/index.ts'
import { standardise } from '../../plan/fits/scale.ts'
import { build, plan } from '../../plan/nodes.ts'
import { stepOf } from '../../runs/inline.ts'
import type { DatasetSpec, PlanSpec, ServeSpec, Step, TrainSpec } from '../../runs/specs.ts'
import { loadRecipe } from '../recipe.ts'
import { explainServe } from './endpoint.ts'
import { fusedPart, fusedText } from './fused.ts'
import { explainTable, type Kitchen } from './step.ts'
import { serveText, tableText } from './text.ts'

const duckdb = createDuckdbEngine({ memoryMiB: 128, threads: 1, temp: '/tmp' })
afterAll(() => duckdb.close())

const { recipe, folder } = await loadRecipe('recipes/flight-delay/recipe.ts')
const kitchen: Kitchen = {
  recipe,
  folder,
  duckdb,
  engines: [duckdb, createRowEngine()],
  ctx: {
    scope: { workspace: 'test', caller: 'test' },
    signal: new AbortController().signal,
    ledger: createLedger(),
  },
  known: new Map(),
}

test('a table: engine and why, rules that fired, rows from the file, SQL', async () => {
  const told = await explainTable(kitchen, stepOf(recipe, 'clean') as Step<PlanSpec>)
  expect(told.engine).toMatchObject({ name: 'duckdb', reason: 'the only engine here that takes all of it' })
  expect(told.fired.map((f) => f.rule)).toContain('merge-filters')
  const text = tableText(told, { before: true, sql: true }).join('\n')
  expect(text).toContain('not row: scan: the row engine reads literal rows and records')
  expect(text).toContain('plan as written (8 nodes)')
  expect(text).toContain('plan as it runs (7 nodes)')
  expect(text).toContain('scan source flights  — 3,000,000 rows')
  expect(text).toContain("read_parquet(['flights'],")
  expect(tableText(told, { before: false, sql: false }).join('\n')).not.toContain('SELECT')
})

test('an endpoint: what it asks, remembers, is fed with and looks up', async () => {
  const told = explainServe(recipe, stepOf(recipe, 'flight-delay') as Step<ServeSpec>)
  const text = (await serveText(told, kitchen, { sql: true })).join('\n')
  expect(text).toContain('request  date: local timestamp?')
  expect(text).toContain('lateIn, flightsIn by destination over 3 h; keeps 27 h')
  expect(text).toContain('fed with date, delay, distance, origin, destination')
  expect(text).toMatch(/iata, longitude \(≈ [\d,]+ rows\): loaded once, looked up by iata/)
})

test('a step that trains: what is one part on a device, what is not, and why; without a device', async () => {
  const engines = [duckdb, createWebgpuEngine({ host: duckdb, memoryMiB: 128 })]
  const part = await fusedPart({ ...kitchen, engines }, 'late-arrival')
  expect(part).toEqual({
    from: ['airports', 'flights'],
    steps: ['clean', 'flight-features', 'late-arrival'],
    gaps: [],
    asked: [],
    reports: [
      {
        report: 'flight-features-report',
        columns: [{ column: 'route', reason: 'concat: it is computed of one text and constants on the device' }],
      },
    ],
    apart: ['flight-features-report', 'flight-delay'],
  })
  expect(fusedText(part).at(-1)).toContain("and the processor reads 'route' for it: concat: ")
  expect(fusedText(part)[0]).toContain('clean, flight-features, late-arrival: one part')

  // fits whose queries the device does, and one that binds what it does not compute
  const withFit = (fit: Fit) => {
    const steps = recipe.steps.map((s) =>
      s.kind === 'train' ? { ...s, spec: { ...(s.spec as TrainSpec), fit: [fit] } } : s,
    )
    return fusedPart({ ...kitchen, engines, recipe: { ...recipe, steps } }, 'late-arrival')
  }
  for (const fit of [quantileBins(['distance']), standardise(['distance'])])
    expect(await withFit(fit)).toMatchObject({ gaps: [], asked: [] })
  // what fits ask and the device does not do is said
  const told = fusedText({ ...part, asked: [{ node: 'json', reason: 'it is not computed' }] })
  expect(told[2]).toContain('and finds what fits ask: json: ')
  const cycles = await withFit(dateParts(['date'], ['hour']))
  expect(cycles.gaps).toEqual([expect.objectContaining({ node: 'sin' })])
  expect(fusedText(cycles)).toEqual([expect.stringMatching(/^fused {4}nothing, the device does not take sin: /)])

  // a model that an expression asks is named
  const asking = recipe.steps.map((s) => {
    if (s.kind === 'train') return { ...s, spec: { ...(s.spec as TrainSpec), features: ['p'] } }
    if (s.kind !== 'dataset') return s
    const spec = s.spec as DatasetSpec
    const p: Expr = { op: 'predict', model: 'delay.onnx', args: [col('distance')] }
    return { ...s, spec: { ...spec, plan: plan(build({ op: 'derive', input: spec.plan.root, columns: [['p', p]] })) } }
  })
  const predicts = await fusedPart({ ...kitchen, engines, recipe: { ...recipe, steps: asking } }, 'late-arrival')
  expect(predicts.gaps).toEqual([expect.objectContaining({ node: 'predict' })])
})
