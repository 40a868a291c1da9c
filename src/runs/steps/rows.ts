import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type KeptFile, keptFile } from '../../data/datasets/files.ts'
import { mainInput, rejectedRows } from '../../data/datasets/rejections.ts'
import { rowsOf, runPlan } from '../../engines/plans.ts'
import { col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { nodes } from '../../plan/walk.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { PlanSpec } from '../specs.ts'

/** A plan's rows as they were computed, in a folder of their own that is not published yet. */
export interface Computed {
  readonly draft: string
  readonly data: KeptFile
  readonly rows: number
  readonly schema: Schema
  /** SHA-256 of the rows before those of persons who were forgotten were left out. */
  readonly before?: string
  /** The rows that the plan set aside, when there are any. */
  readonly aside: KeptFile | undefined
  /** How many were set aside or lost, by reason. */
  readonly rejected: Readonly<Record<string, number>>
}

/** Computes a plan over the files of the step's inputs: its rows, and those that it rejects. */
export const computeRows = (ctx: StepContext<PlanSpec>, root: Node): Promise<Computed> =>
  computeBound(
    ctx,
    boundPlan(root, (id) => ctx.input<Rows & Output>(id)),
  )

/** Rows that a plan's are added to: the plan of all of them, those that there are, and how many were set aside, by reason. */
export interface AddedTo {
  readonly all: Node
  readonly rows: number
  readonly rejected: Readonly<Record<string, number>>
}

/** Computes a plan that reads files: its rows, and those that it rejects. What was set aside or lost is counted of all rows. */
export async function computeBound(ctx: StepContext<PlanSpec>, bound: Node, before?: AddedTo): Promise<Computed> {
  const draft = ctx.store.home.tmp.file('.table')
  await mkdir(draft, { recursive: true })
  const file = join(draft, 'data.parquet')
  const { rows } = await runPlan(ctx, inStoredOrder(bound), { parquet: file })
  const away = join(draft, 'rejected.parquet')
  const byReject = await setAside(ctx, bound, away)
  const aside = total(byReject) > 0 ? await keptFile(away, ctx.signal) : undefined
  const reasons = { ...byReject }
  for (const [reason, n] of Object.entries(before?.rejected ?? {}))
    if (!LOST.includes(reason)) reasons[reason] = (reasons[reason] ?? 0) + n
  const dropped = await lost(ctx, before?.all ?? bound, rows + (before?.rows ?? 0) + total(reasons))
  const data = await keptFile(file, ctx.signal)
  return { draft, data, rows, schema: bound.schema, aside, rejected: { ...dropped, ...reasons } }
}

const total = (reasons: Readonly<Record<string, number>>): number => Object.values(reasons).reduce((a, b) => a + b, 0)

/** Reasons for which rows are not there that no plan rejects. */
const LOST = ['duplicate', 'no match in a join']

/** Verbs after which rows come in an order that may be another the next time. */
const MIXES: ReadonlySet<Node['op']> = new Set([
  'distinct',
  'join',
  'asof',
  'aggregate',
  'rolling',
  'window',
  'union',
  'intersect',
  'except',
])

/** Rows in an order of their own, where the plan leaves it open: equal content is then equal bytes, whoever computes it. */
function inStoredOrder(root: Node): Node {
  if (root.op === 'sort' || root.op === 'limit' || ![...nodes(root)].some((n) => MIXES.has(n.op))) return root
  return build({ op: 'sort', input: root, keys: root.schema.map((f) => ({ by: col(f.name), descending: false })) })
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
  const distinct = dropping.filter((n) => n.op === 'distinct').length
  const counts = dropping.length === 1 ? 1 : distinct * 2 + (dropping.length > 0 ? 1 : 0)
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
  const [only, second] = dropping
  // what is not there any more went at the one place where rows go
  if (only?.op === 'distinct' && !second) return rowsIn > kept ? { duplicate: rowsIn - kept } : {}
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
