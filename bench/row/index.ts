import { valueAt } from '../../src/engines/batch.ts'
import { evaluateConstant } from '../../src/engines/constants.ts'
import { lower as sqlOf } from '../../src/engines/duckdb/lower.ts'
import { compileColumns } from '../../src/engines/row/columnar.ts'
import { chainOf, lower, refused } from '../../src/engines/row/lower.ts'
import { compileRecord } from '../../src/engines/row/record.ts'
import type { Node } from '../../src/plan/nodes.ts'
import { optimise } from '../../src/plan/optimise/index.ts'
import { type Bench, BenchError, median, type Row } from '../bench.ts'
import { handBatch, handRecord } from './hand.ts'
import { longPlan, orderBatch, orders, ten } from './plan.ts'

const PEER = 'hand-written JavaScript'
const BATCH = 16_384
const MILLION = 1e6

const options = {
  models: (name: string): never => {
    throw new Error(`no model '${name}'`)
  },
}
const programOf = (root: Node) => {
  const { base, chain } = chainOf(root)
  return lower(chain, base.schema)
}

/** Seconds of `f`. */
function timed(f: () => void): number {
  const began = performance.now()
  f()
  return (performance.now() - began) / 1000
}

/** Medians of both sides, in turn, after two unmeasured runs. */
function sides(runs: number, ours: () => void, theirs: () => void): readonly [number, number] {
  const seconds: [number[], number[]] = [[], []]
  for (let k = -2; k < Math.max(5, runs); k++)
    for (const side of k % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const s = timed(side === 0 ? ours : theirs)
      if (k >= 0) seconds[side].push(s)
    }
  return [median(seconds[0]), median(seconds[1])]
}

const rowOf = (name: string, [galley, peer]: readonly [number, number]): Row => ({
  case: name,
  peer: PEER,
  unit: 's',
  galley,
  peerValue: peer,
  ratio: galley / peer,
})

function sameOr(what: string, ours: unknown, theirs: unknown): void {
  const text = (x: unknown) => JSON.stringify(x, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))
  if (text(ours) !== text(theirs))
    throw new BenchError(`the two sides differ in ${what}`, {
      why: `${text(ours)}\n${text(theirs)}`,
      fix: 'correct the one that is wrong',
    })
}

function record(rows: number, runs: number): readonly [number, number] {
  const given = orders(4096)
  const { run } = compileRecord(programOf(ten), options)
  for (const row of given) sameOr('a record', run(row), handRecord(row))
  let kept: unknown
  const over = (f: (row: (typeof given)[number]) => unknown) => () => {
    for (let i = 0; i < rows; i++) kept = f(given[i & 4095] as (typeof given)[number])
    if (kept === undefined || refused(kept as never)) throw new Error('a record was refused')
  }
  return sides(runs, over(run), over(handRecord))
}

function batch(rows: number, runs: number): readonly [number, number] {
  const given = orderBatch(orders(BATCH))
  const { run } = compileColumns(programOf(ten), options)
  const hand = handBatch(BATCH)
  const out = run(given).columns
  const peer = hand(given)
  for (let i = 0; i < BATCH; i++)
    sameOr(`row ${i}`, out.map((c) => valueAt(c, i)), peer.map((c) => valueAt(c, i))) // biome-ignore format: one line
  const over = (f: (b: typeof given) => unknown) => () => {
    for (let i = 0; i < rows; i += BATCH) f(given)
  }
  return sides(runs, over(run), over(hand))
}

/** What a plan of 100 nodes may take from its first node to something that runs, seconds. */
const COMPILE_BAR = 0.002
const NODES = 100
/** Plans until V8 has compiled all that makes them. */
const COLD = 1200

/**
 * A plan of 100 nodes built, optimised and compiled, warm: for DuckDB (SQL) and for the row engine (a function of a
 * record). Each plan has constants of its own, so that nothing is found again.
 */
function compiling(): { rows: readonly Row[]; notes: readonly string[] } {
  const steps = { build: [] as number[], optimise: [] as number[], sql: [] as number[], record: [] as number[] }
  const duckdb: number[] = []
  const record: number[] = []
  for (let k = 0; k < COLD + 300; k++) {
    // of constants of its own, so that nothing of it is found again
    let root = longPlan(NODES, -1 - k)
    const build = timed(() => (root = longPlan(NODES, k)))
    const optimised = timed(() => (root = optimise(root, { evaluate: evaluateConstant })))
    const sql = timed(() => sqlOf(root))
    const code = timed(() => compileRecord(programOf(root), options))
    for (const [name, s] of Object.entries({ build, optimise: optimised, sql, record: code }))
      steps[name as keyof typeof steps].push(s)
    duckdb.push(build + optimised + sql)
    record.push(build + optimised + code)
  }
  const warm = (x: readonly number[]) => median(x.slice(COLD))
  const ms = (x: readonly number[]) => `${(warm(x) * 1000).toFixed(2)} ms`
  const bar = (name: string, x: readonly number[]): Row => ({
    case: name,
    peer: 'the bar',
    unit: 's',
    galley: warm(x),
    peerValue: COMPILE_BAR,
    ratio: warm(x) / COMPILE_BAR,
  })
  return {
    rows: [bar('compile-duckdb', duckdb), bar('compile-record', record)],
    notes: [
      `a plan of ${NODES} nodes, warm: built in ${ms(steps.build)}, optimised in ${ms(steps.optimise)}, then SQL in ${ms(steps.sql)} or a function of a record in ${ms(steps.record)}`,
      `the first in this process: for DuckDB in ${((duckdb[0] ?? 0) * 1000).toFixed(1)} ms, for records in ${((record[0] ?? 0) * 1000).toFixed(1)} ms`,
    ],
  }
}

const cases = ['record', 'batch', 'compile-duckdb', 'compile-record']

export const row: Bench = {
  about: `ten expressions by the row engine, beside ${PEER} that does the same; and a long plan made ready`,
  cases,
  async run({ prefix, runs, small }) {
    const rows: Row[] = []
    const notes: string[] = []
    const wanted = (name: string) => name.startsWith(prefix)
    if (cases.some((c) => c.startsWith('compile') && wanted(c))) {
      const found = compiling()
      rows.push(...found.rows.filter((r) => wanted(r.case)))
      notes.push(...found.notes)
    }
    const shape = (name: string, count: number, what: string, f: typeof record) => {
      if (!wanted(name)) return
      const found = f(count, runs)
      const rate = (s: number) => `${(count / s / MILLION).toFixed(2)} M`
      notes.push(`${name}: ${rate(found[0])} ${what}/s, by hand ${rate(found[1])}`)
      rows.push(rowOf(name, found))
    }
    shape('record', small ? MILLION / 10 : MILLION, 'records', record)
    shape('batch', small ? MILLION : 20 * MILLION, 'rows', batch)
    return { rows, notes, versions: {} }
  },
}
