import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { folderOf, intact, type KeptFile, keptFile, publishFolder } from '../../data/datasets/files.ts'
import { MANIFEST, type Manifest, readManifest } from '../../data/datasets/manifest.ts'
import { mainInput, rejectedRows } from '../../data/datasets/rejections.ts'
import type { Access } from '../../data/profile/access.ts'
import { valueAt } from '../../engines/batch.ts'
import { isGaps } from '../../engines/engine.ts'
import { col } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { hashPlan, nodes } from '../../plan/walk.ts'
import { readIfThere } from '../../store/files.ts'
import { codeHash } from '../code.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepContext, StepKind } from '../kind.ts'
import { moved } from '../portable.ts'
import type { PlanSpec } from '../specs.ts'
import { byCount, integer, plural } from '../text.ts'

export interface TableOutput extends Output {
  readonly files: readonly string[]
  readonly schema: Schema
  readonly rows: number
  readonly bytes: number
  /** Rows set aside, by reason. */
  readonly rejected: Readonly<Record<string, number>>
  /** A Parquet file of them (`reason`, `row`), when there are any. */
  readonly quarantine: string | null
  readonly folder: string
  /** Both files as they were written. */
  readonly kept: readonly KeptFile[]
}

/** Computes a named table, keeps it, and sets aside what its plan rejects. */
export const tableStep: StepKind<PlanSpec, TableOutput> = {
  kind: 'table',
  module: import.meta.url,
  run: async (ctx) => ({ output: await materialise(ctx, ctx.step.spec.plan.root, `_${ctx.step.id}`, {}) }),
  present: whole,
  summary: summarise,
}

export function summarise(o: TableOutput): string {
  const total = Object.values(o.rejected).reduce((a, b) => a + b, 0)
  const entries = byCount(o.rejected)
  const reasons = entries.map(([reason, n]) => (entries.length === 1 ? reason : `${reason} ${integer(n)}`))
  return `${plural(o.rows, 'row')} × ${o.schema.length}${total > 0 ? `  rejected ${integer(total)}: ${reasons.join(' · ')}` : ''}`
}

/** The engine's relation for a plan. @throws ENGINE_GAP naming what it can't do */
export async function runPlan(
  ctx: Pick<StepContext<unknown>, 'duckdb' | 'scope' | 'signal' | 'ledger'> &
    Partial<Pick<StepContext<unknown>, 'progress'>>,
  root: Node,
  sink: 'batches' | { parquet: string },
) {
  const prepared = ctx.duckdb.prepare(plan(root))
  if (isGaps(prepared))
    throw new GalleyError('ENGINE_GAP', {
      what: `${ctx.duckdb.name} can't run this plan`,
      why: prepared.map((g) => `${g.node}: ${g.reason}`).join('; '),
      fix: 'write it with other verbs',
    })
  return prepared.run(ctx, sink)
}

/** All rows of a small result as records. */
export async function rowsOf(
  ctx: Parameters<typeof runPlan>[0],
  root: Node,
): Promise<Record<string, ReturnType<typeof valueAt>>[]> {
  const relation = await runPlan(
    { duckdb: ctx.duckdb, scope: ctx.scope, signal: ctx.signal, ledger: ctx.ledger },
    root,
    'batches',
  )
  const rows: Record<string, ReturnType<typeof valueAt>>[] = []
  for await (const batch of relation.batches())
    for (let i = 0; i < batch.rows; i++)
      rows.push(
        Object.fromEntries(
          batch.schema.map((f, c) => [f.name, valueAt(batch.columns[c] as (typeof batch.columns)[number], i)]),
        ),
      )
  return rows
}

/** How a profile reads plans. */
export const accessOf = (ctx: Pick<StepContext<unknown>, 'duckdb' | 'scope' | 'signal' | 'ledger'>): Access => ({
  collect: (n) => rowsOf(ctx, n),
  read: async function* (n) {
    const { duckdb, scope, signal, ledger } = ctx
    yield* (await runPlan({ duckdb, scope, signal, ledger }, n, 'batches')).batches()
  },
})

/** Writes a plan's rows, what it rejected, and the manifest; published in one step. */
export async function materialise(
  ctx: StepContext<PlanSpec>,
  root: Node,
  name: string,
  extra: Partial<Manifest>,
): Promise<TableOutput> {
  const bound = boundPlan(root, (id) => ctx.input<Rows & Output>(id))
  const draft = ctx.store.home.tmp.file('.table')
  await mkdir(draft, { recursive: true })
  const file = join(draft, 'data.parquet')
  const { rows } = await runPlan(ctx, inStoredOrder(bound), { parquet: file })
  const byReject = await setAside(ctx, bound, join(draft, 'rejected.parquet'))
  const rejected = Object.values(byReject).reduce((a, b) => a + b, 0)
  const dropped = await lost(ctx, bound, rows + rejected)
  const data = await keptFile(file, ctx.signal)
  const aside = rejected > 0 ? await keptFile(join(draft, 'rejected.parquet'), ctx.signal) : undefined
  const parents = ctx.step.inputs.map((step) => ({ step, hash: ctx.input(step).hash }))
  const manifest: Manifest = {
    format: 1,
    name,
    files: [{ ...data, path: 'data.parquet', rows }],
    ...(aside ? { rejected: { ...aside, path: 'rejected.parquet' } } : {}),
    schema: root.schema,
    rows,
    bytes: data.bytes,
    split: null,
    moment: null,
    planHash: hashPlan(plan(root)),
    codeHash: codeHash(import.meta.url),
    parents,
    run: ctx.run.id,
    created: new Date(ctx.started).toISOString(),
    ...extra,
  }
  await writeFile(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`)
  // the same rows with others set aside are another folder, so that neither loses its own
  const id = aside ? hashJson([data.sha256, aside.sha256]) : data.sha256
  const target = folderOf(ctx.store, ctx.scope, name, id.slice(0, 32))
  await publishFolder(draft, target)
  // what is named by its content counts as the same content, whichever run wrote it
  return {
    hash: hashJson([data.sha256, root.schema, manifest.split, manifest.moment]),
    files: [join(target, 'data.parquet')],
    schema: root.schema,
    rows,
    bytes: data.bytes,
    rejected: { ...dropped, ...byReject },
    quarantine: aside ? join(target, 'rejected.parquet') : null,
    folder: target,
    kept: [data, ...(aside ? [aside] : [])].map((f) => ({ ...f, path: moved(f.path, draft, target) })),
  }
}

/** Verbs after which rows come in an order that may be another the next time. */
const MIXES: ReadonlySet<Node['op']> = new Set(['distinct', 'join', 'aggregate', 'union'])

/** Rows in an order of their own, where the plan leaves it open: equal content is then equal bytes, whoever computes it. */
function inStoredOrder(root: Node): Node {
  if (root.op === 'sort' || root.op === 'limit' || ![...nodes(root)].some((n) => MIXES.has(n.op))) return root
  return build({ op: 'sort', input: root, keys: root.schema.map((f) => ({ by: col(f.name), descending: false })) })
}

/**
 * True when the files are there with the content they were written with, and the manifest beside them can be read: what
 * is damaged is made again. @throws STORE_FORMAT_NEWER for a manifest that only a newer Galley understands
 */
export async function whole(o: TableOutput): Promise<boolean> {
  const file = join(o.folder, MANIFEST)
  const text = await readIfThere(file)
  if (text === undefined) return false
  try {
    readManifest(text, file)
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'STORE_CORRUPT') return false
    throw error
  }
  return intact(o.kept)
}

/** Writes the rows that a plan rejects, and counts them by reason; leaves no file where there are none. */
async function setAside(ctx: StepContext<PlanSpec>, root: Node, file: string): Promise<Record<string, number>> {
  const bad = rejectedRows(root)
  if (!bad) return {}
  await runPlan(ctx, inStoredOrder(bad), { parquet: file })
  const written = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: bad.schema })
  const aggs = [['n', { fn: 'count', arg: col('reason') }]] as const
  const counts = await rowsOf(ctx, build({ op: 'aggregate', input: written, by: ['reason'], aggs }))
  if (counts.length === 0) await rm(file)
  return Object.fromEntries(counts.map((row) => [String(row['reason']), Number(row['n'])]))
}

/** The verbs that a plan's rows pass through, the last first. */
function mainNodes(root: Node): Node[] {
  const main: Node[] = []
  for (let n: Node | undefined = root; n; n = mainInput(n)) main.push(n)
  return main
}

/** Verbs that drop rows, where it can be told from counts which dropped how many. */
function drops(root: Node): Node[] {
  const main = mainNodes(root)
  const keepsCount = main.every(
    (n) => n.op !== 'aggregate' && n.op !== 'filter' && n.op !== 'limit' && n.op !== 'union',
  )
  return keepsCount ? main.filter((n) => n.op === 'distinct' || (n.op === 'join' && n.how !== 'left')) : []
}

/** How often the rows that a plan begins with are read until it is materialised. */
export function readings(root: Node): number {
  const dropping = drops(root)
  const counts = dropping.filter((n) => n.op === 'distinct').length * 2 + (dropping.length > 0 ? 1 : 0)
  return 1 + (mainNodes(root).some((n) => n.op === 'reject') ? 1 : 0) + counts
}

/** How many rows were lost beside those rejected: duplicates, and what an inner join did not match. */
async function lost(ctx: StepContext<PlanSpec>, root: Node, kept: number): Promise<Record<string, number>> {
  const dropping = drops(root)
  const source = mainNodes(root).at(-1)
  if (dropping.length === 0 || !source) return {}
  const aggs = [['n', { fn: 'count', arg: null }]] as const
  const count = async (n: Node) =>
    Number((await rowsOf(ctx, build({ op: 'aggregate', input: n, by: [], aggs })))[0]?.['n'] ?? 0)
  const found: Record<string, number> = {}
  const rowsIn = await count(source)
  let accounted = kept
  for (const n of dropping) {
    if (n.op !== 'distinct') continue
    const duplicates = (await count(n.input)) - (await count(n))
    if (duplicates > 0) found['duplicate'] = (found['duplicate'] ?? 0) + duplicates
    accounted += duplicates
  }
  const unmatched = rowsIn - accounted
  if (unmatched > 0 && dropping.some((n) => n.op === 'join')) found['no match in a join'] = unmatched
  return found
}
