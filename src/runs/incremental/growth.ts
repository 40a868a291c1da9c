import { mainInput, rejectedRows } from '../../data/datasets/rejections.ts'
import { deltaPlan, ofGroups } from '../../plan/incremental.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { bindScans } from '../../plan/walk.ts'
import { boundPlan, type Rows } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import type { PlanSpec } from '../specs.ts'
import { added, type Former, type Inputs, inputsOf } from './former.ts'
import { type Aggregate, isWindowed, merged, mergeOf } from './merge.ts'

/** How a step's result follows from the one before; plans are bound to files. */
export type Growth =
  | { readonly mode: 'anew'; readonly reason: string | undefined }
  | {
      /** `rows`: the plan's are to be added. `merged`, `groups`: they are the whole, some of it taken from before. */
      readonly mode: 'rows' | 'merged' | 'groups'
      readonly plan: Node
      /** Files that came. */
      readonly files: number
      readonly former: Former
    }

/** Beyond it, a result is put together again: its parts are read more slowly than one. */
const MOST_TIMES = 100

/** How a plan's result follows when an input has more rows: these scans are of `new`, of `old`, and of the input as a source for both. */
export type Follows =
  | { readonly mode: 'rows'; readonly plan: Node }
  | { readonly mode: 'merged'; readonly plan: Aggregate }
  | { readonly mode: 'groups'; readonly keys: readonly string[]; readonly touched: Node; readonly plan: Node }
  | { readonly mode: 'anew'; readonly reason: string | undefined }

export function followsOf(root: Node, input: string): Follows {
  const open = bindScans(root, (from, scan) => (from.kind === 'step' && from.name === input ? asSource(scan, input) : undefined)) // biome-ignore format: one line
  const delta = deltaPlan(open, input)
  if (delta.mode === 'append')
    return rejectedRows(root) && mainOf(open) !== input
      ? { mode: 'anew', reason: `it sets rows aside, and '${input}' brings others of them together again` }
      : { mode: 'rows', plan: delta.plan }
  if (delta.mode === 'nothing') return { mode: 'anew', reason: undefined }
  if (delta.mode === 'upsert' && isWindowed(open))
    // of rows that come again with their groups, nobody could say which were set aside before
    return rejectedRows(root) ? { mode: 'anew', reason: 'it sets rows aside that come again with their groups' } : { ...delta, mode: 'groups' } // biome-ignore format: one line
  const parts = mergeOf(open, input)
  if (typeof parts !== 'string') return { mode: 'merged', plan: parts }
  return { mode: 'anew', reason: delta.mode === 'recompute' && open.op !== 'aggregate' ? delta.reason : parts }
}

/** The source that a plan's rows come from, other tables beside. */
function mainOf(root: Node): string | undefined {
  let n: Node | undefined = root
  while (n && n.op !== 'scan') n = mainInput(n)
  return n && 'name' in n.from ? n.from.name : undefined
}

const asSource = (scan: Node, name: string): Node =>
  scan.op === 'scan' ? build({ ...scan, from: { kind: 'source', name } }) : scan

/** Compares what a step is given with what its former result was made of. */
export function growth(
  ctx: StepContext<PlanSpec>,
  root: Node,
  by: string,
  former: Former | undefined,
): { readonly inputs: Inputs | undefined; readonly growth: Growth } {
  const inputs = inputsOf(ctx as StepContext<never>, root)
  const anew = (reason: string | undefined, found?: Inputs) => ({ inputs: found, growth: { mode: 'anew', reason } }) as const // biome-ignore format: one line
  if (isWhole(inputs)) return anew(`what '${inputs.whole}' gives is not in files whose content is known`)
  if (!former) return anew(undefined, inputs)
  if (former.by !== by) return anew('what computes it has changed', inputs)
  if (former.times >= MOST_TIMES) return anew(`it was added to ${former.times} times, and is put together again`, inputs) // biome-ignore format: one line
  const grown: [string, number[]][] = []
  for (const [id, now] of Object.entries(inputs)) {
    const fresh = added(former.inputs[id] ?? [], now)
    if (!fresh) return anew(`what '${id}' gave before is not there as it was`, inputs)
    if (fresh.length > 0) grown.push([id, fresh])
  }
  const [first, second] = grown
  if (!first) return anew(undefined, inputs)
  if (second) return anew(`'${first[0]}' and '${second[0]}' have both grown`, inputs)
  const [id, fresh] = first
  const follows = followsOf(root, id)
  if (follows.mode === 'anew') return anew(follows.reason, inputs)
  const bind = (n: Node) => bound(ctx, n, id, new Set(fresh))
  const common = { files: fresh.length, former }
  if (follows.mode === 'rows') return { inputs, growth: { mode: 'rows', plan: bind(follows.plan), ...common } }
  const before = build({ op: 'scan', from: { kind: 'parquet', files: former.output.files }, schema: former.output.schema }) // biome-ignore format: one line
  const all =
    follows.mode === 'merged'
      ? merged(bind(follows.plan) as Aggregate, before)
      : build({
          op: 'union',
          left: ofGroups(before, bind(follows.touched), follows.keys, 'anti'),
          right: bind(follows.plan),
        })
  return { inputs, growth: { mode: follows.mode, plan: all, ...common } }
}

const isWhole = (inputs: Inputs | { readonly whole: string }): inputs is { readonly whole: string } =>
  typeof inputs['whole'] === 'string'

/** A plan over files: those that came, those of before, or both. */
function bound(ctx: StepContext<PlanSpec>, n: Node, input: string, fresh: ReadonlySet<number>): Node {
  const { files } = ctx.input<Rows & Output>(input)
  const parts = { new: files.filter((_, i) => fresh.has(i)), old: files.filter((_, i) => !fresh.has(i)), source: files }
  const own = bindScans(n, (from, scan) => {
    if (scan.op !== 'scan' || (from.kind !== 'new' && from.kind !== 'old' && from.kind !== 'source')) return undefined
    return from.name === input
      ? build({ op: 'scan', from: { kind: 'parquet', files: parts[from.kind] }, schema: scan.schema })
      : undefined
  })
  return boundPlan(own, (id) => ctx.input<Rows & Output>(id))
}
