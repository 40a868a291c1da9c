import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { learnerOf, pairLearnerOf } from '../../src/ml/unsupervised/index.ts'
import { type Bench, BenchError, median, type Row } from '../bench.ts'
import { pythonPeers } from '../peers.ts'
import { baskets, blobs, columnsOf, relationOf } from './data.ts'

const run = promisify(execFile)
const THREADS = 2

interface Case {
  readonly name: string
  readonly kind: 'kmeans' | 'pca' | 'fpgrowth'
  readonly rows: number
  readonly width: number
  /** Clusters, components, or the least support. */
  readonly asked: number
}
const CASES: readonly Case[] = [
  { name: 'kmeans-1e5', kind: 'kmeans', rows: 1e5, width: 8, asked: 8 },
  { name: 'kmeans-1e6', kind: 'kmeans', rows: 1e6, width: 8, asked: 8 },
  { name: 'kmeans-wide', kind: 'kmeans', rows: 2e5, width: 32, asked: 50 },
  { name: 'pca-1e5', kind: 'pca', rows: 1e5, width: 8, asked: 3 },
  { name: 'pca-1e6', kind: 'pca', rows: 1e6, width: 8, asked: 3 },
  { name: 'pca-wide', kind: 'pca', rows: 1e5, width: 64, asked: 8 },
  { name: 'fpgrowth-1e4', kind: 'fpgrowth', rows: 1e4, width: 60, asked: 0.01 },
  { name: 'fpgrowth-1e5', kind: 'fpgrowth', rows: 1e5, width: 60, asked: 0.01 },
  { name: 'fpgrowth-3e5', kind: 'fpgrowth', rows: 3e5, width: 60, asked: 0.01 },
]
const PEERS = { kmeans: 'scikit-learn', pca: 'scikit-learn', fpgrowth: 'mlxtend' } as const

interface Side {
  readonly seconds: readonly number[]
  readonly cpu: readonly number[]
  readonly found: readonly Readonly<Record<string, unknown>>[]
}

/** Runs of Galley in this process, after one on a few rows. */
async function ours(
  { kind, width, asked }: Case,
  x: Float64Array | Int32Array,
  runs: number,
  signal: AbortSignal,
): Promise<Side> {
  const ctx = { signal, progress: () => {} }
  const whole = relationOf(columnsOf(x, kind === 'fpgrowth' ? 2 : width))
  const few = relationOf(columnsOf(x.subarray(0, 2000 * width) as Float64Array, kind === 'fpgrowth' ? 2 : width))
  const learn = async (rows: typeof whole, seed: number) => {
    const common = { rows, seed, threads: THREADS }
    if (kind === 'fpgrowth') {
      // rules are no part of it: none is as sure as this
      const params = { support: asked, confidence: 1, lift: 1e9, items: 12 }
      return (await (await pairLearnerOf('fp-growth')).learn({ ...common, params, columns: { basket: 'c0', item: 'c1' } }, ctx)).figures // biome-ignore format: one line
    }
    const learner = await learnerOf(kind === 'kmeans' ? 'k-means' : 'pca')
    const params = kind === 'kmeans' ? { clusters: asked } : { components: asked }
    return (await learner.fit({ ...common, params, features: rows.schema.map((f) => f.name) }, ctx)).body
  }
  await learn(few, 0)
  const [seconds, cpu, found]: [number[], number[], Readonly<Record<string, unknown>>[]] = [[], [], []]
  for (let i = 0; i < runs; i++) {
    const [began, before] = [performance.now(), process.cpuUsage()]
    found.push(await learn(whole, i))
    seconds.push((performance.now() - began) / 1000)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1e6)
  }
  return { seconds, cpu, found }
}

/** Both sides have to find the same; k-means ends in one of several optima, of which the best are compared. */
function compare({ name, kind }: Case, galley: Side, peer: Side): string {
  const least = (side: Side) => Math.min(...side.found.map((f) => f['inertia'] as number))
  const [a, b] = [galley.found[0] ?? {}, peer.found[0] ?? {}]
  if (kind === 'kmeans') return `best inertia ${least(galley).toPrecision(6)} beside ${least(peer).toPrecision(6)}`
  const same =
    kind === 'fpgrowth'
      ? a['sets'] === b['sets']
      : (b['variance'] as number[]).every((v, i) => Math.abs(((a['variance'] as number[])[i] as number) / v - 1) < 1e-8)
  if (same) return kind === 'fpgrowth' ? `${a['sets']} sets on both sides` : 'the same variances to 1e-8'
  throw new BenchError(`the two sides differ in ${name}`, { why: `${JSON.stringify(a['variance'] ?? a['sets'])} beside ${JSON.stringify(b['variance'] ?? b['sets'])}`, fix: 'correct the one that is wrong' }) // biome-ignore format: one line
}

export const unsupervised: Bench = {
  about:
    'k-means and principal components beside scikit-learn, frequent sets beside mlxtend; from numbers in memory, on two threads',
  cases: CASES.map((c) => c.name),
  async run({ prefix, runs, small, signal, say }) {
    const { python, versions } = await pythonPeers(say, signal)
    const folder = mkdtempSync(join(tmpdir(), 'galley-bench-'))
    const rows: Row[] = []
    const notes: string[] = []
    try {
      const kinds = new Set<string>()
      for (const c of CASES.filter(({ name }) => name.startsWith(prefix))) {
        if (small && kinds.has(c.kind)) continue
        kinds.add(c.kind)
        say(c.name)
        const x = c.kind === 'fpgrowth' ? baskets(c.rows, c.width) : blobs(c.rows, c.width, 8)
        const file = join(folder, 'numbers')
        writeFileSync(file, new Uint8Array(x.buffer))
        const numbers = [c.width, c.asked].map(String)
        const env = { ...process.env, OMP_NUM_THREADS: String(THREADS), OPENBLAS_NUM_THREADS: String(THREADS) }
        const script = join(import.meta.dirname, 'peer.py')
        const galley = await ours(c, x, runs, signal)
        const { stdout } = await run(python, ['-B', script, c.kind, file, String(runs), ...numbers], { env, signal })
        const peer = JSON.parse(stdout) as Side
        const [own, other] = [median(galley.seconds), median(peer.seconds)]
        rows.push({ case: c.name, peer: PEERS[c.kind], unit: 's', galley: own, peerValue: other, ratio: own / other })
        notes.push(`${c.name}: processor seconds ${median(galley.cpu).toFixed(2)} beside ${median(peer.cpu).toFixed(2)}; ${compare(c, galley, peer)}`) // biome-ignore format: one line
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return { rows, notes, versions }
  },
}
