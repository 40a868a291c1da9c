import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { throwIfAborted } from '../../base/errors.ts'
import { randomsOf } from '../../base/random.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { Goal } from '../../runs/goal.ts'
import type { Candidate, TrainSpec } from '../../runs/specs.ts'
import { type Dependence, gridOf, partialDependence } from '../evaluation/dependence.ts'
import { permutationImportance } from '../evaluation/importance.ts'
import { aloneOf, repeatedRows } from '../evaluation/leaks.ts'
import type { By } from '../evaluation/levels.ts'
import { powerLaw } from '../evaluation/scaling.ts'
import type { Scorer } from '../registry/scorer.ts'
import { trainerOf } from '../training/index.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { Evaluation, LearningCurve } from './evaluation.ts'
import { mainOf, qualityOf, type Scored, scoredOf } from './judge.ts'
import { type HeldRows, type PartRows, relationOf, someOf } from './rows.ts'

/** Rows that importance is told of, and dependence; more tell little more. */
const MOST = { importance: 5000, dependence: 2000, alone: 100_000 }
const REPEATS = 5
/** Features whose dependence is drawn. */
const DRAWN = 6

/** Rows at equal distances, at most so many; of a ranking groups at equal distances, of about so many rows. */
function spread(part: PartRows, most: number, group?: string): HeldRows & { readonly rows: number } {
  const step = Math.ceil(part.rows / most)
  if (step <= 1) return part
  const codes = group === undefined ? undefined : part.groups.get(group)
  const order = codes && new Map([...new Set(codes)].map((code, place) => [code, place]))
  const some = someOf(part, (i) => (order ? (order.get(codes?.[i] ?? 0) ?? 0) : i) % step === 0)
  return { ...some, rows: some.labels.length }
}

type Turn = (done: number, total: number) => void
type Inspected = Pick<Evaluation, 'importance' | 'dependence'>

/** Which features matter, and how the model follows them. @throws CANCELLED */
export async function inspected(
  goal: Goal,
  evaluator: Scorer,
  test: PartRows,
  { seed, signal, output }: { seed: number; signal: AbortSignal; output: number },
  progress: Turn,
): Promise<Inspected> {
  const some = spread(test, MOST.importance, goal.kind === 'ranking' ? goal.group : undefined)
  const features = await permutationImportance({
    ...{ features: evaluator.inputs, columns: some.columns, repeats: REPEATS, seed, signal, progress },
    quality: async (columns) => qualityOf(await scoredOf(goal, evaluator, { ...some, columns })),
  })
  const few = spread(test, MOST.dependence)
  const dependence: Dependence[] = []
  // texts have no order to follow
  const order = features.length > 0 ? features.map(({ feature }) => feature) : evaluator.inputs
  const drawn = order.filter((feature) => !evaluator.texts?.has(evaluator.inputs.indexOf(feature)))
  for (const feature of drawn.slice(0, DRAWN)) {
    const grid = gridOf(few.columns[evaluator.inputs.indexOf(feature)] as Float64Array)
    if (grid.length > 1) dependence.push(await partialDependence({ evaluator, columns: few.columns, output, signal }, feature, grid)) // biome-ignore format: one line
  }
  return { importance: { metric: mainOf(goal).metric, rows: some.rows, repeats: REPEATS, features }, dependence }
}

/** What a trainer is told beside rows. */
export interface Again {
  readonly goal: Goal
  readonly features: readonly string[]
  readonly spec: Pick<TrainSpec, 'target' | 'weight' | 'seed'>
  readonly classes?: number
  readonly threads: number
  readonly signal: AbortSignal
}

/** Trains a candidate on rows in memory. Classes are their places; those that the rows lack have the probability 0. */
export async function trainedOn(
  { trainer, params }: Candidate,
  train: HeldRows,
  validate: HeldRows,
  weights: Float64Array | undefined,
  { goal, features, spec, classes = 0, threads, signal }: Again,
): Promise<Evaluator> {
  const asked = { features, target: spec.target }
  const made = await trainerOf(trainer)
  const weighed = spec.weight !== undefined && weights ? { [spec.weight]: weights } : {}
  const ones = spec.weight === undefined ? {} : { [spec.weight]: new Float64Array(validate.labels.length).fill(1) }
  const model = await made.train(
    {
      ...{ train: relationOf(train, asked, weighed), validate: relationOf(validate, asked, ones), ...asked },
      ...(goal.kind === 'binary' ? {} : { goal }),
      ...(spec.weight === undefined || !weights ? {} : { weight: spec.weight }),
      ...{ params, seed: spec.seed, threads },
    },
    { signal, progress: () => undefined },
  )
  const evaluator = made.load(model)
  return goal.kind === 'multiclass' ? inPlaces(evaluator, model, classes) : evaluator
}

/** Outputs in the places of all classes. */
function inPlaces(evaluator: Evaluator, { classes = [] }: TrainedModel, all: number): Evaluator {
  if (classes.length === all) return evaluator
  const { outputs } = evaluator
  return {
    ...{ kind: evaluator.kind, inputs: evaluator.inputs, outputs: all },
    one: (row, out) => evaluator.one(row, out),
    many(columns, rows, out) {
      const own = new Float64Array(rows * outputs)
      evaluator.many(columns, rows, own)
      out.fill(0)
      for (let i = 0; i < rows; i++)
        for (const [k, place] of classes.entries()) out[i * all + Number(place)] = own[i * outputs + k] as number
    },
  }
}

/** Loss by the main metric: lower is better, of an AUC what it lacks of 1. */
export const lossOf = (scored: Scored): number =>
  mainOf(scored.goal).least ? -qualityOf(scored) : 1 - qualityOf(scored)

/** Of the training rows, for the learning curve. */
export const SHARES = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
/** Fewer rows than this are not learnt from. */
const FEWEST = 60

/** The candidate learnt anew with a part of the training rows, each larger one with the rows of those before. @throws CANCELLED */
export async function learningCurve(
  candidate: Candidate,
  train: PartRows,
  validate: PartRows,
  weights: Float64Array | undefined,
  again: Again,
  progress: Turn,
): Promise<LearningCurve> {
  const random = randomsOf(again.spec.seed, 0x63757276)
  const { goal } = again
  const groups = goal.kind === 'ranking' ? train.groups.get(goal.group) : undefined
  const drawn = new Map<number, number>()
  // rows of a group come together
  const draws = train.labels.map((_, row) => {
    const group = groups?.[row]
    if (group === undefined) return random()
    const own = drawn.get(group) ?? random()
    drawn.set(group, own)
    return own
  })
  const points: LearningCurve['points'][number][] = []
  for (const [i, share] of SHARES.entries()) {
    await nextTurn()
    throwIfAborted(again.signal)
    const some = someOf(train, (row) => (draws[row] as number) < share)
    progress(i, SHARES.length)
    const enough = some.labels.length >= FEWEST && tells(goal, some)
    if (!enough) continue
    const own = weights?.filter((_, row) => (draws[row] as number) < share)
    const began = systemClock.ticks()
    const evaluator = await trainedOn(candidate, some, validate, own, again)
    const seconds = (systemClock.ticks() - began) / 1000
    const value = lossOf(await scoredOf(again.goal, evaluator, validate))
    const there = lossOf(await scoredOf(again.goal, evaluator, some))
    // rows of one class alone tell no loss
    if (!Number.isNaN(value + there)) points.push({ rows: some.labels.length, value, train: there, seconds })
  }
  const sizes = points.map(({ rows, ...p }) => ({ at: rows, ...p }))
  return { metric: mainOf(again.goal).metric, points, ...laws(sizes) }
}

/** How quality and time go on with a size. */
export const laws = (points: readonly { readonly at: number; readonly value: number; readonly seconds: number }[]) => ({
  quality: powerLaw(points.map((p) => ({ rows: p.at, value: p.value }))),
  seconds: powerLaw(
    points.map((p) => ({ rows: p.at, value: p.seconds })),
    0.95,
    -3,
    -0.05,
  ),
})
/** Whether rows can be learnt from: of a ranking, whether a group has two labels. */
function tells(goal: Goal, { labels, groups }: HeldRows): boolean {
  if (goal.kind === 'regression') return true
  if (goal.kind !== 'ranking') return new Set(labels).size > 1
  const codes = groups.get(goal.group)
  const first = new Map<number, number>()
  return labels.some((label, row) => {
    const group = codes?.[row] ?? 0
    const known = first.get(group) ?? label
    first.set(group, known)
    return known !== label
  })
}

/** Features that tell the target alone, and rows of other parts that were learnt from. `raw` are columns before any fit. */
export function leaksOf(
  features: readonly string[],
  classes: number,
  raw: readonly string[],
  parts: Readonly<Record<'train' | 'validate' | 'test', PartRows>>,
): Evaluation['leaks'] {
  const some = spread(parts.train, MOST.alone)
  const words = new Map<string | null, number>()
  const codes = (by: By): Float64Array => {
    if (by instanceof Float64Array) return by
    return Float64Array.from(by, (word) => {
      const known = words.get(word) ?? words.size
      words.set(word, known)
      return known
    })
  }
  const rawOf = ({ by, labels }: PartRows) => ({ columns: raw.map((name) => codes(by.get(name) as By)), labels })
  const train = rawOf(parts.train)
  return {
    alone: aloneOf(features, some.columns, some.labels, classes),
    repeated: (['validate', 'test'] as const).map((part) => ({ part, ...repeatedRows(train, rawOf(parts[part])) })),
  }
}
