import { csvData, COLUMNS, cleaned } from './pipeline/csv.ts'
import { createDuckdbEngine } from '../src/engines/duckdb/index.ts'
import { createLedger } from '../src/engines/ledger.ts'
import { openGalley } from '../src/main.ts'
import { readConfig } from '../src/base/config.ts'
import { recipe } from '../src/runs/recipe.ts'
import { run } from '../src/runs/runner.ts'
import { csv } from '../src/data/connectors/csv.ts'
const signal = new AbortController().signal
const engine = createDuckdbEngine({ memoryMiB: 2048, threads: 2, temp: '/tmp/pt' })
const ctx = { scope: { workspace: 'b', caller: 'b' }, signal, ledger: createLedger() }
const data = await engine.session(ctx, (q) => csvData(1e7, q))
await engine.close()
console.log(data)
const g = await openGalley(readConfig({ GALLEY_HOME: '/tmp/pv', GALLEY_MEMORY: '2048', GALLEY_THREADS: '2', GALLEY_LOG: 'warn' }))
const scope = await g.scope()
const made = recipe('orders', (k) => { k.dataset('clean-1', cleaned(k.source('orders-1', csv(data.csv!, COLUMNS)))) })
const t0 = performance.now(); const c0 = process.resourceUsage()
let cpu = process.cpuUsage()
await run(g.ware, scope, made, { folder: '/tmp/pv', signal, on: (e) => { const c = process.cpuUsage(cpu); console.log(((performance.now() - t0) / 1000).toFixed(2), 'cpu', ((c.user + c.system) / 1e6).toFixed(2), e.type, (e as any).step ?? '', (e as any).progress ? JSON.stringify((e as any).progress).slice(0, 80) : '') } })
void c0
await g.close()
