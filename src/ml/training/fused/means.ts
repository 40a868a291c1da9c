import { GalleyError } from '../../../base/errors.ts'
import { type Batch, valueAt } from '../../../engines/batch.ts'
import { type Engine, isGaps, type Prepared, type Relation, type RunContext } from '../../../engines/engine.ts'
import { literalOf } from '../../../engines/values.ts'
import type { FitRow } from '../../../plan/fits/index.ts'
import { type Named, type Node, plan } from '../../../plan/nodes.ts'
import type { TrainSpec } from '../../../runs/specs.ts'
import type { NumericReference } from '../../monitoring/reference.ts'
import type { Judgement } from '../device/score.ts'
import type { ClassCounts } from '../intake.ts'
import type { TrainedModel } from '../trainer.ts'
import type { Answers } from './analysis.ts'

/** Where a job's tables are from one stage to the next. */
export interface Means {
  /** Whether rows are kept where they are computed: training rows are then encoded by a plan over themselves. */
  readonly keeps: boolean
  /** A plan's rows, kept; `rows` where it is known how many there are, `made` where they lie elsewhere too. */
  compute(root: Node, ctx: RunContext, known?: { readonly rows?: number; readonly made?: Node }): Promise<Kept>
  /** The rows of small results, by name. */
  ask(queries: Named<Node>, ctx: RunContext): Promise<ReadonlyMap<string, readonly FitRow[]>>
  /** Answers a report's questions, where rows are kept on a device. */
  readonly answers?: Answers
  /** Learns from one part, and judges on the others. */
  learn(task: LearnTask, ctx: RunContext): Promise<Learnt>
}

/** Rows that a stage left. */
export interface Kept {
  /** The rows for the next stage: what a plan scans, and what a trainer reads. Both are ended by `done`. */
  use(ctx: RunContext): Promise<{ scan: Node; relation: Relation; done(): void }>
  close(): void
}

/** The edge of the ledger that tables have which are put aside on the host. */
export const SPILL = 'spill'

export const PARTS = ['train', 'validate', 'test'] as const
export type Part = (typeof PARTS)[number]

export interface LearnTask {
  readonly spec: TrainSpec
  readonly features: readonly string[]
  readonly parts: Readonly<Record<Part, Kept>>
  /** Of the training rows. */
  readonly classes: ClassCounts
  readonly threads: number
  /** Told which candidate begins. */
  begins(candidate: string): void
  /** Told what is left to the host, and why. */
  say(why: string): void
}

export interface Learnt {
  readonly candidates: readonly (Judgement & { readonly model: TrainedModel; readonly seconds: number })[]
  /** The features of the training rows, for the monitor. */
  readonly reference: readonly NumericReference[]
}

/** @throws ENGINE_GAP naming the nodes that the engine does not do */
export function prepared(engine: Engine, root: Node): Prepared {
  const made = engine.prepare(plan(root))
  if (!isGaps(made)) return made
  throw new GalleyError('ENGINE_GAP', {
    what: `${engine.name} can't compute the recipe as a whole`,
    why: made.map((g) => `${g.node}: ${g.reason}`).join('; '),
    fix: 'leave out the columns that need it, or compute on the processor: galley run, or --ways processor',
  })
}

/** Small results one after the other. */
export async function askEach(engine: Engine, queries: Named<Node>, ctx: RunContext) {
  const found = new Map<string, FitRow[]>()
  for (const [name, query] of queries) {
    found.set(name, await rowsOf(prepared(engine, query), query, ctx))
  }
  return found
}

/** The rows of a query that is made ready, as fits read them. */
export async function rowsOf(made: Prepared, query: Node, ctx: RunContext): Promise<FitRow[]> {
  const rows: FitRow[] = []
  for await (const batch of (await made.run(ctx, 'batches')).batches()) rows.push(...fitRows(batch, query))
  return rows
}

/** A batch's rows as fits read them. */
export const fitRows = (batch: Batch, query: Node): FitRow[] =>
  Array.from({ length: batch.rows }, (_, i) =>
    Object.fromEntries(batch.columns.map((c, f) => [query.schema[f]?.name ?? '', literalOf(valueAt(c, i), c.type)])),
  )
