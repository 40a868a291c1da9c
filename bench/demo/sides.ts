import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Measured, measure, output } from '../measure.ts'

export const PEER = 'pandas + LightGBM'

const Seconds = z.record(z.string(), z.number())
const Candidate = z.object({ test: z.object({ auc: z.number(), logLoss: z.number() }) })

/** One run of one side: what it took, and what it found. */
export interface Side extends Measured {
  /** Rows of the dataset that it made. */
  readonly rows: number
  /** Seconds of each step. */
  readonly steps: Readonly<Record<string, number>>
  /** How each candidate did on the test month. */
  readonly candidates: Readonly<Record<string, z.infer<typeof Candidate>>>
}

export const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
export const data = (file: string): string =>
  fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const GALLEY = here('../../src/cli/main.ts')

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const lastLine = (stdout: string): unknown => JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

/** The recipe from an empty data folder: cleaned, stored, reported on, trained, registered, deployed. */
export const galley = (flights: string, signal: AbortSignal): Promise<Side> =>
  inFolder(async (folder) => {
    const env: NodeJS.ProcessEnv = { ...process.env, GALLEY_HOME: join(folder, 'home'), GALLEY_BENCH_FLIGHTS: flights }
    // defaults on both sides, and no other server or database
    for (const name of ['GALLEY_URL', 'GALLEY_DATABASE_URL', 'GALLEY_MEMORY', 'GALLEY_THREADS']) delete env[name]
    const recipe = new URL('./recipe.ts', import.meta.url)
    const command = [process.execPath, GALLEY, 'run', fileURLToPath(recipe), '--json']
    const measured = await measure('Galley', command, { env, signal })
    const ask = async (...words: string[]): Promise<unknown> =>
      JSON.parse(await output('Galley', [process.execPath, GALLEY, ...words, '--json'], { env, signal }))
    const { candidates } = z
      .object({
        details: z.object({ candidates: z.array(Candidate.extend({ trainer: z.string(), seconds: z.number() })) }),
      })
      .parse(await ask('models', 'show', 'late-arrival')).details
    const dataset = z.object({ rows: z.number() }).parse(await ask('datasets', 'show', 'flight-features'))
    return {
      ...measured,
      rows: dataset.rows,
      steps: {
        ...z.object({ seconds: Seconds }).parse(lastLine(measured.stdout)).seconds,
        ...Object.fromEntries(candidates.map((c) => [`late-arrival/${c.trainer}`, c.seconds])),
      },
      candidates: Object.fromEntries(candidates.map((c) => [c.trainer, c])),
    }
  })

/** The same job, with the same features from the same rows, in one script. */
export const peer = (flights: string, python: string, signal: AbortSignal): Promise<Side> =>
  inFolder(async (folder) => {
    const command = [python, here('./peer.py'), flights, data('airports.csv'), folder]
    const measured = await measure(PEER, command, { env: process.env, signal })
    const found = z
      .object({ rows: z.number(), steps: Seconds, candidates: z.record(z.string(), Candidate) })
      .parse(lastLine(measured.stdout))
    return { ...measured, ...found }
  })
