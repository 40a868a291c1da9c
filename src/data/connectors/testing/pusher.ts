/**
 * A process of the durability tests: pushes batches of three rows to a source, from batch `first` on, and says on stdout, one
 * line each, which were acknowledged, until it is killed.   node pusher.ts HOME WORKSPACE SOURCE FIRST
 */
import { join } from 'node:path'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { openStore } from '../../../store/store.ts'
import { acceptBatch } from '../push/accept.ts'

const [home = '', workspace = '', source = '', first = '0'] = process.argv.slice(2)
const store = await openStore({ home })
const duckdb = createDuckdbEngine({ memoryMiB: 128, threads: 1, temp: join(store.home.tmp.path, 'duckdb') })
const { signal } = new AbortController()
const at = { store, duckdb, scope: { workspace, caller: 'pusher' }, signal }
async function* body(n: number) {
  yield Buffer.from([0, 1, 2].map((i) => `{"id": ${n * 3 + i}}\n`).join(''))
}
process.stdout.write('ready\n')
for (let n = Number(first); ; n++) {
  const sent = { source, key: `batch-${n}`, mediaType: 'application/jsonl', bytes: body(n), limit: 1 << 20 }
  const { replayed } = await acceptBatch(at, sent)
  process.stdout.write(`${replayed ? 'replayed' : 'taken'} ${n}\n`)
}
