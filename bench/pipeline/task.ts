import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Schema } from '../../src/plan/types.ts'
import { BenchError, median, type Row } from '../bench.ts'
import { difference, factsOf } from './check.ts'
import { folderOf, type Query } from './data.ts'
import type { Files, Task } from './question.ts'
import { GALLEY, galley, peer, type Side } from './side.ts'

/** What every side took. */
export interface Found {
  /** Median seconds of each question, by side. */
  readonly seconds: ReadonlyMap<string, readonly number[]>
  /** The most memory that a side's process held, bytes. */
  readonly peak: ReadonlyMap<string, number>
  /** Where a side that is only there to be seen found something else. */
  readonly unequal: readonly string[]
  /** Processor seconds of Galley's process and of DuckDB's for the questions both were asked equally often. */
  readonly cpu: readonly [galley: number, duckdb: number]
}

interface Setting {
  readonly task: Task
  readonly rows: number
  readonly files: Files
  readonly python: string
  readonly runs: number
  readonly query: Query
  readonly signal: AbortSignal
  say(line: string): void
}

/** Rounds go on until a side has spent this long on a question, or there are so many. */
const ENOUGH = { seconds: 0.6, rounds: 15 }
/** pandas is there to be seen, not to be waited for: at this size it answers once. */
const LARGE = 5e6

/**
 * Asks every side every question: once to warm up, checking that all find the same, then `runs` times or more in turn.
 * Who begins changes from round to round.
 */
export async function ask(setting: Setting): Promise<Found> {
  const { task, rows, files, python, runs, query, signal, say } = setting
  const folder = join(folderOf(rows), `${task.name}-answers`)
  mkdirSync(folder, { recursive: true })
  const sides: Side[] = [
    galley(task, files, signal),
    ...task.peers.map((name) => peer(name, python, task, files, signal)),
  ]
  const unequal: string[] = []
  const cpu: [number, number] = [0, 0]
  const seconds = new Map<string, number[]>(sides.map((s) => [s.name, []]))
  try {
    for (const question of task.questions) {
      const out = (side: Side) => join(folder, `${side.name}.parquet`)
      const { schema } = question.plan(files)
      const taken = new Map<string, number[]>(sides.map((s) => [s.name, []]))
      const first = await warm(sides, async (side) => {
        const s = await side.ask(question, out(side))
        return { seconds: s, facts: await factsOf(out(side), schema as Schema, query) }
      })
      const ours = first.get(GALLEY)
      for (const [name, theirs] of first) {
        const why = difference(ours?.facts ?? {}, theirs.facts)
        const what = `${task.name} ${question.name}: ${GALLEY} and ${name} differ`
        if (why && name === 'duckdb') throw new BenchError(what, { why, fix: 'correct the side that is wrong' })
        if (why) unequal.push(`${what} (${why})`)
      }
      const again = sides.filter((s) => s.name !== 'pandas' || rows < LARGE)
      const before = again.slice(0, 2).map((s) => s.cpuSeconds())
      for (let round = 0; round < ENOUGH.rounds; round++) {
        const spent = Math.min(...again.slice(0, 2).map((s) => total(taken.get(s.name))))
        if (round >= runs && spent > ENOUGH.seconds) break
        for (const side of round % 2 === 0 ? again : [...again].reverse()) {
          if (side.name !== GALLEY && side.name !== 'duckdb' && round >= runs) continue
          taken.get(side.name)?.push(await side.ask(question, out(side)))
        }
      }
      for (const i of [0, 1] as const) cpu[i] += (again[i]?.cpuSeconds() ?? 0) - (before[i] ?? 0)
      for (const side of sides)
        seconds
          .get(side.name)
          ?.push(median(taken.get(side.name) ?? []) || (first.get(side.name)?.seconds ?? Number.NaN))
      const shown = sides.map((s) => `${s.name} ${text(seconds.get(s.name)?.at(-1) ?? 0)}`)
      const of = (name: string) => seconds.get(name)?.at(-1) ?? Number.NaN
      say(
        `  ${task.name} ${rows.toExponential()} ${question.name} ${question.asks}: ${shown.join(' · ')} · ${(of(GALLEY) / of('duckdb')).toFixed(2)}`,
      )
    }
    return { seconds, unequal, cpu, peak: new Map(sides.map((s) => [s.name, s.peakBytes()])) }
  } finally {
    for (const side of sides) side.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function warm<T>(sides: readonly Side[], f: (side: Side) => Promise<T>): Promise<Map<string, T>> {
  const found = new Map<string, T>()
  for (const side of sides) found.set(side.name, await f(side))
  return found
}

const total = (values: readonly number[] = []): number => values.reduce((a, b) => a + b, 0)
const text = (s: number): string => (s < 1 ? `${(s * 1000).toFixed(1)} ms` : `${s.toFixed(2)} s`)

/** The sum over the questions, one row a peer. */
export const secondsRows = (name: string, { seconds }: Found): Row[] =>
  rowsOf(name, 's', (side) => total(seconds.get(side)), [...seconds.keys()])
export const memoryRows = (name: string, { peak }: Found): Row[] =>
  rowsOf(`${name}-memory`, 'bytes', (side) => peak.get(side) ?? Number.NaN, [...peak.keys()])

function rowsOf(name: string, unit: Row['unit'], of: (side: string) => number, sides: readonly string[]): Row[] {
  return sides
    .filter((side) => side !== GALLEY)
    .map((side) => ({
      case: name,
      peer: side,
      unit,
      galley: of(GALLEY),
      peerValue: of(side),
      ratio: of(GALLEY) / of(side),
    }))
}

/** Each question's seconds and its ratio to DuckDB's own. */
export function notesOf(name: string, task: Task, { seconds, unequal, cpu }: Found): string[] {
  const at = (side: string, i: number) => seconds.get(side)?.[i] ?? Number.NaN
  const notes = task.questions.map((q, i) => {
    const each = [...seconds.keys()].map((side) => `${side} ${text(at(side, i))}`)
    return `${name} ${q.name} ${q.asks}: ${each.join(', ')}; Galley / duckdb ${(at(GALLEY, i) / at('duckdb', i)).toFixed(2)}`
  })
  const [ours, theirs] = cpu
  notes.push(
    `${name}: processor seconds of all timed answers: Galley ${ours.toFixed(1)}, duckdb ${theirs.toFixed(1)}, ratio ${(ours / theirs).toFixed(2)}`,
  )
  return [...notes, ...unequal.map((what) => `${name}: ${what}`)]
}
