import { valueAt } from '../../src/engines/batch.ts'
import { compileColumns } from '../../src/engines/row/columnar.ts'
import { chainOf, lower, refused } from '../../src/engines/row/lower.ts'
import { compileRecord } from '../../src/engines/row/record.ts'
import type { Node } from '../../src/plan/nodes.ts'
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

/** Milliseconds of building and compiling a plan of 100 nodes, warm: each with other constants of its own. */
function compiling(): readonly string[] {
  const build: number[] = []
  const record: number[] = []
  const columns: number[] = []
  for (let k = 0; k < 40; k++) {
    const nodes = 100
    let root: Node | undefined
    build.push(timed(() => (root = longPlan(nodes))) * 1000)
    const row = orders(1)[0] ?? []
    record.push(timed(() => compileRecord(programOf(root as Node), options).run(row)) * 1000)
    columns.push(timed(() => compileColumns(programOf(root as Node), options).run(orderBatch([row]))) * 1000)
  }
  const warm = (x: readonly number[]) => `${median(x.slice(10)).toFixed(2)} ms`
  return [
    `a plan of 100 nodes, warm: building it ${warm(build)}, compiling it for records ${warm(record)}, for batches ${warm(columns)} (each with its first row)`,
    `the first in this process: building ${build[0]?.toFixed(1)} ms, compiling for records ${record[0]?.toFixed(1)} ms`,
  ]
}

export const row: Bench = {
  about: `ten expressions by the row engine, beside ${PEER} that does the same`,
  cases: ['record', 'batch', 'compile'],
  async run({ prefix, runs, small }) {
    const rows: Row[] = []
    const notes: string[] = []
    const wanted = (name: string) => name.startsWith(prefix)
    if (wanted('compile')) notes.push(...compiling())
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
