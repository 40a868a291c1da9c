import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { parquet } from '../../src/data/connectors/parquet.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import type { EngineChoice } from '../../src/engines/engine.ts'
import { type Device, openDevice } from '../../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import type { ModelPackage } from '../../src/ml/registry/version.ts'
import { baseline, logistic } from '../../src/ml/training/candidates.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { impute } from '../../src/plan/fits/impute.ts'
import { standardise } from '../../src/plan/fits/scale.ts'
import { targetEncode } from '../../src/plan/fits/target.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { byTime } from '../../src/runs/split.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-fused-odd-'))
const homes = new Map<EngineChoice, Galley>()
let device: Device

beforeAll(async () => {
  for (const name of ['processor', 'gpu'] as const) {
    mkdirSync(join(temp, name))
    homes.set(name, await openGalley({ ...readConfig({}), home: join(temp, name), log: 'silent' }))
  }
  device = await openDevice()
}, 60_000)

afterAll(async () => {
  device.close()
  for (const galley of homes.values()) await galley.close()
  rmSync(temp, { recursive: true, force: true })
})

/** Rows of three months, of which columns are SQL over `i`. */
async function file(name: string, rows: number, columns: string): Promise<string> {
  const path = join(temp, `${name}.parquet`)
  await homes.get('processor')?.duckdb.session(testContext(), (query) =>
    query(`COPY (SELECT TIMESTAMP '2026-01-01' + to_seconds(floor(i * 86400.0 * 90 / ${rows})::INTEGER) AS at, ${columns}
      FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`),
  )
  return path
}

const SPLIT = { train: ['2026-01-01', '2026-02-15'], validate: ['2026-02-15', '2026-03-10'], test: ['2026-03-10', '2027-01-01'] } as const // biome-ignore format: one line

async function ran(made: Recipe, engine: 'processor' | 'gpu') {
  const galley = homes.get(engine) ?? expect.unreachable()
  const own = createWebgpuEngine({ host: galley.duckdb, open: async () => device, memoryMiB: 1024 })
  const events: RunEvent[] = []
  const ware = engine === 'gpu' ? { ...galley.ware, device: async () => ({ name: 'a device', engine: own }) } : galley.ware // biome-ignore format: one line
  const options = { folder: temp, signal: new AbortController().signal, on: (e: RunEvent) => void events.push(e), engine } // biome-ignore format: one line
  const scope = await galley.scope()
  const result = await run(ware, scope, made, options)
  const model = result.outputs.get('model') as TrainOutput
  const pack = JSON.parse(new TextDecoder().decode(await galley.store.blobs.get(scope, model.blob))) as ModelPackage
  return { model, pack, said: events.flatMap((e) => (e.type === 'said' ? [e.text] : [])) }
}

test('what the monitor compares with is of the rows as requests have them, whatever fits make of them, and columns may have any name', async () => {
  const path = await file(
    'names',
    900,
    `(hash(i) % 100 > 60) AS n, (hash(i * 3) % 7)::DOUBLE AS x, (CASE WHEN i % 5 = 0 THEN NULL ELSE hash(i * 5) % 9 END / 4.0)::DECIMAL(9, 2) AS "key",
      CASE WHEN i % 3 = 0 THEN NULL ELSE 'a' || (hash(i * 11) % 3) END AS "rows", (hash(i * 13) % 4)::BIGINT AS fold`,
  )
  const made = recipe('names', (k) => {
    const types = { at: 'local timestamp', n: 'bool', x: 'float64', key: 'decimal(9, 2)', rows: 'string', fold: 'int64' } as const // biome-ignore format: one line
    const data = k.dataset('data', k.source('all', parquet(path, types)), { moment: 'at', split: byTime('at', SPLIT) })
    k.train('model', data, {
      target: 'n',
      features: ['fold'],
      // the last reads what the first two give
      fit: [
        standardise(['x']),
        impute(['rows'], { with: 'mostFrequent', by: ['fold'] }),
        targetEncode(['x', 'key', 'rows']),
      ],
      candidates: [baseline({ by: ['fold'] })],
    })
  })
  const [here, there] = [await ran(made, 'processor'), await ran(made, 'gpu')]
  expect([there.said, there.model.computed?.by]).toEqual([[], 'webgpu'])
  expect(there.pack.reference.slice(0, -1)).toEqual(here.pack.reference.slice(0, -1))
  const of = (name: string) => there.pack.reference.find((r) => r.kind === 'category' && r.name === name)
  expect(Object.keys(of('x')?.counts ?? {}).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  expect(Object.keys(of('key')?.counts ?? {}).sort().slice(0, 3)).toEqual(['0.00', '0.25', '0.50'])
  expect(of('key')?.missing).toBe(90)
  expect(of('rows')?.missing).toBe(150)
}, 120_000) // biome-ignore format: one line

test('numbers that f32 does not hold keep a descent on the processor, which says what it makes of them', async () => {
  const of = async (name: string, x: string) => {
    const path = await file(name, 600, `(hash(i) % 100 > 60) AS late, ${x} AS x, (hash(i * 3) % 10)::DOUBLE AS y`)
    return recipe(name, (k) => {
      const types = { at: 'local timestamp', late: 'bool', x: 'float64', y: 'float64' } as const
      const data = k.dataset(name, k.source(`${name}-rows`, parquet(path, types)), { split: byTime('at', SPLIT) })
      k.train('model', data, { target: 'late', features: ['x', 'y'], candidates: [baseline(), logistic()] })
    })
  }
  const large = await of('large', '(hash(i * 7) % 100)::DOUBLE * 1e39')
  const [here, there] = [await ran(large, 'processor'), await ran(large, 'gpu')]
  expect(there.said).toEqual(["a device gave up: f32 does not hold the values of 'x'; the processor goes on"])
  expect(there.model.blob).toBe(here.model.blob)
  // a column of the largest numbers says nothing, to both
  const larger = await of('larger', 'CASE i % 9 WHEN 0 THEN 1e308 WHEN 1 THEN -1e308 ELSE i::DOUBLE END')
  const [own, other] = [await ran(larger, 'processor'), await ran(larger, 'gpu')]
  expect(other.model.blob).toBe(own.model.blob)
  expect(device.memory.live).toBe(0)
}, 120_000)
