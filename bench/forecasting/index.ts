import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { randomsOf } from '../../src/base/random.ts'
import { periodsOf } from '../../src/ml/forecasting/calendar.ts'
import { fitAll, planOf } from '../../src/ml/forecasting/fits.ts'
import { naiveError } from '../../src/ml/forecasting/judged.ts'
import type { Panel } from '../../src/ml/forecasting/panel.ts'
import { type Bench, median, type Row } from '../bench.ts'
import { pythonPeers } from '../peers.ts'

const run = promisify(execFile)
const THREADS = 2
const [LENGTH, SEASON, HORIZON] = [120, 12, 12]

const CASES = (['ets', 'arima', 'theta'] as const).flatMap((kind) => [100, 1000].map((series) => ({ name: `${kind}-${series}`, kind, series }))) // biome-ignore format: one line

/** Months with a level that wanders, a season that multiplies and noise, each series in a way of its own; the last `HORIZON` are held back. */
function months(count: number): Float64Array[] {
  return Array.from({ length: count }, (_, s) => {
    const random = randomsOf(3, s)
    const bell = () => random() + random() + random() + random() - 2
    const season = Array.from({ length: SEASON }, () => 1 + 0.25 * bell())
    const [noise, wander, slope] = [2 + 6 * random(), 3 * random(), bell() * 0.4]
    let level = 60 + 100 * random()
    return Float64Array.from({ length: LENGTH + HORIZON }, (_, t) => {
      level = Math.max(20, level + slope + wander * bell())
      return Math.max(1, level * (season[t % SEASON] as number) + noise * bell())
    })
  })
}

/** Over all series: the mean of errors on what was held back, by that of the seasonal naive forecast within the rest. */
function maseOf(series: readonly Float64Array[], mean: (s: number) => ArrayLike<number>): number {
  const all = series.map((y, s) => {
    const scale = naiveError(y.subarray(0, LENGTH), SEASON)
    return y.subarray(LENGTH).reduce((a, v, h) => a + Math.abs(v - (mean(s)[h] as number)), 0) / HORIZON / scale
  })
  return all.reduce((a, b) => a + b, 0) / all.length
}

export const forecasting: Bench = {
  about:
    'series of 120 months forecast beside statsforecast, models chosen by AICc; from numbers in memory, two threads or processes',
  cases: CASES.map((c) => c.name),
  async run({ prefix, runs, small, signal, say }) {
    const { python, versions } = await pythonPeers(say, signal, 'forecasting')
    const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
    const rows: Row[] = []
    const notes: string[] = []
    try {
      for (const c of CASES.filter(({ name, series }) => name.startsWith(prefix) && !(small && series > 100))) {
        say(c.name)
        const series = months(c.series)
        const values = series.map((y) => y.subarray(0, LENGTH))
        const panel: Panel = { periods: periodsOf('month'), keys: series.map((_, s) => [s]), first: series.map(() => 0), values, end: LENGTH - 1 } // biome-ignore format: one line
        const plan = planOf(panel, SEASON, HORIZON, 0, new Set())
        const seconds: number[] = []
        let mean: (s: number) => Float64Array = () => new Float64Array(0)
        for (let i = 0; i < runs; i++) {
          const began = performance.now()
          const fits = await fitAll(
            panel,
            plan,
            [{ kind: c.kind, params: {} }],
            { signal, progress: () => {} },
            THREADS,
          )
          seconds.push((performance.now() - began) / 1000)
          mean = (s) => fits.mean(s, 0, 0)
        }
        const file = join(folder, 'numbers')
        const numbers = new Float64Array(LENGTH * c.series)
        for (const [s, y] of values.entries()) numbers.set(y, s * LENGTH)
        writeFileSync(file, new Uint8Array(numbers.buffer))
        const script = join(import.meta.dirname, 'peer.py')
        const args = ['-B', script, c.kind, file, ...[runs, LENGTH, SEASON, HORIZON, THREADS].map(String)]
        const { stdout } = await run(python, args, { signal, maxBuffer: 2 ** 28 })
        const peer = JSON.parse(stdout) as { readonly seconds: readonly number[]; readonly mean: readonly number[][] }
        const [own, other] = [median(seconds), median(peer.seconds)]
        rows.push({ case: c.name, peer: 'statsforecast', unit: 's', galley: own, peerValue: other, ratio: own / other })
        notes.push(`${c.name}: MASE of what was held back ${maseOf(series, mean).toFixed(4)} beside ${maseOf(series, (s) => peer.mean[s] ?? []).toFixed(4)}`) // biome-ignore format: one line
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return { rows, notes, versions }
  },
}
