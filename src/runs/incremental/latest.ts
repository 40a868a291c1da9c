import { join } from 'node:path'
import { keptFile } from '../../data/datasets/files.ts'
import { scanFiles, type Version } from '../../data/datasets/version.ts'
import { workOf } from '../../data/datasets/work.ts'
import { col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { StepContext } from '../kind.ts'
import type { DatasetSpec } from '../specs.ts'
import type { Computed } from '../steps/rows.ts'

/**
 * Rows that came, and those of a version that have their keys: of rows of one key the latest by the dataset's moment is written, and it may be one that was
 * there. As they are where no moment is declared: then what comes later is the later one.
 */
export async function withLatest(ctx: StepContext<DatasetSpec>, made: Computed, base: Version): Promise<Computed> {
  const { moment, write } = ctx.step.spec
  const key = write?.key ?? []
  if (moment === null || key.includes(moment) || made.rows === 0) return made
  const { schema } = made
  const left = build({ op: 'scan', from: { kind: 'parquet', files: [made.data.path] }, schema })
  const there = scanFiles(base.manifest.files, base.folder, schema)
  const on = key.map((k) => [k, k] as const)
  const columns = key.map((k) => [k, col(k)] as const)
  const came = build({ op: 'distinct', input: build({ op: 'select', input: left, columns }) })
  const right = build({ op: 'join', left: there, right: came, on, how: 'semi' })
  const all: Node = build({ op: 'distinct', input: build({ op: 'union', left, right }) })
  const path = join(made.draft, 'latest.parquet')
  const sorted = build({ op: 'sort', input: all, keys: schema.map((f) => ({ by: col(f.name), descending: false })) })
  const rows = await workOf(ctx).write(sorted, path)
  return { ...made, rows, data: await keptFile(path, ctx.signal) }
}
