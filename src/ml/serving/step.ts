import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import { folderOf, present, publishFolder } from '../../data/datasets/files.ts'
import { literalOf } from '../../engines/values.ts'
import { call, col, lit } from '../../plan/expr.ts'
import { applied } from '../../plan/fits/index.ts'
import { isoMicros } from '../../plan/literal.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { nodeId, type OnlinePlan, type OnlineState, online } from '../../plan/online.ts'
import { writeRecord } from '../../plan/record.ts'
import { rewrite } from '../../plan/walk.ts'
import { boundPlan, stepOf, wholePlan } from '../../runs/inline.ts'
import type { Output, StepContext, StepKind } from '../../runs/kind.ts'
import type { DatasetSpec, PlanSpec, ServeSpec } from '../../runs/specs.ts'
import { rowsOf, runPlan, type TableOutput } from '../../runs/steps/table.ts'
import { loadPackage } from '../registry/version.ts'
import type { TrainOutput } from '../training/step.ts'
import type { EndpointConfig } from './config.ts'

export interface ServeOutput extends Output {
  readonly endpoint: string
  readonly generation: number
  readonly model: string
  readonly states: readonly string[]
  readonly config: EndpointConfig
  /** Where the history that warms the states lies; null without states. */
  readonly folder: string | null
}

/** Deploys a model: slices its plan for the endpoint, keeps the tables and the history that it starts from. */
export const serveStep: StepKind<ServeSpec, ServeOutput> = {
  kind: 'serve',
  module: import.meta.url,
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
      const literals = rows.map((r) => table.node.schema.map((f) => literalOf(r[f.name] ?? null)))
      tables[table.id] = (await ctx.store.blobs.put(ctx.scope, JSON.stringify(literals))).hash
    }
    const draft = ctx.store.home.tmp.file('.warm')
    await mkdir(draft, { recursive: true })
    const warm: Record<string, readonly string[]> = {}
    const since: Record<string, number> = {}
    for (const [i, state] of sliced.states.entries()) {
      const { rows, from } = await history(ctx, bind(state.window.input), state, spec)
      since[state.id] = from
      await runPlan({ duckdb: ctx.duckdb, scope: ctx.scope, signal: ctx.signal, ledger: ctx.ledger }, rows, {
        parquet: join(draft, `state-${i}.parquet`),
      })
      ctx.progress({ done: i + 1, total: sliced.states.length, unit: 'steps' })
    }
    const target = folderOf(ctx.store, ctx.scope, `_${id}`, hashJson([model.hash, spec, sliced]).slice(0, 32))
    sliced.states.forEach((state, i) => {
      warm[state.id] = [relative(ctx.store.home.datasets, join(target, `state-${i}.parquet`))]
    })
    await writeFile(join(draft, 'README.txt'), `History that the endpoint '${id}' starts from.\n`)
    await publishFolder(draft, target)
    const config: EndpointConfig = {
      format: 1,
      model: { name: model.name, version: model.version, blob: model.blob },
      online: sliced,
      example: await exampleOf(ctx, bind, sliced),
      moment: dataset.moment,
      lateness: spec.lateness,
      tables,
      warm,
      since,
      watch: { rows: spec.watchRows, span: spec.watchSpan },
    }
    const output: ServeOutput = {
      hash: hashJson(config),
      endpoint: id,
      generation: 0,
      model: `${model.name}@${model.version}`,
      states: sliced.states.map((s) => s.title),
      config,
      folder: target,
    }
    return {
      output,
      async publish(tx) {
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
    return (
      o.folder === null ||
      (await present([
        {
          path: join(o.folder, 'README.txt'),
          bytes: `History that the endpoint '${o.endpoint}' starts from.\n`.length,
        },
      ]))
    )
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
  return writeRecord(input, row ?? {})
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

/** The window's rows that requests after `warmUntil` can still ask about, and the moment (µs) from which on they are complete. */
async function history(
  ctx: StepContext<ServeSpec>,
  rows: Node,
  state: OnlineState,
  spec: ServeSpec,
): Promise<{ rows: Node; from: number }> {
  const { on, over } = state.window
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
  const from = until - BigInt(over + spec.lateness)
  const kept = build({
    op: 'filter',
    input: rows,
    predicate: call(
      'and',
      call('ge', col(on), lit(from.toString(), type)),
      call('lt', col(on), lit(until.toString(), type)),
    ),
  })
  return { rows: kept, from: Number(from) }
}
