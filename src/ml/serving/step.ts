import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hashFile, hashJson } from '../../base/hash.ts'
import { folderOf, publishFolder } from '../../data/datasets/files.ts'
import { rowsOf, runPlan } from '../../engines/plans.ts'
import { compileOnline } from '../../engines/row/index.ts'
import { call, col, type Expr, lit } from '../../plan/expr.ts'
import { applied } from '../../plan/fits/index.ts'
import { isoMicros } from '../../plan/literal.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { nodeId, type OnlinePlan, online } from '../../plan/online.ts'
import { writeRecord } from '../../plan/record.ts'
import { feedOf, keysOf, momentOf, type OnlineState, spanOf } from '../../plan/states.ts'
import { hashPlan, rewrite } from '../../plan/walk.ts'
import { boundPlan, lineage, stepOf, wholePlan } from '../../runs/inline.ts'
import type { Output, StepContext, StepKind } from '../../runs/kind.ts'
import type { DatasetSpec, PlanSpec, ServeSpec } from '../../runs/specs.ts'
import type { TableOutput } from '../../runs/steps/table.ts'
import { loadPackage } from '../registry/version.ts'
import type { TrainOutput } from '../training/step.ts'
import type { EndpointConfig } from './config.ts'
import { damagedFile, loadTables, tableText } from './load.ts'

export interface ServeOutput extends Output {
  readonly endpoint: string
  readonly generation: number
  readonly model: string
  readonly states: readonly string[]
  readonly config: EndpointConfig
}

/** Deploys a model: slices its plan for the endpoint, keeps the tables and the history that it starts from. */
export const serveStep: StepKind<ServeSpec, ServeOutput> = {
  kind: 'serve',
  module: import.meta.url,
  // the endpoint's plan, tables and history come from the recipe and the steps before the model's data
  identity: async (spec, { recipe, step, hash }) => {
    const data = stepOf(recipe, step.inputs[0] ?? '').inputs[0] ?? ''
    return {
      ...spec,
      plan: hashPlan(plan(wholePlan(recipe, data))),
      reads: lineage(recipe, data).map((id) => [id, hash(id)]),
    }
  },
  async run(ctx) {
    const { spec, id } = ctx.step
    const model = ctx.input<TrainOutput>(ctx.step.inputs[0] ?? '')
    const { pack } = await loadPackage(ctx.store, ctx.scope, model.blob)
    const dataset = stepOf(ctx.recipe, model.dataset.step).spec as DatasetSpec
    const whole = wholePlan(ctx.recipe, model.dataset.step)
    const root = applied(whole, pack.fits)
    const outputs = [...new Set([...pack.model.features, ...(dataset.moment ? [dataset.moment] : [])])]
    const sliced = online(root, { entry: spec.entry, outputs, input: spec.input })
    const bind = (n: Node) => boundPlan(fromSteps(ctx, n), (source) => ctx.input<TableOutput>(source))

    const tables: Record<string, string> = {}
    for (const table of sliced.tables) {
      const rows = await rowsOf(ctx, bind(table.node))
      tables[table.id] = (await ctx.store.blobs.put(ctx.scope, tableText(table.node.schema, rows))).hash
    }
    const draft = ctx.store.home.tmp.file('.warm')
    await mkdir(draft, { recursive: true })
    const since: Record<string, number> = {}
    const until: Record<string, number> = {}
    const kept: { name: string; bytes: number; sha256: string }[] = []
    for (const [i, state] of sliced.states.entries()) {
      const found = await history(ctx, bind(feedOf(state)), state, spec)
      since[state.id] = found.from
      until[state.id] = found.until
      const name = `state-${i}.parquet`
      const to = { parquet: join(draft, name) }
      await runPlan({ duckdb: ctx.duckdb, scope: ctx.scope, signal: ctx.signal, ledger: ctx.ledger }, found.rows, to)
      kept.push({ name, bytes: (await stat(to.parquet)).size, sha256: await hashFile(to.parquet) })
      ctx.progress({ done: i + 1, total: sliced.states.length, unit: 'steps' })
    }
    await writeFile(join(draft, 'README.txt'), `History that the endpoint '${id}' starts from.\n`)
    const target = folderOf(ctx.store, ctx.scope, `_${id}`, hashJson([sliced, kept]).slice(0, 32))
    const files = kept.map(({ name, ...f }) => ({ path: relative(ctx.store.home.datasets, join(target, name)), ...f }))
    const warm = Object.fromEntries(
      sliced.states.map((state, i) => [state.id, files.slice(i, i + 1).map((f) => f.path)]),
    )
    // what stands there damaged would be kept for what it is named after
    if ((await damagedFile(ctx.store, files)) !== undefined) await rm(target, { recursive: true, force: true })
    await publishFolder(draft, target)
    const config: EndpointConfig = {
      format: 2,
      model: { name: model.name, version: model.version, blob: model.blob },
      online: sliced,
      example: await exampleOf(ctx, bind, sliced),
      moment: dataset.moment,
      lateness: spec.lateness,
      ahead: spec.ahead,
      tables,
      warm,
      files,
      since,
      until,
      watch: { rows: spec.watchRows, span: spec.watchSpan },
    }
    const output: ServeOutput = {
      hash: hashJson(config),
      endpoint: id,
      generation: 0,
      model: `${model.name}@${model.version}`,
      states: sliced.states.map((s) => s.title),
      config,
    }
    // a plan that can't answer must not take the place of one that does
    compileOnline(sliced, { tables: await loadTables(ctx, config), lateness: config.lateness })
    return {
      output,
      async publish(tx) {
        const newest = await tx.endpoints.find(ctx.scope, id)
        if (newest && hashJson(newest.config) === output.hash) return { ...output, generation: newest.generation }
        const endpoint = await tx.endpoints.deploy(ctx.scope, {
          name: id,
          model: model.name,
          modelVersion: model.version,
          config,
          run: ctx.run.id,
          step: id,
        })
        return { ...output, generation: endpoint.generation }
      },
    }
  },
  async present(o, { scope, store }) {
    const endpoint = await store.endpoints.find(scope, o.endpoint)
    if (!endpoint || hashJson(endpoint.config) !== o.hash) return false
    return (await damagedFile(store, o.config.files ?? [])) === undefined
  },
  summary: (o) => `${o.endpoint} → ${o.model}  ${o.states.length > 0 ? `state: ${o.states.join(' · ')}` : 'no state'}`,
}

/** The newest record of the source, as a request. */
async function exampleOf(
  ctx: StepContext<ServeSpec>,
  bind: (n: Node) => Node,
  { entry, input }: OnlinePlan,
): Promise<Record<string, unknown>> {
  const source = bind(build({ op: 'scan', from: { kind: 'source', name: entry }, schema: input }))
  const times = input.filter((f) => f.type === 'timestamp' || f.type === 'local timestamp' || f.type === 'date')
  const keys = [...times, ...input.filter((f) => !times.includes(f))].map((f) => ({
    by: col(f.name),
    descending: true,
  }))
  const [row] = await rowsOf(ctx, build({ op: 'limit', count: 1, input: build({ op: 'sort', input: source, keys }) }))
  const finite = Object.entries(row ?? {}).filter(([, v]) => typeof v !== 'number' || Number.isFinite(v))
  return writeRecord(input, Object.fromEntries(finite)) // NaN and ∞ have no JSON
}

/** Parts of a plan that a step has computed already are read from its files. */
function fromSteps(ctx: StepContext<ServeSpec>, root: Node): Node {
  const made = new Map<string, string>()
  for (const step of ctx.recipe.steps)
    if (step.kind === 'table' && (step.spec as Partial<PlanSpec>).plan)
      made.set(nodeId(wholePlan(ctx.recipe, step.id)), step.id)
  return rewrite(root, (n) => {
    const id = n.op === 'scan' ? undefined : made.get(nodeId(n))
    return id ? build({ op: 'scan', from: { kind: 'step', name: id }, schema: n.schema }) : n
  })
}

/** The rows that requests after `warmUntil` can still ask a state about, and the moments (µs) between which they are complete. */
async function history(
  ctx: StepContext<ServeSpec>,
  rows: Node,
  state: OnlineState,
  spec: ServeSpec,
): Promise<{ rows: Node; from: number; until: number }> {
  const on = momentOf(state)
  const span = spanOf(state)
  const type = rows.schema.find((f) => f.name === on)?.type as 'timestamp' | 'local timestamp'
  let until: bigint
  if (spec.warmUntil) until = BigInt(isoMicros(spec.warmUntil, type) as string)
  else {
    const [newest] = await rowsOf(
      ctx,
      build({ op: 'aggregate', input: rows, by: [], aggs: [['newest', { fn: 'max', arg: col(on) }]] }),
    )
    until = BigInt((newest?.['newest'] as bigint | null) ?? 0n) + 1n
  }
  const from = until - BigInt((span ?? 0) + spec.lateness)
  const since = call('ge', col(on), lit(from.toString(), type))
  const past = build({ op: 'filter', input: rows, predicate: call('lt', col(on), lit(until.toString(), type)) })
  const kept = build({ op: 'filter', input: past, predicate: since })
  const whole = span === undefined ? build({ op: 'union', left: kept, right: lastBefore(past, state, since) }) : kept
  // in one order, so that the same history is the same file
  const names = rows.schema.filter((f) => f.name !== on && typeof f.type === 'string').map((f) => f.name)
  const keys = [on, ...names].map((name) => ({ by: col(name), descending: false }))
  return { rows: build({ op: 'sort', input: whole, keys }), from: Number(from), until: Number(until) }
}

/** Each key's latest row of those that `since` does not hold for. */
function lastBefore(rows: Node, state: OnlineState, since: Expr): Node {
  const place = '_place'
  const ranked = build({
    op: 'window',
    input: build({ op: 'filter', input: rows, predicate: call('not', since) }),
    by: keysOf(state),
    order: [{ by: col(momentOf(state)), descending: true }],
    columns: [[place, { fn: 'rowNumber' }]],
  })
  const first = build({ op: 'filter', input: ranked, predicate: call('eq', col(place), lit('1', 'int64')) })
  return build({ op: 'select', input: first, columns: rows.schema.map((f) => [f.name, col(f.name)] as const) })
}
