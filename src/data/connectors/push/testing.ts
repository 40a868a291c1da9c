import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { createLedger } from '../../../engines/ledger.ts'
import type { Store } from '../../../store/store.ts'
import { openTestStore } from '../../../store/testing/store.ts'
import type { Part } from '../connector.ts'
import { openGuard } from '../guard/open.ts'
import { type PushOptions, push, pushConnector } from '../push.ts'
import { snapshotContext } from '../testing/context.ts'
import { acceptBatch } from './accept.ts'
import { pushedIn } from './pushed.ts'

export const columns = { id: 'int64', price: 'decimal(9, 2)', note: 'string' } as const
export const ROW = '{"id": 1, "price": "2.50", "note": "가"}'

export async function* pieces(text: string | Buffer) {
  yield Buffer.from(text)
}

/** A store that a test pushes to. */
export async function testPush() {
  const { store, scope, other, close } = await openTestStore()
  const temp = mkdtempSync(join(tmpdir(), 'galley-push-'))
  const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(temp, 'duckdb') })
  const { signal } = new AbortController()
  let opens = 0
  const guard = openGuard({ temp: () => join(temp, `opened-${++opens}`), memoryMiB: 256, threads: 1 })
  return {
    ...{ store, scope, other, temp, duckdb, guard, signal },
    opened: (name: string, options: PushOptions = {}) =>
      store.sources.open(scope, { name, columns, options: push(name, columns, options).options }),
    send: (source: string, key: string, text: string | Buffer, mediaType = 'application/jsonl', at: Store = store) => {
      const sent = { source, key, mediaType, bytes: pieces(text), limit: 1 << 20 }
      return acceptBatch({ store: at, duckdb, guard, scope, signal }, sent)
    },
    /** Rows of a source in order, as a run reads them; of all its batches, or of some. */
    async rowsOf(name: string, as: Parameters<typeof push>[1] = columns, some?: readonly string[]) {
      const pushed = pushedIn(store, scope)
      const spec = push(name, as)
      const parts: Part[] = []
      for await (const part of pushConnector.parts?.(spec, name, { signal, secret: () => '', pushed }) ?? [])
        if (!some || some.includes(part.id)) parts.push(part)
      const folder = mkdtempSync(join(temp, 'read-'))
      return duckdb.session({ scope, signal, ledger: createLedger() }, async (query) => {
        const got = await pushConnector.snapshot(spec, name, snapshotContext(query, folder, { parts, pushed, scope }))
        const all = (file?: string) => (file ? query(`SELECT * FROM read_parquet('${file}')`) : [])
        return { ...got, parts, all: await all(got.files[0]), aside: await all(got.quarantine) }
      })
    },
    async close() {
      await guard.close()
      await duckdb.close()
      await close()
      rmSync(temp, { recursive: true, force: true })
    },
  }
}
