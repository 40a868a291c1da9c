import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { resolveSecret } from '../../../base/secrets.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { createLedger } from '../../../engines/ledger.ts'
import { openStore } from '../../../store/store.ts'
import type { SourceSpec } from '../connector.ts'
import { connector } from '../index.ts'
import { readParts, readSince } from '../parts/read.ts'
import { pushedIn } from '../push/pushed.ts'
import type { StoreAt } from './kills.ts'

/** Reads a source as a step does, in a process that may be killed: spec, path, folder; what was read stands in `done.json`. */
const [given = '', path = '', folder = '', at = 'null'] = process.argv.slice(2)
const spec = JSON.parse(given) as SourceSpec
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(folder, `duckdb-${process.pid}`) })
const controller = new AbortController()
const elsewhere = JSON.parse(at) as StoreAt | null
const store = elsewhere ? await openStore({ home: elsewhere.home }) : undefined
const scope = { workspace: elsewhere?.workspace ?? 'killed', caller: 'test' }
const pushed = store && pushedIn(store, scope)
const { signal } = controller
const run = { scope, signal, ledger: createLedger() }
let drafts = 0
const draft = () => join(folder, `draft-${process.pid}-${++drafts}`)
const source = await connector(spec.connector)
const files = await engine.session(run, async (query) => {
  const ctx = { scope, signal, query, secret: resolveSecret, progress: () => {}, ...(pushed ? { pushed } : {}) }
  const place = { draft, target: (id: string) => join(folder, 'kept', id) }
  const reading = { connector: source, spec, path, ctx, position: undefined, place }
  process.stdout.write('reading\n')
  if (source.parts) return (await readParts(reading)).pieces.flatMap((p) => p.files)
  if (source.follows?.(spec)) return (await readSince(reading)).pieces.flatMap((p) => p.files)
  const own = draft()
  mkdirSync(own)
  return (await source.snapshot(spec, path, { ...ctx, keep: async (name) => join(own, name) })).files
})
writeFileSync(join(folder, 'done.json'), JSON.stringify(files))
await engine.close()
await store?.close()
