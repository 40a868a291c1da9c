/** One side of `csv-version`: does the job once for each line on stdin, and says how many seconds it took. */
import { mkdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/base/config.ts'
import { csv } from '../../src/data/connectors/csv.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { openGalley } from '../../src/main.ts'
import { recipe } from '../../src/runs/recipe.ts'
import { run } from '../../src/runs/runner.ts'
import { COLUMNS, cleaned, question } from '../pipeline/csv.ts'

interface Given {
  readonly name: string
  readonly csv: string
  readonly folder: string
  readonly threads: number
  readonly memoryMiB: number
}

const SETTLED = 2500
const given = JSON.parse(process.argv[2] ?? '') as Given
const { signal } = new AbortController()
mkdirSync(given.folder, { recursive: true })
const { once, close } = given.name === 'galley' ? await galley() : byHand()
process.stdout.write('ready\n')
for await (const _ of createInterface({ input: process.stdin })) {
  // what was known of the file from the run before is not used
  const now = performance.timeOrigin / 1000 + performance.now() / 1000
  utimesSync(given.csv, now, now)
  // a file that was written to a moment ago is read again each time that its hash is asked for
  await sleep(SETTLED)
  const began = performance.now()
  await once()
  process.stdout.write(`${(performance.now() - began) / 1000}\n`)
}
await close()

async function galley() {
  const env = {
    GALLEY_HOME: given.folder,
    GALLEY_MEMORY: String(given.memoryMiB),
    GALLEY_THREADS: String(given.threads),
  }
  const g = await openGalley(readConfig({ ...env, GALLEY_LOG: 'warn' }))
  const scope = await g.scope()
  let n = 0
  return {
    async once() {
      const made = recipe('orders', (k) => {
        k.dataset(`clean-${++n}`, cleaned(k.source(`orders-${n}`, csv(given.csv, COLUMNS))))
      })
      const { rows } = await run(g.ware, scope, made, { folder: given.folder, signal, on: () => {} }).then(() =>
        g.store.datasets.find(scope, `clean-${n}`).then((v) => ({ rows: v?.rows ?? 0 })),
      )
      if (rows === 0) throw new Error('nothing was published')
    },
    close: () => g.close(),
  }
}

function byHand() {
  const engine = createDuckdbEngine({ ...given, temp: join(given.folder, 'temp') })
  const out = join(given.folder, 'out.parquet')
  const sql = question.sql.replace('FILE', given.csv)
  return {
    async once() {
      const ctx = { scope: { workspace: 'bench', caller: 'bench' }, signal, ledger: createLedger() }
      await engine.session(ctx, (query) => query(`COPY (${sql}) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`))
      rmSync(out)
    },
    close: () => engine.close(),
  }
}
