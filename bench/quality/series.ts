import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type ForecastAsked, forecastRows } from '../../src/ml/forecasting/forecasting.ts'
import { naiveError } from '../../src/ml/forecasting/judged.ts'
import { relationOf } from '../../src/ml/training/conformance.ts'
import type { Schema } from '../../src/plan/types.ts'
import type { Options, Result, Row } from '../bench.ts'
import { pythonPeers } from '../peers.ts'

const run = promisify(execFile)
const FIXTURES = join(import.meta.dirname, '..', '..', 'src', 'ml', 'forecasting', 'fixtures', 'series.json')
const SCHEMA: Schema = [
  { name: 'at', type: 'date', nullable: false },
  { name: 'value', type: 'float64', nullable: false },
]
const EVERY = { 1: 'year', 4: 'quarter', 12: 'month' } as const
const MONTHS = { year: 12, quarter: 3, month: 1 } as const
const DAY = 86_400_000

interface Series {
  readonly name: string
  readonly season: 1 | 4 | 12
  readonly horizon: number
  readonly values: readonly number[]
}

/** Of each forecaster the names of those beside it; `auto` is what `autoForecast()` chooses by its back-test. */
const SIDES: readonly (readonly [own: string, params: ForecastAsked['params'], peer: string])[] = [
  ['ets', {}, 'AutoETS'],
  ['arima', {}, 'AutoARIMA'],
  ['theta', {}, 'AutoTheta'],
  ['auto', {}, 'best'],
  ['auto', { average: 3 }, 'mean'],
]

/** All but the last horizon of a series, forecast through the same door as a recipe's step. */
async function forecastOf(s: Series, forecaster: string, params: ForecastAsked['params'], signal: AbortSignal) {
  const every = EVERY[s.season]
  const rows = s.values.slice(0, -s.horizon).map((value, t) => ({ at: Date.UTC(1900, t * MONTHS[every], 1) / DAY, value })) // biome-ignore format: one line
  const asked: ForecastAsked = {
    ...{ forecaster, params, time: 'at', every, series: [], target: 'value', horizon: s.horizon, season: s.season },
    ...{ intervals: [], gaps: 'missing', duplicates: 'refuse', folds: 3, seed: 1 },
  }
  const made = await forecastRows(relationOf(SCHEMA, rows), asked, { signal, progress: () => {} }, 2)
  return made.expected[0]?.mean ?? []
}

/** The mean of errors on what was held back, by that of the seasonal naive forecast within the rest. */
function maseOf({ values, horizon, season }: Series, mean: ArrayLike<number>): number {
  const seen = Float64Array.from(values.slice(0, -horizon))
  return values.slice(-horizon).reduce((sum, v, h) => sum + Math.abs(v - (mean[h] as number)), 0) / horizon / naiveError(seen, season) // biome-ignore format: one line
}

const rounded = (mase: number): number => Number(mase.toFixed(4))
const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/**
 * MASE over the public series of the fixtures beside statsforecast's auto models. Beside what Galley's back-test chooses stands what theirs does (`best`: of
 * AutoETS, AutoARIMA and AutoTheta the one with the least errors over as many rolling origins), and beside the mean of its three best the mean of those.
 */
export async function seriesQuality({ signal, say }: Options): Promise<Result> {
  const { python, versions } = await pythonPeers(say, signal, 'forecasting')
  const { series } = JSON.parse(readFileSync(FIXTURES, 'utf8')) as { readonly series: readonly Series[] }
  const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
  const rows: Row[] = []
  const notes: string[] = []
  try {
    const file = join(folder, 'series.json')
    writeFileSync(file, JSON.stringify(series))
    const { stdout } = await run(python, ['-B', join(import.meta.dirname, 'series.py'), file], { signal, maxBuffer: 2 ** 28 }) // biome-ignore format: one line
    const told = JSON.parse(stdout) as Readonly<Record<string, readonly (readonly number[])[]>>
    for (const [own, params, peer] of SIDES) {
      const name = params['average'] ? `${own}-mean` : own
      say(`series-${name}`)
      const ours: number[] = []
      for (const s of series) ours.push(maseOf(s, await forecastOf(s, own, params, signal)))
      const theirs = series.map((s, i) => maseOf(s, told[peer]?.[i] ?? []))
      const lower = ours.filter((v, i) => v < (theirs[i] as number)).length
      rows.push({ case: `series-${name}`, peer, unit: 'count', galley: rounded(average(ours)), peerValue: rounded(average(theirs)), ratio: average(ours) / average(theirs) }) // biome-ignore format: one line
      notes.push(`series-${name}: MASE ${average(ours).toFixed(4)} beside ${average(theirs).toFixed(4)} of ${peer}, over ${series.length} series; lower in ${lower}`) // biome-ignore format: one line
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { rows, notes, versions }
}
