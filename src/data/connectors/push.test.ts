import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { newId } from '../../base/ids.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { openTestStore } from '../../store/testing/store.ts'
import { connectorConformance } from './conformance.ts'
import { acceptBatch } from './push/accept.ts'
import { pushedIn } from './push/pushed.ts'
import { push, pushConnector } from './push.ts'
import { objects } from './testing/rows.ts'

const { store, scope, close } = await openTestStore()
const temp = mkdtempSync(join(tmpdir(), 'galley-push-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp })
afterAll(async () => {
  await duckdb.close()
  await close()
  rmSync(temp, { recursive: true, force: true })
})
const { signal } = new AbortController()

connectorConformance('push', {
  connector: pushConnector,
  place: (name) => `s${sha256(name).slice(0, 30)}`,
  reach: { pushed: pushedIn(store, scope) },
  store: { home: store.home.path, workspace: scope.workspace },
  spec: push,
  async write(source, columns, rows) {
    await store.sources.open(scope, { name: source, columns, options: push(source, columns).options })
    const half = Math.ceil(rows.length / 2)
    for (const part of [rows.slice(0, half), rows.slice(half)]) {
      if (part.length === 0) continue
      async function* bytes() {
        yield Buffer.from(`${objects(columns, part).join('\n')}\n`)
      }
      const sent = { source, key: newId(), mediaType: 'application/jsonl', bytes: bytes(), limit: 64 << 20 }
      await acceptBatch({ store, duckdb, scope, signal }, sent)
    }
  },
})
