import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import type { Bench, Row } from '../bench.ts'
import { LIMITS } from '../pipeline/side.ts'
import { diffCases, diffRows } from './diff.ts'
import { expectCases, expectRows } from './expect.ts'
import { forgetCases, forgetRows } from './forget.ts'
import { jsonCases, jsonRows } from './json.ts'
import { listingCases, listingRows } from './listing.ts'
import { postgresCases, postgresRows } from './postgres.ts'
import { profileCases, profileRows } from './profile.ts'
import type { Setting } from './setting.ts'
import { versionCases, versionRows } from './version.ts'

/** What each case measures: rows by the prefix of its name. */
const CASES: readonly { names: readonly string[]; rows(s: Setting): Promise<Row[]> }[] = [
  { names: expectCases, rows: expectRows },
  { names: listingCases, rows: listingRows },
  { names: diffCases, rows: diffRows },
  { names: profileCases, rows: profileRows },
  { names: postgresCases, rows: postgresRows },
  { names: versionCases, rows: versionRows },
  { names: jsonCases, rows: jsonRows },
  { names: forgetCases, rows: forgetRows },
]

export const data: Bench = {
  about: 'what is done to data that is kept: expectations, profiles, versions compared; JSON that is loaded',
  cases: CASES.flatMap((c) => c.names),
  async run({ prefix, runs, small, signal, say }) {
    const temp = join(tmpdir(), `galley-bench-${process.pid}`)
    const engine = createDuckdbEngine({ ...LIMITS, temp })
    const context = () => ({ scope: { workspace: 'bench', caller: 'bench' }, signal, ledger: createLedger() })
    const notes: string[] = []
    const rows: Row[] = []
    const wanted = (name: string) => name.startsWith(prefix)
    try {
      for (const c of CASES) rows.push(...(await c.rows({ engine, context, wanted, runs, small, say, notes })))
    } finally {
      await engine.close()
    }
    return { rows, notes, versions: {} }
  },
}
