import type { Bench, Row } from '../bench.ts'
import { dagCases, dagRows } from './dag.ts'
import { fanoutCases, fanoutRows } from './fanout.ts'
import { fiboCases, fiboRows } from './fibo.ts'
import { incrementalCases, incrementalRows } from './incremental.ts'
import type { Setting } from './setting.ts'
import { storeCases, storeRows } from './store.ts'

const CASES: readonly { names: readonly string[]; rows(s: Setting): Promise<Row[]> }[] = [
  { names: dagCases, rows: dagRows },
  { names: fanoutCases, rows: fanoutRows },
  { names: fiboCases, rows: fiboRows },
  { names: incrementalCases, rows: incrementalRows },
  { names: storeCases, rows: storeRows },
]

export const runs: Bench = {
  about: 'what a run costs beside its work, and what is asked of many runs that were',
  cases: CASES.flatMap((c) => c.names),
  async run({ prefix, runs: count, small, signal, say }) {
    const notes: string[] = []
    const rows: Row[] = []
    const wanted = (name: string) => name.startsWith(prefix)
    for (const c of CASES)
      if (c.names.some(wanted)) rows.push(...(await c.rows({ wanted, runs: count, small, signal, say, notes })))
    return { rows, notes, versions: {} }
  },
}
