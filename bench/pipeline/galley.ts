/** Galley's side: a process with an engine of its own that answers the questions that it is sent, a line each. */
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createInterface } from 'node:readline'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps, type RunContext } from '../../src/engines/engine.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { build, plan } from '../../src/plan/nodes.ts'
import { bindScans } from '../../src/plan/walk.ts'
import { source } from './csv.ts'
import type { Files } from './question.ts'
import { TASKS } from './tasks.ts'

interface Start {
  readonly task: string
  readonly files: Files
  readonly threads: number
  readonly memoryMiB: number
}

const { signal } = new AbortController()
const context = (): RunContext => ({
  scope: { workspace: 'bench', caller: 'bench' },
  signal,
  ledger: createLedger(),
})

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const next = async () => (await lines.next()).value
const { task, files, threads, memoryMiB } = JSON.parse((await next()) ?? '') as Start
const engine = createDuckdbEngine({ memoryMiB, threads, temp: path(tmpdir(), `galley-bench-${process.pid}`) })
await engine.session(context(), (query) => query('SELECT 1'))
console.log('ready')
for (let line = await next(); line !== undefined; line = await next()) {
  const { question, out } = JSON.parse(line) as { question: string; out: string }
  const asked = TASKS.find((t) => t.name === task)?.questions.find((q) => q.name === question)
  if (!asked) throw new Error(`there is no question ${question} in ${task}`)
  const began = performance.now()
  const from = task === 'csv' ? await engine.session(context(), (q) => source(files, out, q, signal)) : undefined
  const bound = bindScans(asked.plan(files), (_, n) => from && build({ op: 'scan', from, schema: n.schema }))
  const prepared = engine.prepare(plan(bound))
  if (isGaps(prepared)) throw new Error(prepared.map((g) => `${g.node}: ${g.reason}`).join('\n'))
  await prepared.run(context(), { parquet: out })
  console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000 }))
}
await engine.close()
