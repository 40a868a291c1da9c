import { fileURLToPath } from 'node:url'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'
import type { DuckdbEngine } from '../../src/engines/duckdb/index.ts'
import type { LedgerEntry } from '../../src/engines/ledger.ts'
import type { Device } from '../../src/engines/webgpu/device.ts'
import type { WebgpuEngine } from '../../src/engines/webgpu/index.ts'
import { type FusedResult, learnFused } from '../../src/ml/training/fused/fused.ts'
import { onHost } from '../../src/ml/training/fused/host.ts'
import type { Means } from '../../src/ml/training/fused/means.ts'
import { onDevice } from '../../src/ml/training/fused/resident.ts'
import { sourceFiles } from '../../src/ml/training/fused/sources.ts'
import { inStages } from '../../src/ml/training/fused/staged.ts'
import { BenchError, type Options, type Row } from '../bench.ts'
import { contextOf } from './chain.ts'

const data = (file: string) => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
export const RECIPE = ['bytes-up', 'bytes-down', 'readbacks', 'peak'] as const
const MOVED = ['bytes-up', 'bytes-down', 'readbacks'] as const
const [FLIGHTS, AIRPORTS] = [3_000_000, 3376]
/** Bytes a row of the columns that the recipe reads: two times of day, two integers, codes of two texts; a code and a float. */
const [FLIGHT, AIRPORT] = [8 + 8 + 8 + 4 + 4, 4 + 8]
const MEMORY = 4096

/**
 * The flight delays from their files to judged models: within the device, in stages, and on the processor. A software
 * driver takes a sample: milliseconds a kernel are no matter of bytes.
 */
export async function recipe(
  { small, signal, say }: Options,
  { host, engine, folder, device }: { host: DuckdbEngine; engine: WebgpuEngine; folder: string; device: Device },
): Promise<{ rows: Row[]; notes: string[] }> {
  const flights = small ? 5000 : device.software ? 100_000 : FLIGHTS
  const whole = flightDelay(data('flights-3m.parquet'), data('airports.csv'))
  const files = await sourceFiles(whole, { folder, temp: folder, rows: flights }, host, contextOf(signal))
  const learnt = async (name: string, means: Means) => {
    const began = performance.now()
    const { memory } = device
    memory.peak = memory.live
    // what stages hand on: the tables that lie there as each begins
    let tables = 0
    const result = await learnFused({
      ...{ means, recipe: whole, step: 'late-arrival', ctx: contextOf(signal), threads: 2, say },
      rows: (id) => ({ files: files.get(id) ?? [] }),
      begins: () => void (tables = Math.max(tables, memory.live)),
    })
    const seconds = (performance.now() - began) / 1000
    say(`  ${name}: ${seconds.toFixed(1)} s`)
    return { ...result, seconds, tables, peak: memory.peak }
  }
  let stages = 0
  const fused = await learnt('fused', onDevice(engine))
  const staged = await learnt('staged', inStages(engine, MEMORY * 2 ** 20))
  const processor = await learnt(
    'processor',
    onHost(host, () => `${folder}/stage-${stages++}.parquet`),
  )
  agree(fused, processor)
  const moved = fused.ledger.total()
  const least = { up: flights * FLIGHT + AIRPORTS * AIRPORT, down: resultBytes(fused), readbacks: 1 }
  const keys = { 'bytes-up': 'up', 'bytes-down': 'down', readbacks: 'readbacks' } as const
  const rows = MOVED.flatMap((name): Row[] => {
    const key = keys[name]
    const unit = key === 'readbacks' ? 'count' : 'bytes'
    const row = (peer: string, by: Pick<LedgerEntry, typeof key>): Row => ({
      ...{ case: name, peer, unit, galley: moved[key], peerValue: by[key], ratio: moved[key] / by[key] },
    })
    return [row('minimum', least as LedgerEntry), row('staged', staged.ledger.total())]
  })
  const twice = 2 * fused.tables
  rows.push({ case: 'peak', peer: 'twice the columns', unit: 'bytes', galley: fused.peak, peerValue: twice, ratio: fused.peak / twice }) // biome-ignore format: one line
  const auc = fused.candidates.map(({ model, test }) => `${model.kind} ${test.auc?.toFixed(4)}`).join(', ')
  return {
    rows,
    notes: [
      `the flight delays, ${flights.toLocaleString('en-US')} flights on ${device.name}, seconds that say nothing of another device: fused ${fused.seconds.toFixed(1)}, staged ${staged.seconds.toFixed(1)}, with the files read; on the processor ${processor.seconds.toFixed(1)}`,
      `on the test month, the same to three decimals: AUC ${auc}`,
      `up by stage: ${[...fused.ledger.stages()].map(([stage, e]) => `${stage} ${e.up} B`).join(', ')}`,
    ],
  }
}

/** Models as their arrays, reports, what fits bind for serving, and what the monitor compares with: numbers as eight bytes. */
function resultBytes({ candidates, reference, fits }: FusedResult): number {
  const base64 = (value: unknown): number =>
    typeof value === 'string'
      ? Math.floor((value.length * 3) / 4)
      : typeof value === 'object' && value !== null
        ? Object.values(value).reduce((n: number, v) => n + base64(v), 0)
        : 8
  const told = candidates.map(({ model, validate, test, threshold, scores }) => [model.body, { ...validate, reasons: {} }, { ...test, reasons: {} }, threshold, scores.cuts, scores.counts]) // biome-ignore format: one line
  const columns = reference.map((r) => (r.kind === 'numeric' ? [r.cuts, r.counts] : Object.values(r.counts)))
  // of the fits' constants the numbers: keys are texts that the host has
  const constants = fits.flatMap((f) => f.serving.flatMap((stage) => stage.map(([, e]) => (e.op === 'lookup' ? e.table.values : [])))) // biome-ignore format: one line
  return base64(told) + base64(columns) + base64(constants)
}

function agree(one: FusedResult, other: FusedResult): void {
  for (const [i, { model, test }] of one.candidates.entries())
    for (const metric of ['auc', 'logLoss'] as const) {
      const [a, b] = [test[metric] ?? 0, other.candidates[i]?.test[metric] ?? 0]
      if (Math.abs(a - b) < 0.0005) continue
      throw new BenchError(`the device and the processor disagree on ${model.kind}`, {
        why: `${metric} on the test month is ${a} and ${b}`,
        fix: 'correct the wrong one',
      })
    }
}
