import { afterAll, expect, test } from 'vitest'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import { createRowEngine } from '../../engines/row/index.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { call, col, type Expr } from '../../plan/expr.ts'
import { quantileBins } from '../../plan/fits/bins.ts'
import { dateParts } from '../../plan/fits/date-parts.ts'
import type { Fit } from '../../plan/fits/index.ts'
import { standardise } from '../../plan/fits/scale.ts'
import { build, type Named, plan } from '../../plan/nodes.ts'
import { stepOf } from '../../runs/inline.ts'
import type { DatasetSpec, PlanSpec, ServeSpec, Step, TrainSpec } from '../../runs/specs.ts'
import { loadRecipe } from '../recipe.ts'
import { explainServe } from './endpoint.ts'
import { fusedPart, fusedText } from './fused.ts'
import { offerText } from './gaps.ts'
import { explainSource, sourceText } from './source.ts'
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

/** What is told of a fused part, on one line. */
const lines = (part: Parameters<typeof fusedText>[0]) => fusedText(part).join(' ').replaceAll(/ +/g, ' ')

test('a table: engine and why, rules that fired, rows from the file, SQL', async () => {
  const told = await explainTable(kitchen, stepOf(recipe, 'clean') as Step<PlanSpec>)
  expect(told.engine).toMatchObject({ name: 'duckdb', reason: 'the only engine here that takes all of it' })
  expect(told.fired.map((f) => f.rule)).toContain('merge-filters')
  const text = tableText(told, { before: true, sql: true }).join('\n')
  expect(text).toContain('not row: it answers single records at endpoints, and this step makes a table')
  expect(text).toContain("'impossible delay' where delay < -120")
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
        columns: [{ column: 'route', reason: 'concat: on the device it is computed of one text and constants alone' }],
      },
    ],
    apart: ['flight-features-report', 'flight-delay'],
  })
  expect(lines(part)).toContain("the processor reads 'route' for flight-features-report: concat: ")
  expect(lines(part)).toContain('clean, flight-features, late-arrival: as one part on a device')

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
  const told = lines({ ...part, asked: [{ node: 'json', reason: 'it is not computed' }] })
  expect(told).toContain('the processor finds what fits ask, because of json (it is not computed)')
  const cycles = await withFit(dateParts(['date'], ['hour']))
  expect(cycles.gaps).toEqual([expect.objectContaining({ node: 'sin' })])
  expect(lines(cycles)).toMatch(/^fused nothing, because of sin \(.+\): every step is computed on the processor$/)

  // every column that needs what the device has not is named, and a model that an expression asks
  const withColumns = (columns: Named<Expr>) => {
    const steps = recipe.steps.map((s) => {
      if (s.kind === 'train') return { ...s, spec: { ...(s.spec as TrainSpec), features: columns.map(([name]) => name) } } // biome-ignore format: one line
      if (s.kind !== 'dataset') return s
      const spec = s.spec as DatasetSpec
      return { ...s, spec: { ...spec, plan: plan(build({ op: 'derive', input: spec.plan.root, columns })) } }
    })
    return fusedPart({ ...kitchen, engines, recipe: { ...recipe, steps } }, 'late-arrival')
  }
  const predict: Expr = { op: 'predict', model: 'delay.onnx', args: [col('distance')] }
  const [sin, cos] = [call('sin', col('distance')), call('cos', call('sin', col('distance')))]
  const several = await withColumns([['a', sin], ['b', sin], ['c', predict], ['d', cos]]) // biome-ignore format: one line
  expect(several.gaps.map(({ node, columns }) => [node, columns])).toEqual([['sin', ['a', 'b']], ['predict', ['c']], ['cos', ['d']]]) // biome-ignore format: one line
  expect(lines(several)).toContain(
    "because of sin for 'a', 'b', cos for 'd' (the device has no such function); predict for 'c' (",
  )
})

test('why an engine does not compute a step, and what does instead', () => {
  const gaps = (...given: (readonly [string, string])[]) => given.map(([node, reason]) => ({ node, reason }))
  const gpu = gaps(['unnest', 'unnest is not done on the device'], ['concat', 'it is of texts'], ['lower', 'it is of texts']) // biome-ignore format: one line
  expect(offerText({ engine: 'webgpu', gaps: gpu }, 'duckdb')).toBe(
    'not webgpu, because of unnest; concat, lower (it is of texts): duckdb computes the whole step on the processor',
  )
  expect(offerText({ engine: 'duckdb', gaps: gaps(['scan', 'it is there']) }, undefined)).toBe('not duckdb, because of scan (it is there)') // biome-ignore format: one line
})

test('a source: its columns with types, and those of its file that are not read', async () => {
  const flights = stepOf(recipe, 'flights') as Step<SourceSpec>
  const { distance, ...columns } = flights.spec.columns
  const fewer = { ...flights, spec: { ...flights.spec, columns } }
  const told = await explainSource({ ...kitchen, known: new Map() }, fewer)
  expect(sourceText(told)).toEqual([
    expect.stringMatching(/^reads {4}parquet: 3,000,000 rows, [\d,]+ bytes$/),
    'columns  date: local timestamp?, delay: int64?, origin: string?, destination: string?',
    '         not read: distance',
  ])
  expect(distance).toBe('int64')
  const pushed = { ...flights, id: 'pushed', spec: { ...flights.spec, connector: 'push' } }
  const unknown = sourceText(await explainSource({ ...kitchen, known: new Map([['pushed', undefined]]) }, pushed))
  expect(unknown[0]).toBe('reads    push: how many rows is known when it is read')
})
