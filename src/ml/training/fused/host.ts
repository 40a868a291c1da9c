import { systemClock } from '../../../base/clock.ts'
import type { Engine, Relation, RunContext } from '../../../engines/engine.ts'
import { hold } from '../../../engines/held.ts'
import { build } from '../../../plan/nodes.ts'
import type { ThresholdRule } from '../../../runs/threshold.ts'
import { thresholdBy } from '../../evaluation/costs.ts'
import { evaluate } from '../../evaluation/evaluate.ts'
import { rank } from '../../evaluation/ranking.ts'
import { numericReference, sampleColumns } from '../../monitoring/reference.ts'
import type { Judgement } from '../device/score.ts'
import { trainerOf } from '../index.ts'
import { score } from '../scores.ts'
import type { TrainedModel, Trainer } from '../trainer.ts'
import { askEach, type Kept, type LearnTask, type Learnt, type Means, prepared } from './means.ts'

/** The processor computes, from files that each stage writes. */
export function onHost(engine: Engine, file: () => string): Means {
  return {
    keeps: false,
    async compute(root, ctx) {
      const path = file()
      const { rows } = await prepared(engine, root).run(ctx, { parquet: path })
      const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema: root.schema })
      let held: Promise<Relation> | undefined
      const relation: Relation = {
        ...{ place: 'host', schema: root.schema, rows, close: () => {} },
        async *batches(names) {
          held ??= prepared(engine, scan)
            .run(ctx, 'batches')
            .then((r) => hold(r, ctx.ledger))
          yield* (await held).batches(names)
        },
      }
      return {
        use: async () => ({ scan, relation, done: () => {} }),
        close: () => void held?.then((h) => h.close()).catch(() => undefined),
      }
    },
    ask: (queries, ctx) => askEach(engine, queries, ctx),
    learn: (task, ctx) => oneByOne(task, ctx, judgeHere),
  }
}

/** Judges a model on the rows of two parts. */
export type Judge = (
  trainer: Trainer,
  model: TrainedModel,
  parts: Readonly<Record<'validate' | 'test', Kept>>,
  ctx: RunContext,
  rule: ThresholdRule | undefined,
) => Promise<Judgement>

/** Learns the candidates one after the other, each alone. */
export async function oneByOne(task: LearnTask, ctx: RunContext, judge: Judge): Promise<Learnt> {
  const { spec, features, parts } = task
  const candidates: Learnt['candidates'][number][] = []
  for (const candidate of spec.candidates) {
    task.begins(candidate.trainer)
    const began = systemClock.ticks()
    const trainer = await trainerOf(candidate.trainer)
    const [train, validate] = [await parts.train.use(ctx), await parts.validate.use(ctx)]
    const about = { features, target: spec.target, params: candidate.params, seed: spec.seed, threads: task.threads }
    const model = await trainer
      .train(
        { train: train.relation, validate: validate.relation, ...about },
        { signal: ctx.signal, progress: (p) => ctx.progress?.(p), say: task.say },
      )
      .finally(() => {
        train.done()
        validate.done()
      })
    const judged = await judge(trainer, model, parts, ctx, spec.threshold)
    candidates.push({ ...judged, model, seconds: (systemClock.ticks() - began) / 1000 })
  }
  const { relation, done } = await parts.train.use(ctx)
  const sample = await sampleColumns(relation, features, 100_000).finally(done)
  return { candidates, reference: [...sample].map(([name, values]) => numericReference(name, values)) }
}

const judgeHere: Judge = async (trainer, model, parts, ctx, rule) => {
  const evaluator = trainer.load(model)
  const of = async (part: Kept) => {
    const { relation, done } = await part.use(ctx)
    return score(evaluator, relation, model.target).finally(done)
  }
  const [validate, test] = [await of(parts.validate), await of(parts.test)]
  const ranking = rank(validate.scores, validate.labels)
  const threshold = thresholdBy(ranking, rule)
  return {
    validate: evaluate(validate.scores, validate.labels, { threshold, ranking }),
    test: evaluate(test.scores, test.labels, { threshold }),
    threshold,
    scores: numericReference('score', validate.scores),
  }
}
