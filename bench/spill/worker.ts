/** Does one task over generated data in a process of its own: `worker.ts TASK SIZE FOLDER`. Prints what it took as JSON. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps } from '../../src/engines/engine.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { count, sum } from '../../src/plan/aggregates.ts'
import { type Node, plan } from '../../src/plan/nodes.ts'
import { scan } from '../../src/plan/table.ts'
import { SIZES, type TaskName } from './tasks.ts'

/** The process holds up to 40 % more than DuckDB counts, and Node itself: this keeps all of it under 1.5 GiB. */
const MEMORY_MIB = 768

const [task = '', sizeName = '', folder = ''] = process.argv.slice(2)
const size = SIZES.find((s) => s.name === sizeName)
if (!size) throw new Error(`there is no size ${sizeName}`)
const temp = join(folder, 'temp')
rmSync(temp, { recursive: true, force: true })
mkdirSync(temp, { recursive: true })
const engine = createDuckdbEngine({ memoryMiB: MEMORY_MIB, threads: 2, temp })
const { signal } = new AbortController()
const ledger = createLedger()
const context = { scope: { workspace: 'bench', caller: 'bench' }, signal, ledger }
const file = (name: string) => join(folder, `${name}.parquet`)

async function generate(name: string, sql: string): Promise<void> {
  if (existsSync(file(name))) return
  const to = `${file(name)}.new`
  await engine.session(context, (query) => query(`COPY (${sql}) TO '${to}' (FORMAT parquet, COMPRESSION zstd)`))
  renameSync(to, file(name))
}

const x = () =>
  scan(
    { kind: 'parquet', files: [file('x')] },
    { key: 'int64', sorted: 'int64', a: 'float64', b: 'float64', name: 'string' },
  )
const y = () => scan({ kind: 'parquet', files: [file('y')] }, { key: 'int64', w: 'float64', label: 'string' })

const plans: Readonly<Record<TaskName, () => Node>> = {
  sort: () => x().sort('sorted').node,
  join: () => x().join(y(), { key: 'key' }).node,
  groupby: () => x().aggregate(['key', 'name'], (r) => ({ a: sum(r.a), b: sum(r.b), n: count() })).node,
}

const bytesIn = (path: string): number =>
  readdirSync(path).reduce((n, f) => n + (statSync(join(path, f), { throwIfNoEntry: false })?.size ?? 0), 0)

if (task === 'data') {
  const keys = size.rows / 2
  const part = (column: number) => `((hash(i * 16 + ${column}) >> 11) / 9007199254740992.0)`
  await generate(
    'x',
    `SELECT (hash(i * 16 + 1) % ${keys})::BIGINT AS key, (hash(i * 16 + 2) >> 2)::BIGINT AS sorted, ${part(3)} AS a, ${part(4)} AS b, 'name' || (hash(i * 16 + 1) % ${keys}) AS name FROM range(${size.rows}) t(i)`,
  )
  await generate(
    'y',
    `SELECT i AS key, ${part(5)} AS w, 'label ' || (hash(i * 16 + 6) % 1000000) AS label FROM range(${keys}) t(i)`,
  )
} else {
  let spilled = 0
  const timer = setInterval(() => (spilled = Math.max(spilled, bytesIn(temp))), 100)
  const prepared = engine.prepare(plan(plans[task as TaskName]()))
  if (isGaps(prepared)) throw new Error(prepared.map((g) => g.reason).join())
  const { rows } = await prepared.run(context, { parquet: file('out') })
  clearInterval(timer)
  const read = ledger.total().bytesIn
  console.log(JSON.stringify({ rows, spilled, read }))
}
await engine.close()
rmSync(file('out'), { force: true })
rmSync(temp, { recursive: true, force: true })
