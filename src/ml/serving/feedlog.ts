import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { asGalleyError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Scope } from '../../base/scope.ts'
import type { OnlineProgram } from '../../engines/row/index.ts'
import { literalOf, literalValue } from '../../engines/values.ts'
import type { Literal } from '../../plan/expr.ts'
import type { RecordValues } from '../../plan/record.ts'
import type { Schema } from '../../plan/types.ts'
import { typeName } from '../../plan/types.ts'
import { writeFileAtomic } from '../../store/files.ts'
import { jsonOf, type LogRecord, readAppendLog } from '../../store/log/appendlog.ts'
import type { Store } from '../../store/store.ts'
import type { Present } from '../monitoring/present.ts'
import { readConfig } from './config.ts'

/**
 * What one record of a feed log holds: events that were taken together, and the server's clock then (ms). Earlier
 * releases wrote the events alone, unchecked for times far ahead.
 */
type Fed = { readonly at: number; readonly rows: readonly Literal[][] } | readonly Literal[][]

/** Events as the feed log keeps them. */
export const fedOf = (at: number, events: readonly RecordValues[], schema: Schema): Fed => ({
  at,
  rows: events.map((values) => values.map((v, i) => literalOf(v, schema[i]?.type))),
})

export const endpointFolder = (store: Store, scope: Scope, name: string): string =>
  join(store.home.logs, scope.workspace, name)

interface Replay {
  readonly program: OnlineProgram
  /** Columns of the events as they were logged. */
  readonly logged: Schema
  /** Columns that the program takes. */
  readonly taken: Schema
  readonly present: Present
  /** µs */
  readonly clock: number
  /** Only events that enter a window after this moment (µs), by state id. */
  readonly after?: (state: string) => number
}

/** What a replay left out, and why the first of it. */
export interface Skipped {
  count: number
  why?: string
}

/** Feeds a program what a log holds. An event that can't be taken in is left out, never fatal. Answers where it ended. */
export async function replayFeed(
  records: AsyncIterable<LogRecord>,
  { program, logged, taken, present, clock, after }: Replay,
  skipped: Skipped,
): Promise<number | undefined> {
  const at = taken.map((f) => logged.findIndex((l) => l.name === f.name))
  let next: number | undefined
  for await (const record of records) {
    const fed = jsonOf(record) as Fed
    const checked = !Array.isArray(fed)
    for (const row of 'rows' in fed ? fed.rows : fed) {
      try {
        const values = taken.map((f, i) => literalValue(row[at[i] as number] ?? null, f.type) as RecordValues[number])
        const event = program.prepare(values)
        if (!checked && event.time > present.limit(clock)) throw new Error('its time lies too far ahead')
        if (event.time > Number.NEGATIVE_INFINITY) present.reach(event.time, Math.max(clock, event.time))
        event.take(after)
      } catch (thrown) {
        skipped.count++
        skipped.why ??= thrown instanceof Error ? (asGalleyError(thrown).why ?? thrown.message) : String(thrown)
      }
    }
    next = record.offset + 1
  }
  return next
}

const FRESH = 'fresh'

/** Says before a deployment that its state starts from the history alone, without what its predecessors were fed. */
export const startAfresh = (store: Store, scope: Scope, name: string, generation: number): Promise<void> =>
  writeFileAtomic(join(endpointFolder(store, scope, name), String(generation), FRESH), '')

export interface CarryOptions {
  readonly store: Store
  readonly scope: Scope
  readonly log: Log
  readonly name: string
  readonly generation: number
  readonly program: OnlineProgram
  readonly taken: Schema
  readonly present: Present
  /** µs */
  clock(): number
}

/**
 * What earlier deployments were fed after the history that this one starts from. Called again it goes on where it ended:
 * a predecessor may still have been taking events.
 */
export function carryOver(options: CarryOptions): () => Promise<void> {
  const { store, scope, log, name, generation, program, taken, present, clock } = options
  const folder = endpointFolder(store, scope, name)
  const ends = new Map([...program.states].map(([id, state]) => [id, state.newest]))
  const after = (state: string): number => ends.get(state) ?? Number.NEGATIVE_INFINITY
  const done = new Map<number, number>()
  const told = new Set<number>()
  return async () => {
    const former = generations(folder).filter((g) => g < generation)
    const fresh = [...former, generation].filter((g) => existsSync(join(folder, String(g), FRESH))).at(-1) ?? 0
    const schemas = await feedsOf(
      store,
      scope,
      name,
      former.filter((g) => g >= fresh && !told.has(g)),
    )
    for (const g of former) {
      if (g < fresh || told.has(g)) continue
      const logged = schemas.get(g)
      const misfit = logged ? misfitOf(logged, taken) : 'the deployment is not on record'
      if (!logged || misfit !== undefined) {
        told.add(g)
        log.warn('events that a former deployment was fed are left out', { endpoint: name, deployment: g, why: misfit })
        continue
      }
      const skipped: Skipped = { count: 0 }
      const records = readAppendLog(join(folder, String(g), 'feed'), done.get(g) ?? 0)
      const next = await replayFeed(records, { program, logged, taken, present, clock: clock(), after }, skipped)
      if (next !== undefined) done.set(g, next)
      warnOf(log, name, g, skipped)
    }
  }
}

export function warnOf(log: Log, endpoint: string, deployment: number, { count, why }: Skipped): void {
  if (count > 0) log.warn('events of the feed log were left out', { endpoint, deployment, events: count, why })
}

/** Deployments that have logs, oldest first. */
function generations(folder: string): number[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((n) => /^\d+$/.test(n))
  return names.map(Number).sort((a, b) => a - b)
}

async function feedsOf(
  store: Store,
  scope: Scope,
  name: string,
  wanted: readonly number[],
): Promise<Map<number, Schema>> {
  const found = new Map<number, Schema>()
  let cursor: string | undefined
  do {
    if (wanted.length === 0) break
    const page = await store.endpoints.deployments(scope, name, { limit: 100, cursor })
    for (const d of page.items)
      if (wanted.includes(d.generation)) found.set(d.generation, readConfig(d.config).online.feedInput)
    cursor = page.next
  } while (cursor)
  return found
}

/** Why events of one form can't be read as those of another. */
function misfitOf(logged: Schema, taken: Schema): string | undefined {
  for (const f of taken) {
    const had = logged.find((l) => l.name === f.name)
    if (!had) return `they lack '${f.name}'`
    if (typeName(had.type) !== typeName(f.type)) return `'${f.name}' was a ${typeName(had.type)}`
  }
  return undefined
}
