import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BenchError, median, type Row } from '../bench.ts'
import { heldBy } from '../measure.ts'
import { csvData } from '../pipeline/csv.ts'
import { LIMITS } from '../pipeline/side.ts'
import type { Setting } from './setting.ts'

export const versionCases = ['csv-version-1e7', 'csv-version-1e7-memory']

/** A CSV cleaned and published as a version of a dataset, beside the same cleaning from CSV to Parquet by DuckDB alone. */
export async function versionRows({ engine, context, wanted, runs, small, say, notes }: Setting): Promise<Row[]> {
  if (!versionCases.some(wanted)) return []
  const count = small ? 1e5 : 1e7
  const { csv = '' } = await engine.session(context(), (query) => csvData(count, query))
  const folder = mkdtempSync(join(tmpdir(), 'galley-version-'))
  const sides = ['galley', 'duckdb'].map((name) => side(name, csv, folder))
  const seconds: [number[], number[]] = [[], []]
  const peaks: [number[], number[]] = [[], []]
  try {
    for (let run = 0; run < runs; run++)
      for (const [i, s] of sides.entries()) {
        const { took, peak } = await s.ask()
        seconds[i as 0 | 1].push(took)
        peaks[i as 0 | 1].push(peak)
        say(`${s.name} ${took.toFixed(2)} s, ${Math.round(peak / 2 ** 20)} MiB`)
      }
  } finally {
    for (const s of sides) await s.close()
    rmSync(folder, { recursive: true, force: true })
  }
  notes.push(
    `csv-version: ${count.toLocaleString('en-US')} rows; Galley's memory is that of its process, the one that opens the file, and the database's; runs of Galley took ${seconds[0].map((s) => s.toFixed(2)).join(', ')} s, of DuckDB ${seconds[1].map((s) => s.toFixed(2)).join(', ')} s`,
  )
  const row = (name: string, unit: 's' | 'bytes', [ours, theirs]: readonly [number[], number[]]): Row => {
    const [galley, peerValue] = [median(ours), median(theirs)]
    return { case: name, peer: 'duckdb', unit, galley, peerValue, ratio: galley / peerValue }
  }
  const name = small ? 'csv-version-1e5' : 'csv-version-1e7'
  return [row(name, 's', seconds), row(`${name}-memory`, 'bytes', peaks)]
}

interface Side {
  readonly name: string
  /** Seconds that the job took, and the most memory that all processes of the side held at once meanwhile, bytes. */
  ask(): Promise<{ took: number; peak: number }>
  close(): Promise<void>
}

const SCRIPT = fileURLToPath(new URL('./version-side.ts', import.meta.url))
const EVERY = 50

function side(name: string, csv: string, folder: string): Side {
  const own = JSON.stringify({ name, csv, folder: join(folder, name), ...LIMITS })
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT, own], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => {
      const fix = 'correct what it names, then run the benchmark again'
      reject(new BenchError(`${name} failed`, { why: `it ended with ${code}`, fix }))
    })
  })
  ended.catch(() => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => String((await Promise.race([lines.next(), ended])).value)
  const ready = next()
  return {
    name,
    async ask() {
      await ready
      let [peak, over] = [0, false]
      const watching = (async () => {
        for (; !over; await sleep(EVERY)) peak = Math.max(peak, heldBy(child.pid ?? 0))
      })()
      child.stdin.write('run\n')
      const took = Number(await next())
      over = true
      await watching
      return { took, peak }
    },
    async close() {
      child.stdin.end()
      await ended.catch(() => {})
    },
  }
}
