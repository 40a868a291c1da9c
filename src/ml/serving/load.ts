import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashFile } from '../../base/hash.ts'
import { ownValue } from '../../base/own.ts'
import type { Scope } from '../../base/scope.ts'
import { type Value, valueAt } from '../../engines/batch.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps } from '../../engines/engine.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { OnlineProgram } from '../../engines/row/index.ts'
import { literalOf, literalValue } from '../../engines/values.ts'
import type { Literal } from '../../plan/expr.ts'
import { build, plan } from '../../plan/nodes.ts'
import { feedOf, momentOf } from '../../plan/states.ts'
import type { Schema } from '../../plan/types.ts'
import type { Store } from '../../store/store.ts'
import type { EndpointConfig, WarmFile } from './config.ts'

interface From {
  readonly store: Store
  readonly duckdb: DuckdbEngine
  readonly scope: Scope
}

/** The rows of the deployment's tables, by id. */
export async function loadTables(
  { store, scope }: Pick<From, 'store' | 'scope'>,
  config: EndpointConfig,
): Promise<Map<string, Value[][]>> {
  const tables = new Map<string, Value[][]>()
  for (const table of config.online.tables) {
    const blob = config.tables[table.id]
    if (!blob)
      throw new GalleyError('STORE_CORRUPT', {
        what: 'the deployment lacks a table',
        why: table.id,
        fix: 'deploy again: run the recipe',
      })
    const text = new TextDecoder().decode(await store.blobs.get(scope, blob))
    tables.set(table.id, tableRows(table.node.schema, text))
  }
  return tables
}

/** Rows as the JSON that a deployment keeps; NaN and the infinities, which JSON lacks, are texts. */
export function tableText(schema: Schema, rows: readonly Readonly<Record<string, Value>>[]): string {
  const literals = rows.map((r) => schema.map((f) => literalOf(ownValue(r, f.name) ?? null, f.type)))
  return JSON.stringify(literals, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v))
}

/** What `tableText` wrote. */
export const tableRows = (schema: Schema, text: string): Value[][] =>
  (JSON.parse(text) as Literal[][]).map((r) => schema.map((f, i) => literalValue(r[i] ?? null, f.type)))

/** The first warm file that is not there as it was written. */
export async function damagedFile(store: Store, files: readonly WarmFile[]): Promise<string | undefined> {
  for (const { path, bytes, sha256 } of files) {
    const file = join(store.home.datasets, path)
    const size = (await stat(file).catch(() => undefined))?.size
    if (size !== bytes || (await hashFile(file)) !== sha256) return file
  }
  return undefined
}

/** Feeds each state the history it was deployed with. */
export async function warm(options: From, config: EndpointConfig, program: OnlineProgram): Promise<void> {
  const damaged = await damagedFile(options.store, config.files ?? [])
  if (damaged !== undefined)
    throw new GalleyError('STORE_CORRUPT', {
      what: 'the history that the endpoint starts from is damaged',
      why: `${damaged} is not there as it was written`,
      fix: 'run the recipe again: it is made anew',
    })
  for (const state of config.online.states) {
    const files = config.warm[state.id]?.map((file) => join(options.store.home.datasets, file))
    const held = program.states.get(state.id)
    if (!files || !held) continue
    held.startAt(config.since[state.id] ?? Number.NEGATIVE_INFINITY)
    const prepared = options.duckdb.prepare(
      plan(build({ op: 'scan', from: { kind: 'parquet', files }, schema: feedOf(state).schema })),
    )
    if (isGaps(prepared))
      throw new GalleyError('INTERNAL_BUG', { what: 'a state can not be warmed', why: JSON.stringify(prepared) })
    const relation = await prepared.run(
      { scope: options.scope, signal: new AbortController().signal, ledger: createLedger() },
      'batches',
    )
    const rows: Value[][] = []
    for await (const batch of relation.batches())
      for (let i = 0; i < batch.rows; i++) rows.push(batch.columns.map((c) => valueAt(c, i)))
    const on = feedOf(state).schema.findIndex((f) => f.name === momentOf(state))
    rows.sort((a, b) => Number(a[on] ?? 0) - Number(b[on] ?? 0))
    for (const row of rows) {
      const event = held.event(row)
      if (event) held.add(event)
    }
  }
}
