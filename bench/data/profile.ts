import { join } from 'node:path'
import { profile } from '../../src/data/profile/profile.ts'
import { valueAt } from '../../src/engines/batch.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { type Node, plan } from '../../src/plan/nodes.ts'
import { scan } from '../../src/plan/table.ts'
import type { Row } from '../bench.ts'
import { folderOf, made, pick } from '../pipeline/data.ts'
import { orders } from './orders.ts'
import { type Setting, timed } from './setting.ts'

/** Seconds that the profile of 12,000 columns may take. */
const WIDE_BAR = 60
const WIDE = { columns: 12_000, rows: 2000 }
export const profileCases = ['profile-1e7', 'profile-wide']

/** The profile of ten million orders beside DuckDB's own SUMMARIZE, and that of a file of 12,000 columns. */
export async function profileRows(s: Setting): Promise<Row[]> {
  const rows: Row[] = []
  if (s.wanted('profile-1e7')) rows.push(await long(s))
  if (s.wanted('profile-wide')) rows.push(await wide(s))
  return rows
}

async function long(s: Setting): Promise<Row> {
  const count = s.small ? 1e5 : 1e7
  const t = await orders(s, count)
  const file = join(folderOf(count), 'orders.parquet')
  const ours = await timed(s.runs, () => profiled(s, t.node))
  const peer = await timed(1, () =>
    s.engine.session(s.context(), (query) => query(`SUMMARIZE SELECT * FROM read_parquet('${file}')`)),
  )
  s.notes.push(
    `profile-1e7: ${count.toLocaleString('en-US')} × ${t.schema.length}, processor seconds Galley ${ours.cpu.toFixed(1)}, SUMMARIZE ${peer.cpu.toFixed(1)} (one run)`,
  )
  const ratio = ours.seconds / peer.seconds
  return {
    case: 'profile-1e7',
    peer: 'duckdb-summarize',
    unit: 's',
    galley: ours.seconds,
    peerValue: peer.seconds,
    ratio,
  }
}

async function wide(s: Setting): Promise<Row> {
  const columns = s.small ? 200 : WIDE.columns
  const file = await made(join(folderOf(WIDE.rows), `wide-${columns}.parquet`), (path) => {
    const list = Array.from({ length: columns }, (_, c) => `(${pick(c, 1000 + c)}) / 8.0 AS c${c}`)
    return s.engine.session(s.context(), (query) =>
      query(`COPY (SELECT ${list.join(', ')} FROM range(${WIDE.rows}) t(i)) TO '${path}' (FORMAT parquet)`),
    )
  })
  const schema = Object.fromEntries(Array.from({ length: columns }, (_, c) => [`c${c}`, 'float64' as const]))
  const t = scan({ kind: 'parquet', files: [file] }, schema)
  const { seconds, cpu } = await timed(1, () => profiled(s, t.node))
  s.notes.push(
    `profile-wide: ${WIDE.rows.toLocaleString('en-US')} × ${columns.toLocaleString('en-US')}, processor seconds ${cpu.toFixed(1)}`,
  )
  return {
    case: 'profile-wide',
    peer: 'the bar',
    unit: 's',
    galley: seconds,
    peerValue: WIDE_BAR,
    ratio: seconds / WIDE_BAR,
  }
}

function profiled({ engine, context }: Setting, rows: Node) {
  const run = (n: Node) => {
    const prepared = engine.prepare(plan(n))
    if (isGaps(prepared)) throw new Error('a gap')
    return prepared.run(context(), 'batches')
  }
  return profile(rows, {
    read: async function* (n) {
      yield* (await run(n)).batches()
    },
    async collect(n) {
      const found = []
      for await (const b of (await run(n)).batches())
        for (let i = 0; i < b.rows; i++)
          found.push(Object.fromEntries(b.columns.map((c, k) => [b.schema[k]?.name ?? '', valueAt(c, i)])))
      return found
    },
  })
}
