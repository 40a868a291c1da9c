import { GalleyError } from '../../../base/errors.ts'
import type { RunContext } from '../../../engines/engine.ts'
import { createLedger, type Ledger } from '../../../engines/ledger.ts'
import { col, columnsOf } from '../../../plan/expr.ts'
import { applied, type FitAbout } from '../../../plan/fits/index.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import { boundPlan, stepOf, wholePlan } from '../../../runs/inline.ts'
import type { DatasetSpec, Recipe, TrainSpec } from '../../../runs/specs.ts'
import type { DeviceReport } from '../device/score.ts'
import { fitAbout, fitOn } from '../fits.ts'
import { trainerOf } from '../index.ts'
import { fittedColumns } from '../scores.ts'
import type { TrainedModel } from '../trainer.ts'
import type { Judged, Kept, Means } from './means.ts'

/** A recipe's training as one job, from its sources to judged models. */
export interface FusedJob {
  /** Where tables are between stages. */
  readonly means: Means
  readonly recipe: Recipe
  /** The step that trains. */
  readonly step: string
  /** A source's Parquet files. */
  files(source: string): readonly string[]
  readonly ctx: RunContext
  readonly threads: number
  /** Told what the device leaves to the host, and why. */
  say(why: string): void
  /** Told which stage begins. */
  begins?(stage: string): void
}

export interface FusedCandidate {
  readonly model: TrainedModel
  readonly validate: DeviceReport
  readonly test: DeviceReport
}

export interface FusedResult {
  /** Of the dataset, which is nowhere written. */
  readonly rows: number
  readonly candidates: readonly FusedCandidate[]
  /** What moved, by stage: the data's way, fits, parts, each candidate. */
  readonly ledger: Ledger
}

const PARTS = ['train', 'validate', 'test'] as const
type Parts = Readonly<Record<(typeof PARTS)[number], Kept>>

/**
 * Prepares, fits, trains and judges. With tables on the device the sources' columns go up once, and what comes down is
 * what fits found, models and metrics.
 * @throws RECIPE_INVALID, TRAIN_DATA, DEVICE_MISSING; ENGINE_GAP naming the node that the engine does not do
 */
export async function learnFused(job: FusedJob): Promise<FusedResult> {
  const { recipe, means } = job
  const { spec, inputs } = stepOf(recipe, job.step) as { spec: TrainSpec; inputs: readonly string[] }
  const dataset = stepOf(recipe, inputs[0] ?? '').spec as DatasetSpec
  const { ledger, ctx, at } = metered(job)
  const whole = boundPlan(wholePlan(recipe, inputs[0] ?? ''), (id) => ({ files: job.files(id) }))
  const about = fitAbout(spec, dataset, whole.schema)
  const base = build({ op: 'select', input: whole, columns: named(needed(spec, dataset, about, whole)) })
  const held: Kept[] = []
  const keep = async (root: Node): Promise<Kept> => {
    const kept = await means.compute(root, ctx)
    held.push(kept)
    return kept
  }
  try {
    const data = await at('data', () => keep(base))
    const from = async <T>(work: (part: (name: string) => Node) => Promise<T>): Promise<T> => {
      const { scan, done } = await data.use(ctx)
      try {
        return await work((name) => build({ op: 'filter', input: scan, predicate: partOf(dataset, name) }))
      } finally {
        done()
      }
    }
    const fits = await at('fits', () =>
      from((part) => fitOn(spec, part('train'), about, (query) => means.rows(query, ctx))),
    )
    const before = base.schema.map((f) => f.name)
    const features = [...spec.features, ...fittedColumns(fits, before)]
    const columns = named([...features, spec.target])
    const parts = {} as Record<keyof Parts, Kept>
    for (const name of PARTS)
      parts[name] = await at(name, () =>
        from((part) => {
          const own = part(name)
          const encoded = fits.reduce((n, f) => (name === 'train' ? f.training(n) : applied(n, f.serving)), own)
          return keep(build({ op: 'select', input: encoded, columns }))
        }),
      )
    const learnt: Pick<Judged, 'trainer' | 'model'>[] = []
    for (const candidate of spec.candidates)
      learnt.push(await at(candidate.trainer, () => learn(job, spec, candidate, features, parts, ctx)))
    const asked = learnt.flatMap((l) => [
      { ...l, part: parts.validate },
      { ...l, part: parts.test },
    ])
    const reports = await at('metrics', () => means.judge(asked, ctx))
    const candidates = learnt.map(({ model }, i) => ({
      ...{ model, validate: reports[i * 2] as DeviceReport, test: reports[i * 2 + 1] as DeviceReport },
    }))
    return { rows: data.rows, candidates, ledger }
  } finally {
    for (const kept of held.reverse()) kept.close()
  }
}

/** A context whose ledger also tells stages apart. */
function metered({ ctx: outer, begins }: FusedJob) {
  const ledger = createLedger()
  let stage = ''
  const ctx: RunContext = {
    ...outer,
    ledger: {
      ...ledger,
      add(engine, key, n) {
        ledger.add(stage, key, n)
        outer.ledger.add(engine, key, n)
      },
    },
  }
  const at = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    stage = name
    begins?.(name)
    return work()
  }
  return { ledger, ctx, at }
}

const named = (columns: readonly string[]) => columns.map((name) => [name, col(name)] as const)

function partOf({ split }: DatasetSpec, name: string) {
  const predicate = split?.[name]
  if (predicate) return predicate
  throw new GalleyError('RECIPE_INVALID', {
    what: `the dataset has no part '${name}'`,
    fix: "give it a split, for instance split: byTime('date', { train: …, validate: …, test: … })",
  })
}

/** Columns that training reads of the dataset, in its order: features, target, what fits encode, what the split asks. */
function needed(spec: TrainSpec, dataset: DatasetSpec, about: FitAbout, whole: Node): string[] {
  const asked = new Set([
    ...spec.features,
    spec.target,
    ...(about.moment && spec.fit.length > 0 ? [about.moment] : []),
    ...spec.fit.flatMap((f) => f.columns),
    ...Object.values(dataset.split ?? {}).flatMap((e) => columnsOf(e)),
  ])
  return whole.schema.map((f) => f.name).filter((name) => asked.has(name))
}

async function learn(
  job: FusedJob,
  spec: TrainSpec,
  candidate: TrainSpec['candidates'][number],
  features: readonly string[],
  parts: Parts,
  ctx: RunContext,
): Promise<Pick<Judged, 'trainer' | 'model'>> {
  const trainer = await trainerOf(candidate.trainer)
  const [train, validate] = [await parts.train.use(ctx), await parts.validate.use(ctx)]
  try {
    const model = await trainer.train(
      {
        ...{ train: train.relation, validate: validate.relation, features, target: spec.target },
        ...{ params: candidate.params, seed: spec.seed, threads: job.threads },
      },
      { signal: ctx.signal, progress: (p) => ctx.progress?.(p), say: job.say },
    )
    return { trainer, model }
  } finally {
    train.done()
    validate.done()
  }
}
