import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { logLoss } from '../../src/ml/evaluation/metrics.ts'
import { evaluateClasses } from '../../src/ml/evaluation/multiclass.ts'
import { evaluateNumbers } from '../../src/ml/evaluation/regression.ts'
import { type Bench, median, type Options, type Result, type Row } from '../bench.ts'
import { output } from '../measure.ts'
import { pythonPeers } from '../peers.ts'
import { seriesQuality } from './series.ts'
import type { About } from './side.ts'

const [THREADS, SECONDS, SHORT] = [2, 60, 10] as const
const TABLES = [
  ...['iris', 'wine', 'breast-cancer', 'digits', 'diabetes', 'anes96-vote', 'anes96-party', 'fair-affairs'],
  ...['randhie-visits', 'modechoice', 'star98', 'penguins', 'cars', 'movies', 'seattle-weather', 'flights-5k'],
]
const SERIES = 'series'
const ENGINES = ['galley', 'flaml', 'lightgbm'] as const
type Losses = Readonly<Record<(typeof ENGINES)[number], number>>

const here = (file: string): string => join(import.meta.dirname, file)
const numbersIn = (path: string): Float64Array => {
  const { buffer, byteOffset, byteLength } = readFileSync(path)
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength))
}

/** Log loss of classes, root mean square error of numbers, on rows that no engine has seen. */
function lossOf({ kind, classes, out, file, features, train, test }: About): number {
  const said = numbersIn(out)
  const y = numbersIn(file).slice(features * (train + test) + train)
  if (kind === 'binary') return logLoss(said, Uint8Array.from(y)) as number
  if (kind === 'number') return evaluateNumbers(said, y, {}).rmse as number
  return evaluateClasses(
    said,
    y,
    Array.from({ length: classes }, (_, k) => k),
  ).logLoss as number
}

/** Places of the engines on a table, equal losses sharing theirs. */
const ranksOf = (losses: Losses): number[] =>
  ENGINES.map((e) => {
    const [better, equal] = [
      ENGINES.filter((o) => losses[o] < losses[e]),
      ENGINES.filter((o) => losses[o] === losses[e]),
    ]
    return better.length + (equal.length + 1) / 2
  })

/** An interval of a mean over tables, by drawing tables again (percentiles of 2,000 bootstrap samples). */
function interval(values: readonly number[]): readonly [number, number] {
  let state = 1
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const means = Array.from({ length: 2000 }, () => values.reduce((sum) => sum + (values[Math.floor(random() * values.length)] as number), 0) / values.length) // biome-ignore format: one line
  means.sort((a, b) => a - b)
  return [means[50] as number, means[1949] as number]
}

export const quality: Bench = {
  about: `the search for a model beside FLAML and LightGBM tuned by random search, ${SECONDS} seconds each on ${THREADS} threads (${SHORT} with --small), on public tables; forecasts of public series beside statsforecast`, // biome-ignore format: one line
  cases: [...TABLES, SERIES],
  async run(options) {
    const [tables, series] = [TABLES.some((t) => t.startsWith(options.prefix)), SERIES.startsWith(options.prefix)]
    const none: Result = { rows: [], notes: [], versions: {} }
    const ofTables = tables ? await tablesQuality(options) : none
    const ofSeries = series ? await seriesQuality(options) : none
    return {
      rows: [...ofTables.rows, ...ofSeries.rows],
      notes: [...ofTables.notes, ...ofSeries.notes],
      versions: { ...ofTables.versions, ...ofSeries.versions },
    }
  },
}

async function tablesQuality({ prefix, small, signal, say }: Options): Promise<Result> {
  const { python, versions } = await pythonPeers(say, signal)
  const env = { ...process.env, OMP_NUM_THREADS: String(THREADS) }
  const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
  const vega = dirname(fileURLToPath(new URL('../data/cars.json', import.meta.resolve('vega-datasets'))))
  const rows: Row[] = []
  const notes: string[] = []
  const ranks: number[][] = []
  try {
    for (const name of TABLES.filter((t) => t.startsWith(prefix))) {
      const made = await output(name, [python, '-B', here('tables.py'), vega, folder, name], { env, signal })
      const shape = JSON.parse(made) as Omit<About, 'file' | 'out' | 'threads' | 'seconds'>
      const about = {
        ...shape,
        file: join(folder, `${name}.bin`),
        threads: THREADS,
        seconds: small ? SHORT : SECONDS,
      }
      const losses: Record<string, number> = {}
      let learntWith = ''
      for (const engine of ENGINES) {
        const own: About = { ...about, out: join(folder, engine) }
        const command = engine === 'galley' ? [process.execPath, '--no-warnings', here('side.ts')] : [python, '-B', here('peer.py'), engine] // biome-ignore format: one line
        const printed = await output(`${name} ${engine}`, [...command, JSON.stringify(own)], { env, signal })
        if (engine === 'galley') learntWith = printed
        losses[engine] = lossOf(own)
      }
      const found = losses as Losses
      ranks.push(ranksOf(found))
      const measure = shape.kind === 'number' ? 'RMSE' : 'log loss'
      const told = ENGINES.map((e) => `${e} ${found[e].toPrecision(4)}`).join(', ')
      say(`${name}: ${measure} ${told}`)
      notes.push(
        `${name} (${shape.train} rows of ${shape.features}): ${measure} ${told}; Galley learnt with ${learntWith}`,
      )
      for (const peer of ['flaml', 'lightgbm'] as const)
          rows.push({ case: `${name}-loss`, peer, unit: 'count', galley: found.galley, peerValue: found[peer], ratio: found.galley / found[peer] }) // biome-ignore format: one line
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const [e, engine] of ENGINES.entries()) {
    const own = ranks.map((r) => r[e] as number)
    const [low, high] = interval(own)
    notes.push(`${engine}: median rank ${median(own)}, mean ${(own.reduce((a, b) => a + b, 0) / own.length).toFixed(2)} (95 % over tables: ${low.toFixed(2)} to ${high.toFixed(2)})`) // biome-ignore format: one line
  }
  return { rows, notes, versions }
}
