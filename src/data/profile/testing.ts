import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Batch, batchOf } from '../../engines/batch.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { type Engine, isGaps, type RunContext } from '../../engines/engine.ts'
import { createLedger, type Ledger } from '../../engines/ledger.ts'
import { rowsOf } from '../../engines/plans.ts'
import { createWebgpuEngine } from '../../engines/webgpu/index.ts'
import { testDevice } from '../../engines/webgpu/learn/testing.ts'
import { col, type Literal } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Field, Type } from '../../plan/types.ts'
import { accessOf } from './access.ts'
import { type ProfileOptions, profile } from './profile.ts'
import type { Resident } from './resident.ts'
import type { Profile } from './types.ts'

export const folder = mkdtempSync(join(tmpdir(), 'galley-resident-'))
export const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'spill') })
const webgpu = createWebgpuEngine({ host: duckdb, open: testDevice, memoryMiB: 512 })

/** Ends what the tests of a file share. */
export async function close(): Promise<void> {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
}

export const context = (ledger: Ledger = createLedger()): RunContext => ({
  ...{ scope: { workspace: 'w', caller: 'test' }, signal: new AbortController().signal, ledger },
})
export const access = accessOf({ ...context(), duckdb })

/** What was asked, and what moved for it. */
export interface Told {
  readonly found: Profile
  readonly ledger: Ledger
  readonly elsewhere: readonly string[]
}
export type Way = (table: Node, total: number, sample: number, options: ProfileOptions) => Promise<Told>

const gapOf = (engine: Engine) => (n: Node) => {
  const made = engine.prepare(plan(n))
  return isGaps(made) ? made.map((g) => `${g.node}: ${g.reason}`).join('; ') : undefined
}

async function told(table: Node, options: ProfileOptions, resident: Resident, ledger: Ledger): Promise<Told> {
  let elsewhere: readonly string[] = []
  const found = await profile(table, access, {
    ...options,
    resident: { ...resident, elsewhere: (columns) => void (elsewhere = columns) },
  })
  return { found, ledger, elsewhere }
}

/** Small results by the batch engine: the questions mean the same wherever they are asked. */
export const inBatches: Way = async (table, total, sample, options) => {
  const ask: Resident['ask'] = async (questions) => {
    const found: Batch[] = []
    for (const { root } of questions) {
      const rows = await rowsOf({ ...context(), duckdb }, root)
      found.push(batchOf(root.schema, rows))
    }
    return found
  }
  return told(table, options, { rows: table, total, sample, gap: gapOf(duckdb), ask }, createLedger())
}

/** The table lies on the device, in columns that it holds; the ledger has what moves from there on. */
export const onDevice: Way = async (table, total, sample, options) => {
  const held = table.schema.filter(
    (f) => !gapOf(webgpu)(build({ op: 'select', input: table, columns: [[f.name, col(f.name)]] })),
  )
  const kept = build({ op: 'select', input: table, columns: held.map((f) => [f.name, col(f.name)] as const) })
  const started = await webgpu.start(plan(kept), context(), { guesses: true, rows: total })
  const rows = webgpu.scan(started.relation, kept)
  const ledger = createLedger()
  let first = [started]
  const ask: Resident['ask'] = async (questions) => {
    const proving = first
    first = []
    const plans = questions.map(({ root }) => plan(root))
    return webgpu.together(
      plans,
      context(ledger),
      proving,
      questions.map((q) => q.most),
    )
  }
  try {
    return await told(table, options, { rows, total, sample, gap: gapOf(webgpu), ask }, ledger)
  } finally {
    webgpu.forget(rows)
    started.relation.close()
  }
}

/** Literals of the columns, one array each. NaN and ±∞ are numbers. */
export function tableOf(columns: Readonly<Record<string, readonly [Type, readonly unknown[]]>>): Node {
  const schema: Field[] = Object.entries(columns).map(([name, [type]]) => ({ name, type, nullable: true }))
  const length = Math.max(...Object.values(columns).map(([, v]) => v.length))
  const rows = Array.from({ length }, (_, i) => Object.values(columns).map(([, v]) => (v[i] ?? null) as Literal))
  return build({ op: 'scan', from: { kind: 'rows', rows }, schema })
}
