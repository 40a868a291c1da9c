import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import { accessOf } from '../../src/data/profile/access.ts'
import { differences } from '../../src/data/profile/conformance.ts'
import { profile } from '../../src/data/profile/profile.ts'
import type { DuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { runPlan } from '../../src/engines/plans.ts'
import type { Device } from '../../src/engines/webgpu/device.ts'
import type { WebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { asksOf } from '../../src/ml/analysis/asks.ts'
import { columnsThere, reportsBeside, residentOf } from '../../src/ml/training/fused/analysis.ts'
import { onDevice } from '../../src/ml/training/fused/resident.ts'
import { sourceFiles } from '../../src/ml/training/fused/sources.ts'
import { col } from '../../src/plan/expr.ts'
import { build } from '../../src/plan/nodes.ts'
import { boundPlan, publishedPlan } from '../../src/runs/inline.ts'
import { BenchError, type Options, type Row } from '../bench.ts'
import { contextOf } from './chain.ts'

const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
export const REPORT = ['report-bytes-up', 'report-bytes-down', 'report-readbacks'] as const
const FLIGHTS = 3_000_000

/** The report of the flight delays, of rows that lie on the device: beside sending its columns once more, and beside reading them. */
export async function report(
  { small, signal, say }: Options,
  { host, engine, folder, device }: { host: DuckdbEngine; engine: WebgpuEngine; folder: string; device: Device },
): Promise<{ rows: Row[]; notes: string[] }> {
  const flights = small ? 5000 : device.software ? 100_000 : FLIGHTS
  const recipe = flightDelay(data('flights-3m.parquet'), data('airports.csv'))
  const files = await sourceFiles(recipe, { folder, temp: folder, rows: flights }, host, contextOf(signal))
  const whole = boundPlan(publishedPlan(recipe, 'flight-features'), (id) => ({ files: files.get(id) ?? [] }))
  const engines = { ...contextOf(signal), duckdb: host }
  const file = join(folder, 'flight-features.parquet')
  const { rows: total = 0 } = await runPlan(engines, whole, { parquet: file })
  const kept = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: whole.schema })
  const [step] = reportsBeside(recipe, 'late-arrival')
  if (!step) throw new BenchError('the flight delays have no report', { why: 'no step writes one', fix: 'add it' })
  const asks = asksOf(recipe, step, whole.schema)
  const seconds = async <T>(work: () => Promise<T>) => {
    const began = performance.now()
    return { found: await work(), seconds: (performance.now() - began) / 1000 }
  }
  const here = await seconds(() => profile(kept, accessOf(engines), asks))

  const means = onDevice(engine)
  const { answers } = means
  const { names } = columnsThere(engine, whole)
  const base = build({ op: 'select', input: whole, columns: names.map((name) => [name, col(name)] as const) })
  const held = await means.compute(base, contextOf(signal))
  try {
    const { scan } = await held.use(contextOf(signal))
    const ctx = contextOf(signal)
    let elsewhere: readonly string[] = []
    if (!answers) throw new BenchError('the device answers no report', { why: 'it keeps no rows', fix: 'keep them' })
    const resident = { ...residentOf(scan, total, answers, ctx), elsewhere: (some: readonly string[]) => void (elsewhere = some) } // biome-ignore format: one line
    const there = await seconds(() => profile(kept, accessOf(engines), { ...asks, resident }))
    say(`  report: ${there.seconds.toFixed(1)} s`)
    const wrong = differences(there.found, here.found, { sampled: total <= resident.sample })
    if (wrong.length > 0)
      throw new BenchError('the device and the processor disagree on the report', { why: wrong.slice(0, 5).join('; '), fix: 'correct the wrong one' }) // biome-ignore format: one line
    const { up, down, readbacks } = ctx.ledger.total()
    const columns = total * base.schema.reduce((n, { type }) => n + (WIDTHS[String(type)] ?? 8), 0)
    const row = (name: (typeof REPORT)[number], peer: string, unit: Row['unit'], galley: number, peerValue: number): Row => ({ case: name, peer, unit, galley, peerValue, ratio: galley / peerValue }) // biome-ignore format: one line
    return {
      rows: [
        row('report-bytes-up', 'columns again', 'bytes', up, columns),
        row('report-bytes-down', 'the rows', 'bytes', down, columns),
        row('report-readbacks', 'minimum', 'count', readbacks, 1),
      ],
      notes: [
        `the report of ${total.toLocaleString('en-US')} flights by ${names.length} columns on ${device.name}, the same as the processor's but for its sample of ${there.found.sampled?.rows}: ${there.seconds.toFixed(1)} s there, with kernels compiled, ${here.seconds.toFixed(1)} s on the processor; read on the processor: ${elsewhere.join(', ')}`,
      ],
    }
  } finally {
    held.close()
  }
}

/** Bytes a value as columns are declared; of texts a code. */
const WIDTHS: Readonly<Record<string, number>> = { bool: 1 / 8, int64: 8, float64: 8, timestamp: 8, 'local timestamp': 8, string: 4 } // biome-ignore format: one line
