import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { evaluate } from '../../src/ml/evaluation/evaluate.ts'
import { evaluateNumbers } from '../../src/ml/evaluation/regression.ts'
import { type Bench, median, type Row } from '../bench.ts'
import { output } from '../measure.ts'
import { pythonPeers } from '../peers.ts'
import type { About, Told } from './side.ts'

const THREADS = 2

interface Case {
  readonly name: string
  readonly learner: 'gbdt' | 'linear' | 'logistic'
  readonly data: 'flights' | 'synthetic' | 'linear' | 'logistic'
  readonly rows: number
}
const sized = (name: string, learner: Case['learner'], data: Case['data'], sizes: readonly number[]): Case[] =>
  sizes.map((rows) => ({ name: `${name}-${rows.toExponential().replace('+', '')}`, learner, data, rows }))
const CASES: readonly Case[] = [
  ...sized('gbdt-flights', 'gbdt', 'flights', [1e5, 5e5, 2e6]),
  ...sized('gbdt-synthetic', 'gbdt', 'synthetic', [1e5, 3e5, 1e6]),
  ...sized('linear', 'linear', 'linear', [1e5, 3e5, 1e6]),
  ...sized('logistic', 'logistic', 'logistic', [1e5, 3e5, 1e6]),
]
const PEERS = { gbdt: 'lightgbm', linear: 'scikit-learn', logistic: 'scikit-learn' } as const
/** How far from the peer's a metric may be. */
const CLOSE = 0.001

const vega = (file: string): string => fileURLToPath(new URL(`../data/${file}`, import.meta.resolve('vega-datasets')))
const here = (file: string): string => join(import.meta.dirname, file)

/** What the scores of the rows that neither side has seen are worth. */
function judged(
  { learner, data }: Case,
  { out, file, features, train, test }: About,
): Readonly<Record<string, number>> {
  const numbers = (path: string, from: number, n: number) => {
    const { buffer, byteOffset } = readFileSync(path).subarray(from * 8, (from + n) * 8)
    return new Float64Array(buffer.slice(byteOffset, byteOffset + n * 8))
  }
  const scores = numbers(out, 0, test)
  const y = numbers(file, features * (train + test) + train, test)
  if (learner === 'linear') return { rmse: evaluateNumbers(scores, y).rmse as number }
  const among = (name: string, from: number, to: number): Record<string, number> => {
    const { auc, logLoss } = evaluate(scores.subarray(from, to), Uint8Array.from(y.subarray(from, to)))
    return { [`AUC${name}`]: auc as number, [`log loss${name}`]: logLoss as number }
  }
  if (data !== 'flights') return among('', 0, test)
  const half = test - Math.floor(train / 10)
  return { ...among('', 0, half), ...among(' of later days', half, test) }
}

export const train: Bench = {
  about: 'boosted trees beside LightGBM, linear and logistic regression beside scikit-learn; from numbers in memory, on two threads', // biome-ignore format: one line
  cases: CASES.map((c) => c.name),
  async run({ prefix, runs, small, signal, say }) {
    const { python, versions } = await pythonPeers(say, signal)
    const env = { ...process.env, OMP_NUM_THREADS: String(THREADS), OPENBLAS_NUM_THREADS: String(THREADS) }
    const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
    const rows: Row[] = []
    const notes: string[] = []
    const done = new Set<string>()
    try {
      for (const c of CASES.filter(({ name }) => name.startsWith(prefix))) {
        if (small && done.has(c.data)) continue
        done.add(c.data)
        const file = join(folder, 'numbers')
        const made = [python, '-B', here('data.py'), c.data, String(c.rows), file, vega('flights-3m.parquet'), vega('airports.csv')] // biome-ignore format: one line
        const shape = JSON.parse(await output('data.py', made, { env, signal })) as Pick<About, 'features' | 'train' | 'test'> // biome-ignore format: one line
        const sides = { galley: [process.execPath, '--no-warnings', here('side.ts')], peer: [python, '-B', here('peer.py')] } // biome-ignore format: one line
        const told: Record<keyof typeof sides, Told[]> = { galley: [], peer: [] }
        const found: Record<string, Readonly<Record<string, number>>> = {}
        for (let run = 0; run < runs; run++)
          for (const [side, command] of Object.entries(sides) as [keyof typeof sides, string[]][]) {
            const about: About = { ...shape, file, out: join(folder, side), threads: THREADS }
            const text = await output(side, [...command, c.learner, JSON.stringify(about)], { env, signal })
            const own = JSON.parse(text) as Told
            told[side].push(own)
            found[side] = judged(c, about)
            say(`${c.name} ${side} ${own.seconds.toFixed(2)} s, ${Math.round(own.bytes / 2 ** 20)} MiB`)
          }
        const of = (side: keyof typeof sides, what: keyof Told): number => median(told[side].map((t) => t[what]))
        const row = (name: string, unit: 's' | 'bytes', what: keyof Told): Row => {
          const [galley, peerValue] = [of('galley', what), of('peer', what)]
          return { case: name, peer: PEERS[c.learner], unit, galley, peerValue, ratio: galley / peerValue }
        }
        rows.push(row(c.name, 's', 'seconds'), row(`${c.name}-memory`, 'bytes', 'bytes'))
        const metrics = Object.entries(found['galley'] ?? {}).map(([name, value]) => {
          const other = found['peer']?.[name] ?? Number.NaN
          if (!(Math.abs(value - other) <= CLOSE * Math.max(1, other)))
            notes.push(`${c.name}: ${name} is not within ${CLOSE} of ${PEERS[c.learner]}'s`)
          return `${name} ${value.toFixed(5)} beside ${other.toFixed(5)}`
        })
        const cpu = `processor seconds ${of('galley', 'cpu').toFixed(2)} beside ${of('peer', 'cpu').toFixed(2)}`
        notes.push(`${c.name}: ${shape.train.toLocaleString('en-US')} rows of ${shape.features}; ${metrics.join(', ')}; ${cpu}`) // biome-ignore format: one line
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return { rows, notes, versions }
  },
}
