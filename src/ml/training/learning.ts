import { systemClock } from '../../base/clock.ts'
import { hashJson } from '../../base/hash.ts'
import { folderOf } from '../../data/datasets/files.ts'
import type { Relation } from '../../engines/engine.ts'
import { applied, type BoundFit } from '../../plan/fits/index.ts'
import { type Node, plan } from '../../plan/nodes.ts'
import { hashPlan } from '../../plan/walk.ts'
import { codeHash } from '../../runs/code.ts'
import type { Queued } from '../../runs/elsewhere/queued.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { plural } from '../../runs/text.ts'
import { thresholdBy } from '../evaluation/costs.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { rank } from '../evaluation/ranking.ts'
import { type ColumnReference, numericReference } from '../monitoring/reference.ts'
import { trainerOf } from './index.ts'
import { type Journal, type Journals, openJournals } from './journal.ts'
import { type AnyReport, judgedRows } from './judged.ts'
import { type Matrices, matricesOf } from './matrices.ts'
import { checkParts, fitParts, partsOf, referenceOf } from './parts.ts'
import { fittedColumns, score } from './scores.ts'
import type { TrainedModel } from './trainer.ts'
import { type KeptBy, trialsOf } from './trials.ts'

export interface CandidateResult<R = AnyReport> {
  readonly trainer: string
  readonly params: Readonly<Record<string, unknown>>
  readonly validate: R
  readonly test: R
  readonly seconds: number
}

/** What comes of learning, wherever it is computed. */
export interface Learning {
  /** What is learnt from: the recipe's features, then the columns that fits give. */
  readonly features: readonly string[]
  readonly fits: readonly BoundFit[]
  readonly candidates: readonly Candidate[]
  /** The columns of the training rows, for the monitor. */
  reference(): Promise<readonly ColumnReference[]>
  close(): Promise<void>
  /** Removes what was kept for a training that is interrupted, once what came of it is kept. */
  settled?(): Promise<void>
}

interface Candidate {
  readonly result: CandidateResult
  readonly model: TrainedModel
  /** null of another goal than binary. */
  readonly threshold: number | null
  /** Scores of the validation rows, for the monitor. */
  scores(): ColumnReference
}

/** Fits, trains and judges on the processor, from the dataset's files. @throws TRAIN_DATA, RECIPE_INVALID */
export async function learnHere(ctx: StepContext<TrainSpec>, data: DatasetOutput): Promise<Learning> {
  const parts = partsOf(ctx, data)
  await checkParts(ctx, parts)
  const { fits, features, training } = await learntFrom(ctx, parts.train, data)
  const served = (part: Node) => fits.reduce((n, f) => applied(n, f.serving), part)
  const bound = {
    train: training,
    validate: served(parts.validate),
    test: served(parts.test),
  }
  const matrices = await matricesOf(ctx, bound, features, data.rows)
  const rows = [data.hash, hashPlan(plan(bound.train)), hashPlan(plan(bound.validate)), features]
  const kept = keptBy(ctx, rows)
  const journals = openJournals(folderOf(ctx.store, ctx.scope, kept.step, kept.id), systemClock)
  try {
    const candidates = await learn(ctx, matrices, features, journals, (candidate) => trialsOf(ctx, data, kept, candidate)) // biome-ignore format: one line
    return {
      ...{ features, fits, candidates },
      reference: () => referenceOf(ctx, parts.train, matrices.train, features),
      close: () => matrices.close(),
      settled: () => journals.remove(),
    }
  } catch (thrown) {
    await matrices.close()
    throw thrown
  }
}

/** What is learnt from: the training rows as fits give them, and which of their columns. */
export async function learntFrom(
  ctx: StepContext<TrainSpec>,
  train: Node,
  data: Pick<DatasetOutput, 'schema'>,
): Promise<{ readonly fits: readonly BoundFit[]; readonly features: readonly string[]; readonly training: Node }> {
  const fits = await fitParts(ctx, train, data)
  const before = data.schema.map((f) => f.name)
  const features = [...ctx.step.spec.features, ...fittedColumns(fits, before)]
  return { fits, features, training: fits.reduce((n, f) => f.training(n), train) }
}

/** Trains each candidate and judges it on the rows that it has not seen. */
async function learn(
  ctx: StepContext<TrainSpec>,
  matrices: Matrices,
  features: readonly string[],
  journals: Journals,
  sharing: (candidate: TrainSpec['candidates'][number]) => Queued,
): Promise<Candidate[]> {
  const { spec } = ctx.step
  const results: Candidate[] = []
  const told = new Set<string>()
  // candidates learn from the same rows
  const say = (what: string) => {
    if (!told.has(what)) ctx.say(what)
    told.add(what)
  }
  for (const [i, candidate] of spec.candidates.entries()) {
    const trainer = await trainerOf(candidate.trainer)
    const journal = await journals.of(`${candidate.trainer}-${hashJson(candidate.params).slice(0, 16)}`)
    const before = learntBefore(journal)
    const began = systemClock.ticks()
    const elsewhere = sharing(candidate)
    const train = () =>
      trainer.train(
        {
          train: matrices.train,
          validate: matrices.validate,
          features,
          target: spec.target,
          ...(spec.goal ? { goal: spec.goal } : {}),
          ...(spec.weight === undefined ? {} : { weight: spec.weight }),
          params: candidate.params,
          seed: spec.seed,
          threads: ctx.threads,
        },
        {
          ...{ signal: ctx.signal, journal, say, elsewhere },
          progress: (p) =>
            ctx.progress({ done: i + (p.total ? p.done / p.total : 0), total: spec.candidates.length, unit: 'steps' }),
        },
      )
    const model = before?.model ?? (await train())
    if (elsewhere.others() > 0) ctx.say(`other workers did ${plural(elsewhere.others(), 'trial')}`)
    const seconds = before?.seconds ?? (systemClock.ticks() - began) / 1000
    if (!before && seconds > WORTH) await journal.add({ model, seconds } satisfies Learnt)
    const evaluator = trainer.load(model)
    const about = { trainer: candidate.trainer, params: candidate.params, seconds }
    if (model.goal) {
      const judge = (part: Relation) => judgedRows(evaluator, model, part, ctx.signal)
      const [own, test] = [await judge(await matrices.validated()), await judge(await matrices.tested())]
      const result = { ...about, validate: own.report, test: test.report }
      results.push({ result, model, threshold: null, scores: own.scores })
      continue
    }
    const validate = await score(evaluator, await matrices.validated(), spec.target)
    const test = await score(evaluator, await matrices.tested(), spec.target)
    const ranking = rank(validate.scores, validate.labels)
    const threshold = thresholdBy(ranking, spec.threshold)
    results.push({
      result: {
        ...about,
        validate: evaluate(validate.scores, validate.labels, { threshold, ranking }),
        test: evaluate(test.scores, test.labels, { threshold }),
      },
      ...{ model, threshold },
      scores: () => numericReference('score', validate.scores),
    })
  }
  return results
}

/** Seconds that learning a model has taken which is kept for the case that its step is interrupted. */
const WORTH = 1

/** The last entry of a journal whose training came to its end. */
interface Learnt {
  readonly model: TrainedModel
  readonly seconds: number
}

const learntBefore = (journal: Journal): Learnt | undefined =>
  (journal.entries() as readonly Partial<Learnt>[]).find((e): e is Learnt => e.model !== undefined)

/** Where trainings of a step keep what they have come to: rows, target and seed decide, whichever run it is. A clean-up takes what is left there after a day. */
function keptBy({ step }: StepContext<TrainSpec>, rows: readonly unknown[]): KeptBy {
  const { target, goal = null, weight = null, seed } = step.spec
  const id = hashJson([codeHash(import.meta.url), target, goal, weight, seed, rows]).slice(0, 32)
  return { step: `_${step.id}`, id }
}
