import { severityOf } from '../../data/quality/expectation.ts'
import { oneScan } from '../../data/quality/scan.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps } from '../../engines/engine.ts'
import { build, plan } from '../../plan/nodes.ts'
import type { DatasetSpec } from '../../runs/specs.ts'

/** What a dataset expects of its rows, and the one scan that checks it. */
export interface ExpectedScan {
  readonly expectations: readonly { readonly title: string; readonly severity: string }[]
  /** How often the version is read. */
  readonly scans: number
  readonly sql: string
}

/** A file that stands for the version in the SQL. */
const VERSION = 'VERSION.parquet'

/** Undefined where nothing is expected. What `steady` counts is known once there is a version before. */
export function expectedScan(spec: DatasetSpec, duckdb: DuckdbEngine): ExpectedScan | undefined {
  if (spec.expect.length === 0) return undefined
  const rows = build({ op: 'scan', from: { kind: 'parquet', files: [VERSION] }, schema: spec.plan.root.schema })
  // what is referred to is bound to its files when the run has them
  const known = spec.expect.map((x) =>
    x.kind === 'references'
      ? { ...x, table: plan(build({ op: 'scan', from: { kind: 'parquet', files: [`${x.in}.parquet`] }, schema: x.table.root.schema })) } // biome-ignore format: one line
      : x,
  )
  const prepared = duckdb.prepare(plan(oneScan(rows, known, new Map()).plan))
  const sql = isGaps(prepared) ? '' : prepared.explain()
  return {
    expectations: spec.expect.map((x) => ({ title: x.title, severity: severityOf(x) })),
    scans: sql.split(VERSION).length - 1,
    sql,
  }
}

/** The same for people. */
export function expectationText(s: ExpectedScan, options: { sql: boolean }): string[] {
  const doing = { stop: 'stops the run', warn: 'is told', quarantine: 'sets rows aside' } as Readonly<
    Record<string, string>
  >
  return [
    '',
    `expects  ${s.expectations.length}, checked in ${s.scans} scan${s.scans === 1 ? '' : 's'} of the version`,
    ...s.expectations.map((x) => `         ${x.title}: ${doing[x.severity] ?? x.severity}`),
    ...(options.sql ? ['', 'SQL of the check', ...s.sql.split('\n').map((line) => `  ${line}`)] : []),
  ]
}
