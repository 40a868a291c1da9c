import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bringYourOwn } from '../../recipes/bring-your-own/recipe.ts'
import { bringOnnxRuntime } from '../../scripts/onnx-runtime.ts'
import { readConfig } from '../../src/base/config.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { rowsOf } from '../../src/engines/plans.ts'
import { openGalley } from '../../src/main.ts'
import { openSession } from '../../src/ml/onnx/process.ts'
import { loadOnnx } from '../../src/ml/onnx/scorer.ts'
import { signatureOf } from '../../src/ml/onnx/signature.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { build } from '../../src/plan/nodes.ts'
import type { Goal } from '../../src/runs/goal.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const root = join(import.meta.dirname, '..', '..')
const FEATURES = ['a', 'b', 'c', 'd']
const LIMITS = { seconds: 30, memoryMiB: 2048 }
const say = (line: string) => void process.stdout.write(`${line}\n`)
bringOnnxRuntime(root, say)

interface Told {
  readonly versions: Readonly<Record<string, string>>
  readonly models: readonly {
    readonly name: string
    readonly goal: Exclude<Goal['kind'], 'ranking'>
    readonly classes: readonly string[] | null
    readonly expected: readonly (number | readonly number[])[]
    readonly rows: readonly (readonly (number | null)[])[]
  }[]
}

test('models of scikit-learn and LightGBM say here what they say in Python', { timeout: 240_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-byo-'))
  try {
    execFileSync(python, [join(import.meta.dirname, 'byo.py'), folder], { stdio: ['ignore', 'ignore', 'inherit'] })
    const told = JSON.parse(readFileSync(join(folder, 'told.json'), 'utf8')) as Told
    say(Object.entries(told.versions).map(([name, version]) => `${name} ${version}`).join(' · ')) // biome-ignore format: one line
    for (const { name, goal: kind, classes, expected, rows } of told.models) {
      const bytes = readFileSync(join(folder, `${name}.onnx`))
      const session = await openSession(bytes, LIMITS)
      const goal: Goal = kind === 'regression' ? { kind, objective: 'squared' } : { kind }
      const found = signatureOf(session, { features: FEATURES, texts: new Set(), goal })
      expect(found.classes).toEqual(classes ?? [])
      const body = { file: bytes.toString('base64'), texts: [], limits: LIMITS, signature: found.signature }
      const scorer = loadOnnx({ format: 1, kind: 'onnx', features: FEATURES, target: 'y', goal, params: {}, ...(classes ? { classes } : {}), body }, session) // biome-ignore format: one line
      const out = new Float64Array(rows.length * scorer.outputs)
      const columns = FEATURES.map((_, f) => Float64Array.from(rows, (row) => row[f] ?? Number.NaN))
      await scorer.many(columns, rows.length, out)
      await scorer.close?.()
      const apart = Math.max(...expected.flat().map((x, i) => Math.abs(x - (out[i] as number))))
      say(`${name}: apart by ${apart.toExponential(1)} at most, of ${rows.length} rows`)
      expect(apart).toBeLessThan(1e-5)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

const hasTorch = spawnSync(python, ['-c', 'import torch, onnxscript']).status === 0
if (!hasTorch) say('not run: PyTorch, of which PyPI has builds for CUDA alone (540 MB, and its libraries); where torch and onnxscript are installed it is') // biome-ignore format: one line

test.each(['sklearn', 'lightgbm', ...(hasTorch ? (['torch'] as const) : [])] as const)(
  'a %s script trains in its own process, and the endpoint answers as it does',
  { timeout: 240_000 },
  async (by) => {
    const folder = mkdtempSync(join(tmpdir(), 'galley-byo-'))
    const from = join(root, 'recipes', 'bring-your-own')
    for (const name of readdirSync(from)) if (/\.(py|txt)$/.test(name)) copyFileSync(join(from, name), join(folder, name)) // biome-ignore format: one line
    const galley = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent' })
    try {
      const scope = await galley.scope()
      const { signal } = new AbortController()
      const result = await run(galley.ware, scope, bringYourOwn({ by, python, customers: 3000 }), { folder, signal, on: () => {} }) // biome-ignore format: one line
      const rows = async (id: string) => {
        const { files, schema } = result.outputs.get(id) as unknown as DatasetOutput
        return rowsOf({ duckdb: galley.duckdb, scope, signal, ledger: createLedger() }, build({ op: 'scan', from: { kind: 'parquet', files }, schema })) // biome-ignore format: one line
      }
      const said = new Map((await rows('python-scores')).map((r) => [String(r['customer']), Number(r['score'])]))
      const live = await openEndpoint({ store: galley.store, duckdb: galley.duckdb, scope, clock: galley.clock, log: galley.log, ephemeral: true }, 'may-leave-too-live') // biome-ignore format: one line
      const asked = (await rows('customer-months')).slice(0, 2000)
      const input = ['tenure', 'fee', 'rise', 'calls', 'contract', 'channel']
      const records = asked.map((r) => ({ asked: '2026-01-01T00:00:00Z', ...Object.fromEntries(input.map((c) => [c, typeof r[c] === 'bigint' ? Number(r[c]) : r[c]])) })) // biome-ignore format: one line
      const answers = await live.predict(records)
      await live.close()
      const apart = Math.max(
        ...answers.map((a, i) => Math.abs(a.score - (said.get(String(asked[i]?.['customer'])) ?? 9))),
      )
      say(`${by}: endpoint and Python apart by ${apart.toExponential(1)} at most, of ${answers.length} rows`)
      expect(apart).toBeLessThan(1e-5)
    } finally {
      await galley.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  },
)
