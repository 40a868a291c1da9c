/**
 * Side-by-side benchmarks: the same job in Galley and in what a person would otherwise use, measured in one run.
 *
 *     npm run bench -- NAME [--case PREFIX] [--runs N] [--small] [--json]
 *
 * With --json the last line on stdout is one JSON object.
 */
import { parseArgs } from 'node:util'
import { table } from '../src/cli/output.ts'
import { type Bench, BenchError, type Result } from './bench.ts'
import { machine } from './machine.ts'

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  data: async () => (await import('./data/index.ts')).data,
  demo: async () => (await import('./demo/index.ts')).demo,
  pipeline: async () => (await import('./pipeline/index.ts')).pipeline,
  spill: async () => (await import('./spill/index.ts')).spill,
  runs: async () => (await import('./runs/index.ts')).runs,
  row: async () => (await import('./row/index.ts')).row,
  train: async () => (await import('./train/index.ts')).train,
  quality: async () => (await import('./quality/index.ts')).quality,
  unsupervised: async () => (await import('./unsupervised/index.ts')).unsupervised,
  forecasting: async () => (await import('./forecasting/index.ts')).forecasting,
  gpu: async () => (await import('./gpu/index.ts')).gpu,
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const print = (line: string): void => void process.stdout.write(`${line}\n`)

function usage(what: string): BenchError {
  return new BenchError(what, {
    why: `there are these benchmarks: ${Object.keys(BENCHES).join(', ')}`,
    fix: 'npm run bench -- NAME [--case PREFIX] [--runs N] [--small] [--json]',
    exit: 2,
  })
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        case: { type: 'string', default: '' },
        runs: { type: 'string' },
        small: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
  } catch (thrown) {
    throw usage((thrown as Error).message)
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments()
  const [name = ''] = positionals
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (!load || positionals.length > 1) throw usage(name ? `there is no benchmark '${positionals.join(' ')}'` : 'which?')
  const runs = Number(values.runs ?? (values.small ? 1 : 3))
  if (!Number.isInteger(runs) || runs < 1) throw usage(`--runs must be a whole number from 1 on, not ${values.runs}`)
  const bench = await load()
  if (!bench.cases.some((c) => c.startsWith(values.case)))
    throw usage(`no case of '${name}' begins with '${values.case}': it has ${bench.cases.join(', ')}`)

  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  say(`${name}: ${bench.about}`)
  const result = await bench.run({ prefix: values.case, runs, small: values.small, signal: stopping.signal, say })
  const at = machine(result.versions)
  print(shown(result))
  for (const note of result.notes) print(note)
  const versions = Object.entries(at.versions).map(([what, version]) => `${what} ${version}`)
  print(`${at.cpu}, ${at.cores} cores, ${at.memoryGiB} GiB, ${at.platform} · ${versions.join(' · ')}`)
  if (values.json) print(JSON.stringify({ bench: name, machine: at, rows: result.rows, notes: result.notes }))
}

function shown({ rows }: Result): string {
  const seconds = (x: number) => (x < 1 ? `${(x * 1000).toFixed(0)} ms` : `${x.toFixed(1)} s`)
  const bytes = (x: number) => (x < 2 ** 20 ? `${x.toLocaleString('en-US')} B` : `${(x / 2 ** 20).toFixed(0)} MiB`)
  const value = (x: number, unit: string) =>
    unit === 's' ? seconds(x) : unit === 'ns' ? `${x.toFixed(1)} ns` : unit === 'count' ? String(x) : bytes(x)
  return table(
    ['case', 'peer', 'Galley', 'peer', 'ratio'],
    rows.map((r) => [r.case, r.peer, value(r.galley, r.unit), value(r.peerValue, r.unit), r.ratio.toFixed(2)]),
  )
}

try {
  await main()
} catch (thrown) {
  if (!(thrown instanceof BenchError)) throw thrown
  say(`error: ${thrown.message}\n  why: ${thrown.why}\n  fix: ${thrown.fix}`)
  process.exitCode = thrown.exit
}
