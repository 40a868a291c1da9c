import { type GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Expr } from '../../plan/expr.ts'
import { applied, fitReads } from '../../plan/fits/index.ts'
import type { Node } from '../../plan/nodes.ts'
import { printExpr } from '../../plan/print.ts'
import { drawnBy } from '../../plan/verbs/sample.ts'
import { BINARY } from '../../runs/goal.ts'
import { groupColumns } from '../../runs/grouped.ts'
import { stepOf } from '../../runs/inline.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { DatasetSpec, EvaluateSpec, Step, TrainSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { leaderOf } from '../automl/ensemble.ts'
import { costReport, thresholdBy } from '../evaluation/costs.ts'
import { type Fairness, fairness } from '../evaluation/fairness.ts'
import type { By } from '../evaluation/levels.ts'
import type { Resampling } from '../evaluation/resample.ts'
import { bySegments } from '../evaluation/segments.ts'
import type { Scorer } from '../registry/scorer.ts'
import { loadPackage, type ModelPackage } from '../registry/version.ts'
import { fitParts, partsOf } from '../training/parts.ts'
import type { TrainOutput } from '../training/step.ts'
import { withNames } from './codes.ts'
import type { Against, Evaluation } from './evaluation.ts'
import { type Again, inspected, leaksOf, learningCurve, SHARES, trainedOn } from './inspect.ts'
import { againstOf, calibrationOf, judgeOf, mainOf, metricsOf, rankingOf, type Scored, scoredOf } from './judge.ts'
import { type Asked, type PartRows, partRows, strideOf } from './rows.ts'
import { parameterCurves } from './scaling.ts'

const PARTS = ['train', 'validate', 'test'] as const

/** What a review is of, read from the recipe and the outputs of its inputs. */
function subjectOf(ctx: StepContext<EvaluateSpec>) {
  const [dataset = '', model = '', other] = ctx.step.inputs
  const data = ctx.input<DatasetOutput>(dataset)
  const trained = ctx.input<TrainOutput>(model)
  return { data, trained, train: stepOf(ctx.recipe, model) as Step<TrainSpec>, other }
}

/** The rows of all parts as the model sees them; training rows as they were when it learnt, without what they know of themselves. */
async function rowsOf(ctx: StepContext<EvaluateSpec>, asked: Asked, serving: (n: Node) => Node) {
  const { data, train } = subjectOf(ctx)
  const parts = partsOf(ctx, data)
  const stride = strideOf(data.rows, asked)
  const learnt = { ...ctx, step: { ...ctx.step, spec: train.spec } }
  const fits = train.spec.fit.length > 0 ? await fitParts(learnt, parts.train, data) : []
  const training = (n: Node) => fits.reduce((rows, f) => f.training(rows), n)
  const read = (part: (typeof PARTS)[number]) => partRows(ctx, parts[part], part === 'train' ? training : serving, asked, stride) // biome-ignore format: one line
  return { stride, train: await read('train'), validate: await read('validate'), test: await read('test') }
}

/** Judges a model on rows that it has not seen, and looks into it. @throws CANCELLED, TRAIN_DATA */
export async function review(ctx: StepContext<EvaluateSpec>): Promise<Evaluation> {
  const { trained } = subjectOf(ctx)
  const { pack, evaluator } = await loadPackage(ctx.store, ctx.scope, trained.blob)
  try {
    return await reviewOf(ctx, pack, evaluator)
  } finally {
    await evaluator.close?.()
  }
}

async function reviewOf(ctx: StepContext<EvaluateSpec>, pack: ModelPackage, evaluator: Scorer): Promise<Evaluation> {
  const { spec } = ctx.step
  const { data, trained, train } = subjectOf(ctx)
  const { goal = BINARY, classes } = pack.model
  const raw = [...new Set([...train.spec.features, ...train.spec.fit.flatMap(fitReads)])].filter((c) => data.schema.some((f) => f.name === c)) // biome-ignore format: one line
  const weight = train.spec.weight
  const groups = groupColumns({ ...train.spec, candidates: [...train.spec.candidates, ...(spec.against ? [spec.against] : [])] }) // biome-ignore format: one line
  const kept = [...new Set([...raw, ...spec.segments, ...spec.groups, ...groups, ...(weight === undefined ? [] : [weight])])] // biome-ignore format: one line
  const asked: Asked = { features: evaluator.inputs, target: train.spec.target, kept, groups, ...(classes ? { classes } : {}), ...textInputs(evaluator) } // biome-ignore format: one line
  const stages = 13
  let stage = 0
  const turn = () => {
    throwIfAborted(ctx.signal)
    ctx.progress({ done: stage++, total: stages, unit: 'steps' })
  }
  const within = (done: number, total: number) => ctx.progress({ done: stage - 1 + done / total, total: stages, unit: 'steps' }) // biome-ignore format: one line
  turn()
  const { stride, ...parts } = await rowsOf(ctx, asked, (n) => applied(n, pack.fits))
  const how: Resampling = { resamples: spec.resamples, seed: spec.seed, confidence: spec.confidence, signal: ctx.signal } // biome-ignore format: one line
  const [validate, test] = [await scoredOf(goal, evaluator, parts.validate), await scoredOf(goal, evaluator, parts.test)] // biome-ignore format: one line
  const threshold = goal.kind === 'binary' ? (pack.threshold ?? 0.5) : null
  const again: Again = {
    ...{ goal, features: evaluator.inputs, spec: train.spec, threads: ctx.threads, signal: ctx.signal },
    ...(classes ? { classes: classes.length } : {}),
  }
  const weights = weight === undefined ? undefined : (parts.train.by.get(weight) as Float64Array)
  turn()
  const judged = {
    validate: await metricsOf(validate, threshold, how),
    test: await metricsOf(test, threshold, how),
  }
  turn()
  const against = await rival(ctx, { parts, weights, again, asked, validate, test, threshold, how })
  turn()
  const by = (names: readonly string[]) => Object.fromEntries(names.map((n) => [n, parts.test.by.get(n) as By]))
  // of other goals, groups are told apart by how well they are served alone
  const told = goal.kind === 'binary' ? spec.segments : [...new Set([...spec.segments, ...spec.groups])]
  const segments = bySegments(by(told), judgeOf(test), parts.test.rows, spec.confidence)
  turn()
  const fair: Fairness[] = []
  if (goal.kind === 'binary')
    for (const name of spec.groups)
      fair.push(await fairness(name, parts.test.by.get(name) as By, test.scores, Uint8Array.from(test.labels), threshold ?? 0.5, how)) // biome-ignore format: one line
  turn()
  const costs = spec.costs && goal.kind === 'binary' ? await costReport(rankingOf(validate), rankingOf(test), spec.costs, how, threshold) : null // biome-ignore format: one line
  turn()
  const output = classes ? mostFrequent(parts.test.labels, classes.length) : 0
  const looked = await inspected(goal, evaluator, parts.test, { seed: spec.seed, signal: ctx.signal, output }, within)
  turn()
  const candidate = { trainer: trained.kind, params: candidateOf(train.spec, trained).params }
  // a search for each size would take as long as the search that was, each time
  const leader = leaderOf(pack.model)
  if (spec.curves && !leader && trained.chosen.seconds > LONG) ctx.say(`for the learning curve '${trained.kind}' is trained ${SHARES.length} times more, which may take ${Math.round(trained.chosen.seconds)} s each; without curves it is not`) // biome-ignore format: one line
  const curve = spec.curves ? await learningCurve(leader ?? candidate, parts.train, parts.validate, weights, again, within) : null // biome-ignore format: one line
  turn()
  const lacks = (parameter: string, thrown: GalleyError) => {
    // of several candidates another one may be chosen tomorrow
    if (train.spec.candidates.length === 1) throw thrown
    ctx.say(`'${trained.kind}' was chosen, which has no parameter '${parameter}': it was not learnt again by that`)
  }
  const scaling =
    spec.scaling &&
    (await parameterCurves(candidate, spec.scaling, { ...parts, weights }, again, { progress: within, lacks }))
  turn()
  const leaks = leaksOf(evaluator.inputs, goal.kind === 'binary' ? 2 : (classes?.length ?? 0), raw, parts)
  const said = train.spec.threshold
  const chosenBy = said === undefined ? pack.thresholdBy : typeof said === 'number' ? 'recipe' : 'costs'
  const split = (stepOf(ctx.recipe, ctx.step.inputs[0] ?? '').spec as DatasetSpec).split
  return {
    format: 1,
    model: { name: trained.name, version: trained.version, kind: trained.kind, features: evaluator.inputs, target: train.spec.target }, // biome-ignore format: one line
    goal,
    dataset: { name: data.name, version: data.version, rows: data.rows },
    split: PARTS.map((part) => {
      const [rows, condition] = [parts[part].rows, split?.[part] as Expr]
      const drawn = drawnBy(condition)
      return { part, rows, condition: printExpr(condition), ...(drawn ? { drawn } : {}) }
    }),
    ...(classes ? { classes } : {}),
    threshold,
    ...(chosenBy ? { chosenBy } : {}),
    ...(spec.purpose ? { purpose: spec.purpose } : {}),
    main: mainOf(goal),
    ...{ confidence: spec.confidence, resamples: spec.resamples, stride },
    ...judged,
    against,
    ...(goal.kind === 'binary' ? { calibration: calibrationOf(validate, test) } : {}),
    ...{ segments, fairness: fair },
    ...(costs ? { costs } : {}),
    ...looked,
    dependence: looked.dependence.map((d) => withNames(d, pack.fits)),
    ...(classes ? { dependenceOf: String(classes[output]) } : {}),
    ...(curve ? { curve: { ...curve, ...(leader ? { of: leader.trainer } : {}) } } : {}),
    ...(scaling && scaling.length > 0 ? { scaling } : {}),
    leaks,
    leftOut: {
      ...leftOutOf(spec, goal.kind),
      ...(spec.scaling && scaling?.length === 0 ? { scaling: 'left.parameters' } : {}),
    },
  }
}

/** What makes numbers of a model's inputs that are texts, by name. */
const textInputs = ({ inputs, texts }: Scorer) =>
  texts ? { texts: new Map([...texts].map(([place, own]) => [inputs[place] ?? '', own] as const)) } : {}

/** Seconds of a training that are not repeated without a word. */
const LONG = 10

/** The candidate of the recipe that the chosen one was. */
const candidateOf = (spec: TrainSpec, trained: TrainOutput) =>
  spec.candidates.find((c) => c.trainer === trained.kind && JSON.stringify(c.params) === JSON.stringify(trained.chosen.params)) ?? { trainer: trained.kind, params: {} } // biome-ignore format: one line

function mostFrequent(labels: Float64Array, classes: number): number {
  const counts = new Float64Array(classes)
  for (const y of labels) counts[y] = (counts[y] as number) + 1
  return counts.indexOf(Math.max(...counts))
}

interface Bout {
  readonly parts: Readonly<Record<'train' | 'validate' | 'test', PartRows>>
  readonly weights: Float64Array | undefined
  readonly again: Again
  readonly asked: Asked
  readonly validate: Scored
  readonly test: Scored
  readonly threshold: number | null
  readonly how: Resampling
}

/** The model beside another one, or beside a candidate that is trained on the same rows. */
async function rival(ctx: StepContext<EvaluateSpec>, bout: Bout): Promise<Against | null> {
  const { spec } = ctx.step
  const { trained, other, data, train } = subjectOf(ctx)
  const { parts, again, asked, how, threshold } = bout
  const first = trained.name
  if (other === undefined) {
    if (!spec.against) return null
    const evaluator = await trainedOn(spec.against, parts.train, parts.validate, bout.weights, again)
    const validate = await scoredOf(again.goal, evaluator, parts.validate)
    const test = await scoredOf(again.goal, evaluator, parts.test)
    const own =
      again.goal.kind === 'binary'
        ? thresholdBy(rankingOf(validate), train.kind === 'train' ? train.spec.threshold : undefined)
        : 0.5
    return againstOf({ first, second: spec.against.trainer }, bout.test, test, [threshold ?? 0.5, own], how)
  }
  const output = ctx.input<TrainOutput>(other)
  const { pack, evaluator } = await loadPackage(ctx.store, ctx.scope, output.blob)
  const features = { ...asked, features: evaluator.inputs, ...textInputs(evaluator) }
  // the same rows in the same order: what is kept and the target put them so, whichever columns fits make
  const rows = await partRows(ctx, partsOf(ctx, data).test, (n) => applied(n, pack.fits), features, strideOf(data.rows, asked)) // biome-ignore format: one line
  const second = await scoredOf(again.goal, evaluator, rows).finally(() => evaluator.close?.())
  return againstOf({ first, second: `${output.name}@${output.version}` }, bout.test, second, [threshold ?? 0.5, pack.threshold ?? 0.5], how) // biome-ignore format: one line
}

/** What a review does not tell, and why. */
function leftOutOf(spec: EvaluateSpec, goal: string): Record<string, string> {
  const binary = goal === 'binary'
  const other = goal === 'ranking' ? 'left.ranking' : 'left.binary'
  const grouped = goal === 'ranking' ? 'left.orders' : 'left.groups'
  return {
    ...(binary ? {} : { calibration: other, fairness: spec.groups.length > 0 ? grouped : other, costs: other }),
    ...(binary && spec.groups.length === 0 ? { fairness: 'left.noGroups' } : {}),
    ...(binary && !spec.costs ? { costs: 'left.noCosts' } : {}),
    ...(spec.segments.length === 0 ? { segments: 'left.noSegments' } : {}),
    ...(spec.curves ? {} : { curve: 'left.noCurves' }),
  }
}
