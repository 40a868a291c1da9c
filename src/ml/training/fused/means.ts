import { GalleyError } from '../../../base/errors.ts'
import { type Batch, owned, valueAt } from '../../../engines/batch.ts'
import {
  type Engine,
  isGaps,
  type Prepared,
  type Relation,
  type RunContext,
  type Sink,
} from '../../../engines/engine.ts'
import { hold } from '../../../engines/held.ts'
import { literalOf } from '../../../engines/values.ts'
import { Dictionary } from '../../../engines/webgpu/gather.ts'
import type { WebgpuEngine } from '../../../engines/webgpu/index.ts'
import { upload } from '../../../engines/webgpu/learn/upload.ts'
import { type DeviceRelation, type DeviceTable, isOnDevice } from '../../../engines/webgpu/table.ts'
import { Transfers } from '../../../engines/webgpu/transfers.ts'
import type { FitRow } from '../../../plan/fits/index.ts'
import { build, type Node, plan } from '../../../plan/nodes.ts'
import { evaluate } from '../../evaluation/evaluate.ts'
import { type DeviceReport, evaluateOnDevice } from '../device/score.ts'
import { score } from '../scores.ts'
import type { TrainedModel, Trainer } from '../trainer.ts'

/** Where a job's tables are from one stage to the next. */
export interface Means {
  /** A plan's rows, kept. */
  compute(root: Node, ctx: RunContext): Promise<Kept>
  /** A small result's rows. */
  rows(query: Node, ctx: RunContext): Promise<FitRow[]>
  /** Judges all models at once, each on its rows. */
  judge(asked: readonly Judged[], ctx: RunContext): Promise<DeviceReport[]>
}

export interface Judged {
  readonly trainer: Trainer
  readonly model: TrainedModel
  readonly part: Kept
}

/** Rows that a stage left. */
export interface Kept {
  readonly rows: number
  /** The rows for the next stage: what a plan scans, and what a trainer reads. Both are ended by `done`. */
  use(ctx: RunContext): Promise<{ scan: Node; relation: Relation; done(): void }>
  close(): void
}

/** All of it stays in the device's memory. */
export function onDevice(engine: WebgpuEngine): Means {
  return {
    async compute(root, ctx) {
      const relation = await tableOf(engine, root, ctx)
      const scan = engine.scan(relation, root)
      return {
        rows: relation.rows,
        use: async () => ({ scan, relation, done: () => {} }),
        close() {
          engine.forget(scan)
          relation.close()
        },
      }
    },
    rows: (query, ctx) => rowsOf(engine, query, ctx),
    judge: (asked, ctx) => judgeThere(asked, ctx),
  }
}

/** The device computes each stage; its rows come down, and go up again for the next. */
export function inStages(engine: WebgpuEngine, budget: number): Means {
  return {
    async compute(root, ctx) {
      const relation = await tableOf(engine, root, ctx)
      const { device } = relation.table
      const batches: Batch[] = []
      for await (const batch of relation.batches()) batches.push(owned(batch))
      relation.close()
      const { schema, rows } = relation
      async function* down() {
        yield* batches
      }
      return {
        rows,
        async use(now) {
          const transfers = new Transfers(device, now.ledger, budget)
          const host = { place: 'host', schema, rows, batches: down, close: () => {} } as const
          const table = await upload(host, device, transfers, new Dictionary([]))
          const again: DeviceRelation = { ...host, place: 'device', table, close: () => transfers.close() }
          const scan = engine.scan(again, root)
          return {
            scan,
            relation: again,
            done() {
              engine.forget(scan)
              again.close()
            },
          }
        },
        close: () => void batches.splice(0),
      }
    },
    rows: (query, ctx) => rowsOf(engine, query, ctx),
    async judge(asked, ctx) {
      const reports: DeviceReport[] = []
      for (const one of asked) reports.push(...(await judgeThere([one], ctx)))
      return reports
    },
  }
}

/** The processor computes, from files that each stage writes. */
export function onHost(engine: Engine, file: () => string): Means {
  return {
    async compute(root, ctx) {
      const path = file()
      const { rows } = await (await prepared(engine, root)).run(ctx, { parquet: path })
      const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema: root.schema })
      let held: Promise<Relation> | undefined
      const relation: Relation = {
        ...{ place: 'host', schema: root.schema, rows, close: () => {} },
        async *batches(names) {
          held ??= prepared(engine, scan).then(async (p) => hold(await p.run(ctx, 'batches'), ctx.ledger))
          yield* (await held).batches(names)
        },
      }
      return {
        rows,
        use: async () => ({ scan, relation, done: () => {} }),
        close: () => void held?.then((h) => h.close()).catch(() => undefined),
      }
    },
    rows: (query, ctx) => rowsOf(engine, query, ctx),
    async judge(asked, ctx) {
      const reports: DeviceReport[] = []
      for (const { trainer, model, part } of asked) {
        const { relation } = await part.use(ctx)
        const { scores, labels } = await score(trainer.load(model), relation, model.target)
        const { rows, positives, auc, logLoss, brier, confusion } = evaluate(scores, labels)
        reports.push({ rows, positives, auc, logLoss, brier, confusion })
      }
      return reports
    },
  }
}

/** In one readback. */
async function judgeThere(asked: readonly Judged[], ctx: RunContext): Promise<DeviceReport[]> {
  const used: { table: DeviceTable; model: TrainedModel; done(): void }[] = []
  try {
    for (const { part, model } of asked) {
      const { relation, done } = await part.use(ctx)
      used.push({ table: (relation as DeviceRelation).table, model, done })
    }
    return await evaluateOnDevice(used)
  } finally {
    for (const { done } of used) done()
  }
}

/** @throws ENGINE_GAP naming the nodes that the engine does not do */
async function prepared(engine: Engine, root: Node): Promise<Prepared> {
  const made = engine.prepare(plan(root))
  if (!isGaps(made)) return made
  throw new GalleyError('ENGINE_GAP', {
    what: `${engine.name} can't compute the recipe as a whole`,
    why: made.map((g) => `${g.node}: ${g.reason}`).join('; '),
    fix: 'leave out the columns that need it, or compute on the processor: galley run, or --ways processor',
  })
}

async function tableOf(engine: Engine, root: Node, ctx: RunContext): Promise<DeviceRelation> {
  const relation = await (await prepared(engine, root)).run(ctx, 'device' satisfies Sink)
  if (!isOnDevice(relation)) throw new GalleyError('INTERNAL_BUG', { what: 'a relation did not stay on the device' })
  return relation
}

async function rowsOf(engine: Engine, query: Node, ctx: RunContext): Promise<FitRow[]> {
  const out: FitRow[] = []
  for await (const batch of (await (await prepared(engine, query)).run(ctx, 'batches')).batches())
    for (let i = 0; i < batch.rows; i++)
      out.push(
        Object.fromEntries(
          batch.columns.map((c, f) => [query.schema[f]?.name ?? '', literalOf(valueAt(c, i), c.type)]),
        ),
      )
  return out
}
