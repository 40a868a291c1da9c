import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import type { Bench, Row } from '../bench.ts'
import { pythonPeers } from '../peers.ts'
import { batchCases, batchRows } from './batches.ts'
import { csvData, csvTask } from './csv.ts'
import { groupbyData, joinData, type Query } from './data.ts'
import { groupby } from './groupby.ts'
import { join } from './join.ts'
import type { Task } from './question.ts'
import { LIMITS } from './side.ts'
import { ask, memoryRows, notesOf, secondsRows } from './task.ts'

const SIZES = [
  { name: '1e5', rows: 1e5 },
  { name: '1e6', rows: 1e6 },
  { name: '1e7', rows: 1e7 },
]
const DATA = [
  { task: groupby, data: groupbyData },
  { task: join, data: joinData },
  { task: csvTask, data: csvData },
]

const nameOf = (task: Task, size: string) => `${task === csvTask ? 'csv-parquet' : task.name}-${size}`
const cases = [...DATA.flatMap(({ task }) => SIZES.map((size) => nameOf(task, size.name))), ...batchCases]

export const pipeline: Bench = {
  about:
    'preparing data: group-by and join questions, beside the same by hand in SQL on DuckDB, in polars and in pandas',
  cases,
  async run({ prefix, runs, small, signal, say }) {
    const { python, versions } = await pythonPeers(say, signal)
    const rows: Row[] = []
    const notes: string[] = []
    const temp = path(tmpdir(), `galley-bench-${process.pid}`)
    const engine = createDuckdbEngine({ ...LIMITS, temp })
    const context = () => ({ scope: { workspace: 'bench', caller: 'bench' }, signal, ledger: createLedger() })
    const query: Query = (sql) => engine.session(context(), (run) => run(sql))
    try {
      for (const { task, data } of DATA)
        for (const size of small ? SIZES.slice(0, 1) : SIZES) {
          const name = nameOf(task, size.name)
          if (!name.startsWith(prefix)) continue
          const files = await data(size.rows, query)
          const found = await ask({ task, rows: size.rows, files, python, runs: Math.max(3, runs), query, signal, say })
          rows.push(...secondsRows(name, found), ...memoryRows(name, found))
          notes.push(...notesOf(name, task, found))
        }
      rows.push(...(await batchRows(temp, context, (name) => name.startsWith(prefix))))
    } finally {
      await engine.close()
    }
    const { duckdb = '', polars = '', pandas = '', python: of = '' } = versions
    return { rows, notes, versions: { Python: of, duckdb, polars, pandas } }
  },
}
