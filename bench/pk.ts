import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flightDelay } from '../recipes/flight-delay/recipe.ts'
import { createDuckdbEngine } from '../src/engines/duckdb/index.ts'
import { createLedger } from '../src/engines/ledger.ts'
import { openDevice } from '../src/engines/webgpu/device.ts'
import { createWebgpuEngine } from '../src/engines/webgpu/index.ts'
import { learnFused } from '../src/ml/training/fused/fused.ts'
import { onDevice } from '../src/ml/training/fused/resident.ts'
import { sourceFiles } from '../src/ml/training/fused/sources.ts'
const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const temp = mkdtempSync(join(tmpdir(), 'hG2-pk-'))
const host = createDuckdbEngine({ memoryMiB: 512, temp: join(temp, 'duckdb') })
const device = await openDevice()
const { memory } = device
const recipe = flightDelay(data('flights-3m.parquet'), data('airports.csv'))
const steps = recipe.steps.map((s) => s.kind !== 'train' ? s : ({ ...s, spec: { ...(s.spec as any), candidates: (s.spec as any).candidates.map((c: any) => c.trainer === 'gbdt' ? { ...c, params: { ...c.params, trees: 2 } } : c) } }))
const engine = createWebgpuEngine({ host, open: async () => device, memoryMiB: 4096 })
for (const rows of process.argv.slice(2).map(Number)) {
  const ctx = { scope: { workspace: 't', caller: 't' }, signal: new AbortController().signal, ledger: createLedger() }
  const files = await sourceFiles(recipe, { folder: temp, temp, rows }, host, ctx)
  let stage = '', tables = 0
  const peaks: string[] = []
  memory.peak = memory.live
  let most = 0
  const begins = (st: string) => { if (stage) peaks.push(`${stage} ${(memory.peak / 1e6).toFixed(2)}`); stage = st; tables = Math.max(tables, memory.live); most = Math.max(most, memory.peak); memory.peak = memory.live }
  await learnFused({ means: onDevice(engine), recipe: { ...recipe, steps }, step: 'late-arrival', ctx, threads: 1, say: console.log, begins, rows: (id) => ({ files: files.get(id) ?? [] }) })
  most = Math.max(most, memory.peak)
  console.log(rows, 'peak', most, 'twice', 2 * tables, 'over', most - 2 * tables, peaks.join(' · '), memory.count)
}
process.exit(0)
