import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, median, type Options, type Row } from '../bench.ts'
import { type Measured, output } from '../measure.ts'
import { PEERS, pythonPeers } from '../peers.ts'
import { notesOf, type Pair } from './notes.ts'
import { data, galley, here, PEER, peer } from './sides.ts'

const METRICS = ['wall', 'memory'] as const
const SMALLEST = { name: '3e5', rows: 300_000 }
const WHOLE = { name: '3e6', rows: 3_000_000 }
const SIZES = [SMALLEST, { name: '1e6', rows: 1_000_000 }, WHOLE]
type Size = typeof WHOLE

/** `wall-3e5` and so on; plain `wall` and `memory` are those of the largest size that is run. */
export const demo: Bench = {
  about: `the flight-delay job, from raw rows to a saved model, beside the same job in ${PEER}`,
  cases: METRICS.flatMap((metric) => [...SIZES.map((s) => `${metric}-${s.name}`), metric]),
  async run(options) {
    const { python, versions } = await pythonPeers(options.say, options.signal)
    const sizes = options.small ? [SMALLEST] : SIZES
    const found = new Map<Size, Pair[]>()
    const measured = async (size: Size): Promise<Pair[]> => {
      const known = found.get(size) ?? (await pairsOf(size, python, options))
      found.set(size, known)
      return known
    }
    const rows: Row[] = []
    for (const metric of METRICS) {
      const cases: [name: string, size: Size][] = sizes.map((size) => [`${metric}-${size.name}`, size])
      cases.push([metric, sizes.at(-1) ?? WHOLE])
      for (const [name, size] of cases)
        if (name.startsWith(options.prefix)) rows.push(rowOf(name, metric, await measured(size)))
    }
    return { rows, notes: [...found].flatMap(([size, pairs]) => notesOf(size.rows, pairs)), versions }
  },
}

function rowOf(name: string, metric: (typeof METRICS)[number], pairs: readonly Pair[]): Row {
  const value = (m: Measured) => (metric === 'wall' ? m.seconds : m.peakBytes)
  const ours = median(pairs.map((p) => value(p.galley)))
  const theirs = median(pairs.map((p) => value(p.peer)))
  return {
    case: name,
    peer: PEER,
    unit: metric === 'wall' ? 's' : 'bytes',
    galley: ours,
    peerValue: theirs,
    ratio: ours / theirs,
  }
}

/** Both sides in turn, so that whatever else the machine does meets both; who begins alternates. */
async function pairsOf(size: Size, python: string, { runs, signal, say }: Options): Promise<Pair[]> {
  const flights = await flightsOf(size, python, signal)
  const pairs: Pair[] = []
  for (let i = 0; i < runs; i++) {
    const before = i % 2 === 0 ? await galley(flights, signal) : undefined
    const theirs = await peer(flights, python, signal)
    const ours = before ?? (await galley(flights, signal))
    pairs.push({ galley: ours, peer: theirs })
    const text = (m: Measured) => `${m.seconds.toFixed(1)} s, ${(m.peakBytes / 2 ** 20).toFixed(0)} MiB`
    say(
      `  ${size.rows.toLocaleString('en-US')} rows, run ${i + 1} of ${runs}: Galley ${text(ours)} · ${PEER} ${text(theirs)}`,
    )
  }
  return pairs
}

/** The whole file, or every n-th row of it, written once. */
async function flightsOf(size: Size, python: string, signal: AbortSignal): Promise<string> {
  const whole = data('flights-3m.parquet')
  if (size === WHOLE) return whole
  const file = join(PEERS, `flights-${size.name}.parquet`)
  if (existsSync(file)) return file
  mkdirSync(PEERS, { recursive: true })
  const command = [python, here('./sample.py'), whole, `${file}.new`, String(size.rows)]
  await output('taking a sample', command, { env: process.env, signal })
  renameSync(`${file}.new`, file)
  return file
}
