import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Python, pythonIn } from '../../scripts/python.ts'
import { recipe } from '../../src/index.ts'
import type { AnyTable } from '../../src/runs/kitchen.ts'
import { run } from '../../src/runs/runner.ts'
import { BenchError, median, type Row } from '../bench.ts'
import { PEERS } from '../peers.ts'
import { type Setting, withGalley } from './setting.ts'

/** As Windmill publishes it: https://www.windmill.dev/docs/misc/benchmarks/competitors */
const CASES = [
  { name: 'fibo-33', n: 33, tasks: 10 },
  { name: 'fibo-10', n: 10, tasks: 40 },
] as const
export const fiboCases = CASES.map((c) => c.name)

const PROGRAM = `import json, os
ask = json.load(open(os.environ['GALLEY_STEP']))
def fibo(n): return n if n <= 1 else fibo(n - 1) + fibo(n - 2)
n = fibo(ask['params']['n'])
open(ask['rows'], 'w').write(json.dumps({'n': n}))
`

/** Programs in a row: each begins once the one before is done, and none is taken from the cache. */
const chain = (python: string, n: number, tasks: number, attempt: number) =>
  recipe('fibo', (k) => {
    let before: AnyTable | undefined
    for (let i = 0; i < tasks; i++) {
      before = k.process(`fibo-${i}`, {
        ...{ command: [python, 'fibo.py'], files: ['fibo.py'], format: 'json', tables: before ? { before } : {} },
        ...{ params: { n, attempt, i }, gives: { n: 'int64' } },
      })
    }
  })

export async function fiboRows({ wanted, runs, small, signal, say, notes }: Setting): Promise<Row[]> {
  const python = await pythonIn(join(PEERS, 'orchestrators'), join(import.meta.dirname, 'peers.txt'), { say, signal })
  notes.push(`fibo: Prefect ${python.versions['prefect'] ?? ''} runs its tasks within one process, with a server of its own begun before; Galley starts a Python for each step`) // biome-ignore format: one line
  const rows: Row[] = []
  for (const { name, n, tasks } of CASES.filter((c) => wanted(c.name))) {
    const count = small ? 2 : tasks
    const galleys = await withGalley(async (galley, home) => {
      writeFileSync(join(home, 'fibo.py'), PROGRAM)
      const took: number[] = []
      for (let i = 0; i < runs; i++) {
        const began = performance.now()
        await run(galley.ware, await galley.scope(), chain(python.python, n, count, i), { folder: home, signal, on: () => {} }) // biome-ignore format: one line
        took.push((performance.now() - began) / 1000)
      }
      return median(took)
    })
    const peers = median(await prefect(python, n, count, runs, signal))
    say(`${name}: Galley ${galleys.toFixed(2)} s, Prefect ${peers.toFixed(2)} s`)
    rows.push({ case: name, peer: 'prefect', unit: 's', galley: galleys, peerValue: peers, ratio: galleys / peers })
  }
  return rows
}

async function prefect(python: Python, n: number, tasks: number, runs: number, signal: AbortSignal): Promise<number[]> {
  const env = { ...process.env, PREFECT_LOGGING_LEVEL: 'ERROR', PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: '180', PREFECT_HOME: join(PEERS, 'prefect'), DO_NOT_TRACK: '1', PREFECT_SERVER_ANALYTICS_ENABLED: 'false' } // biome-ignore format: one line
  const child = spawn(python.python, [join(import.meta.dirname, 'fibo.py'), `${n}`, `${tasks}`, `${runs}`], { env, signal, stdio: ['ignore', 'pipe', 'pipe'] }) // biome-ignore format: one line
  let [out, err] = ['', '']
  child.stdout.on('data', (piece) => { out += piece }) // biome-ignore format: one line
  child.stderr.on('data', (piece) => { err += piece }) // biome-ignore format: one line
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const found = out.split('\n').flatMap((line) => (line.startsWith('{') ? [(JSON.parse(line) as { seconds: number }).seconds] : [])) // biome-ignore format: one line
  if (code === 0 && found.length === runs) return found
  throw new BenchError('Prefect did not run', { why: err.trim().split('\n').at(-1) ?? `it ended with ${code}`, fix: 'look at what it says' }) // biome-ignore format: one line
}
