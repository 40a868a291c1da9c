import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asBag, collect } from '../../src/engines/conformance/compare.ts'
import type { DuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { type Engine, isGaps, type RunContext } from '../../src/engines/engine.ts'
import { createLedger, type LedgerEntry } from '../../src/engines/ledger.ts'
import type { Device } from '../../src/engines/webgpu/device.ts'
import { build, type Node, plan } from '../../src/plan/nodes.ts'
import { BenchError, type Options, type Row } from '../bench.ts'
import { busy, COLUMNS, SMALL, TEXTS } from './plan.ts'

const FLIGHTS = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
export const CHAIN = ['chain-bytes-up', 'chain-bytes-down', 'chain-readbacks'] as const

/** One run of a plan whole, and one of each of its verbs alone, what it gives coming down and going up again. */
export async function chain(
  { small, signal, say }: Options,
  { host, engine, folder, device }: { host: DuckdbEngine; engine: Engine; folder: string; device: Device },
): Promise<{ rows: Row[]; notes: string[] }> {
  const flights = join(folder, 'flights.parquet')
  const some = small ? `LIMIT ${SMALL}` : ''
  await host.session(contextOf(signal), (query) =>
    query(`COPY (SELECT "date", delay::BIGINT AS delay, distance::BIGINT AS distance, origin FROM read_parquet('${FLIGHTS}')
          ${some}) TO '${flights}' (FORMAT parquet)`),
  )
  const fused = busy(flights)
  const whole = await measured(engine, fused, signal)
  say(`  fused: ${whole.seconds.toFixed(1)} s, ${whole.rows} groups`)
  const byHost = await measured(host, fused, signal)
  const [ours, theirs] = [asBag(await collect(engine, fused)), asBag(await collect(host, fused))]
  if (JSON.stringify(ours) !== JSON.stringify(theirs))
    throw new BenchError('the device and DuckDB find different groups', {
      why: ours.join(),
      fix: 'correct the wrong one',
    })
  const staged = await stages(engine, host, fused, folder, signal)
  say(`  staged: ${staged.seconds.toFixed(1)} s in ${staged.stages} stages`)
  const least = await minimum(host, flights, whole.rows, signal)
  const rows = CHAIN.flatMap((name): Row[] => {
    const key = ({ 'chain-bytes-up': 'up', 'chain-bytes-down': 'down', 'chain-readbacks': 'readbacks' } as const)[name]
    const unit = key === 'readbacks' ? 'count' : 'bytes'
    const row = (peer: string, peerValue: number): Row => ({
      case: name,
      peer,
      unit,
      galley: whole.ledger[key],
      peerValue,
      ratio: whole.ledger[key] / peerValue,
    })
    return [row('minimum', least[key]), row('staged', staged.ledger[key])]
  })
  const notes = [
    `the chain on ${device.name}, seconds that say nothing of another device: fused ${whole.seconds.toFixed(1)}, staged ${staged.seconds.toFixed(1)}, with the file read; DuckDB on the processor ${byHost.seconds.toFixed(1)}`,
  ]
  return { rows, notes }
}

export const contextOf = (signal: AbortSignal): RunContext => ({
  scope: { workspace: 'bench', caller: 'bench' },
  signal,
  ledger: createLedger(),
})

interface Measured {
  readonly seconds: number
  readonly rows: number
  readonly ledger: LedgerEntry
}

async function measured(engine: Engine, root: Node, signal: AbortSignal): Promise<Measured> {
  const prepared = engine.prepare(plan(root))
  if (isGaps(prepared))
    throw new BenchError(`${engine.name} does not take the plan`, {
      why: JSON.stringify(prepared),
      fix: 'change the plan',
    })
  const ctx = contextOf(signal)
  const began = performance.now()
  let rows = 0
  for await (const batch of (await prepared.run(ctx, 'batches')).batches()) rows += batch.rows
  return { seconds: (performance.now() - began) / 1000, rows, ledger: ctx.ledger.total() }
}

/** Each verb as a run of its own over what the one before it gave, which DuckDB keeps as a file between them. */
async function stages(engine: Engine, host: Engine, root: Node, folder: string, signal: AbortSignal) {
  const verbs: Exclude<Node, { op: 'scan' } | { left: Node }>[] = []
  let base: Node = root
  while ('input' in base) {
    verbs.unshift(base)
    base = base.input
  }
  let input: Node = base
  const total = { seconds: 0, up: 0, down: 0, readbacks: 0 }
  for (const [i, verb] of verbs.entries()) {
    const stage = build({ ...verb, input })
    const { seconds, ledger } = await measured(engine, stage, signal)
    total.seconds += seconds
    for (const key of ['up', 'down', 'readbacks'] as const) total[key] += ledger[key]
    const file = join(folder, `stage-${i}.parquet`)
    const kept = host.prepare(plan(stage))
    if (isGaps(kept))
      throw new BenchError('a stage can not be kept', { why: JSON.stringify(kept), fix: 'change the plan' })
    await kept.run(contextOf(signal), { parquet: file })
    input = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: stage.schema })
  }
  return { seconds: total.seconds, stages: verbs.length, ledger: total }
}

/** The columns that the plan reads, packed, up once; its groups down once. Texts are codes of four bytes. */
async function minimum(host: Engine, file: string, groups: number, signal: AbortSignal) {
  const schema = COLUMNS.map(([name, type]) => ({ name, type, nullable: true }))
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema })
  const { rows } = await measured(host, scan, signal)
  const up = COLUMNS.reduce((bytes, [, type]) => bytes + rows * (type === 'string' ? 4 : 8), 0)
  // a group's airport; how many flights; the late ones and their number of values; the worst delay
  const down = groups * (TEXTS + 8 + 16 + 8)
  return { up, down, readbacks: 1 }
}
