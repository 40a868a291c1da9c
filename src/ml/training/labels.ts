import { type Column, isValid, valueAt } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import { aimOf, BINARY, type Goal, linkOf } from '../../runs/goal.ts'
import { type GroupCounts, groupCoder, groupTally, MOST_RELEVANT } from './groups.ts'
import { badLabel, checkClasses, dataError, leftOut, type RawBatch, rawBatches } from './intake.ts'
import type { Label, TrainTask } from './trainer.ts'

/** Classes that a target may have; more are keys or numbers rather than classes. */
const MOST_CLASSES = 1000
/** A mean weight beyond which sums of squares leave what numbers of trainers hold (float32 among them), and one part of it below which. */
const HEAVIEST = 1e15

/** What a pass over labels and weights finds. */
export interface Targets {
  readonly goal: Goal
  readonly rows: number
  /** Outputs of a model of it. */
  readonly outputs: number
  /** In their order, of a goal with several. */
  readonly classes: readonly Label[]
  /** Sum of weights, and of weights by class (of a binary target: of 0 and of 1). */
  readonly weight: number
  readonly byClass: Float64Array
  /** Weighted mean of labels that are numbers. */
  readonly mean: number
  /** Of a ranking. */
  readonly groups?: GroupCounts
}

/** One batch of features with labels as numbers and weights. */
export interface LabelledBatch {
  readonly rows: number
  readonly at: number
  /** Feature `index` as float64, NaN where missing; valid until the next call. */
  feature(index: number): Float64Array
  /** 0 or 1, the place of the class, or the number; valid until the next batch. */
  readonly y: Float64Array
  /** Weights, of a task that has them; valid until the next batch. */
  readonly w: Float64Array | undefined
  /** The group of each row, numbered as they come, of a task that has them. */
  readonly group: Uint32Array | undefined
}

/** Whether a task is of a binary target without weights, which the device can learn and the fast ways of the host are for. */
export const isPlain = ({ goal = BINARY, weight }: Pick<TrainTask, 'goal' | 'weight'>): boolean =>
  goal.kind === 'binary' && weight === undefined

/** `group`: a column that rows are told apart by where the goal names none. */
type Asked = Pick<TrainTask, 'target' | 'goal' | 'weight'> & { readonly group?: string }

/** The column that says which rows belong together. */
export const groupIn = ({ goal, group }: Pick<Asked, 'goal' | 'group'>): string | undefined =>
  goal?.kind === 'ranking' ? goal.group : group

/**
 * One pass over labels and weights.
 * @throws TRAIN_DATA for no rows, one class, no order, a label or group that is missing or that the goal does not allow, and a weight that is
 * negative or none
 */
export async function readTargets(relation: Relation, task: Asked, signal: AbortSignal): Promise<Targets> {
  const goal = task.goal ?? BINARY
  const { target } = task
  const found = new Map<Label, number>()
  let rows = 0
  let weight = 0
  let sum = 0
  const tally = goal.kind === 'ranking' ? groupTally(goal.group, target) : undefined
  for await (const batch of rawBatches(relation, columnsOf(task), signal)) {
    const w = weightsOf(batch, task)
    rows += batch.rows
    if (goal.kind === 'multiclass') {
      const labels = classReader(batch.column(target), target)
      for (let i = 0; i < batch.rows; i++) {
        const label = labels(i)
        found.set(label, (found.get(label) ?? 0) + (w?.[i] ?? 1))
        if (found.size > MOST_CLASSES)
          throw dataError(
            `the target "${target}" has more than ${MOST_CLASSES} classes`,
            "say goal: 'regression' if it is a number, or pool rare classes",
            { column: target },
          )
      }
    } else {
      const y = batch.number(target)
      for (let i = 0; i < batch.rows; i++) {
        const value = y[i] as number
        checkLabel(goal, value, target)
        const own = w?.[i] ?? 1
        sum += own * value
        if (goal.kind === 'binary') found.set(value, (found.get(value) ?? 0) + own)
      }
      if (goal.kind === 'ranking') tally?.add(batch.column(goal.group), y)
    }
    for (let i = 0; i < batch.rows; i++) weight += w?.[i] ?? 1
  }
  if (rows === 0) throw dataError('there are no rows to learn from', 'check the filters before the training step')
  if (!(weight > 0))
    throw dataError(`the weights "${task.weight}" are 0 in all ${rows} rows`, 'give some rows a weight')
  if (task.weight !== undefined && !(weight / rows >= 1 / HEAVIEST && weight / rows <= HEAVIEST))
    throw dataError(`the weights "${task.weight}" are ${Number((weight / rows).toPrecision(3))} on average, and trainers count from ${1 / HEAVIEST} to ${HEAVIEST}`, 'divide them by their mean') // biome-ignore format: one line
  const classes = goal.kind === 'multiclass' ? [...found.keys()].sort(inOrder) : []
  if (goal.kind === 'binary') checkClasses({ rows, positives: found.has(1) ? (found.has(0) ? 1 : rows) : 0 }, target)
  if (goal.kind === 'multiclass' && classes.length < 2)
    throw dataError(
      `the target "${target}" is ${JSON.stringify(classes[0])} in all ${rows} rows: there is only one class`,
      'bring rows of at least two classes',
      { rows },
    )
  const byClass = Float64Array.from(goal.kind === 'binary' ? [0, 1] : classes, (c) => found.get(c) ?? 0)
  const none = byClass.findIndex((n) => !(n > 0))
  if (none >= 0)
    throw dataError(`all rows of the class ${JSON.stringify(classes[none] ?? none)} have the weight 0`, 'give some of them a weight, or leave them out') // biome-ignore format: one line
  const mean = sum / weight
  if (linkOf(goal) === 'log' && !(mean > 0))
    throw dataError(`the target "${target}" is 0 in all rows that count`, 'bring rows where it is more than 0')
  const groups = tally ? { groups: tally.counts() } : {}
  return { goal, rows, outputs: Math.max(1, classes.length), classes, weight, byClass, mean, ...groups }
}

/**
 * Reads features, labels as numbers and weights. `classes` are those of the training rows.
 * @throws TRAIN_DATA for a label that the goal does not allow, or of a class that is not among them, and after the last batch for missing groups
 */
export async function* labelledBatches(
  relation: Relation,
  features: readonly string[],
  task: Asked,
  classes: readonly Label[],
  signal: AbortSignal,
): AsyncGenerator<LabelledBatch, void, undefined> {
  const goal = task.goal ?? BINARY
  const placeOf = new Map(classes.map((label, place) => [label, place]))
  const groups = groupIn(task)
  const coder = groups === undefined ? undefined : groupCoder(groups)
  for await (const batch of rawBatches(relation, [...features, ...columnsOf(task)], signal)) {
    const { rows, at, number } = batch
    const w = weightsOf(batch, task)?.slice()
    const y = new Float64Array(rows)
    if (goal.kind === 'multiclass') {
      const labels = classReader(batch.column(task.target), task.target)
      for (let i = 0; i < rows; i++) {
        const label = labels(i)
        const place = placeOf.get(label)
        if (place === undefined) throw unseen(label, task.target)
        y[i] = place
      }
    } else {
      y.set(number(task.target))
      for (const value of y) checkLabel(goal, value, task.target)
    }
    const group = groups === undefined ? undefined : coder?.codes(batch.column(groups))
    yield { rows, at, y, w, group, feature: (index) => number(features[index] as string) }
  }
  coder?.count()
}

/** What is said of a class that the training rows do not have. */
export const unseen = (label: Label, target: string, part = 'the rows to judge by') =>
  dataError(
    `the target "${target}" has the class ${JSON.stringify(label)} in ${part}, but not in the training rows`,
    'move the borders of the split, pool rare classes, or leave rows of that class out',
    { column: target },
  )

/** false before true, numbers ascending, texts by their UTF-8 bytes. */
export function inOrder(a: Label, b: Label): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

/** Columns beside features that a task reads. */
export const columnsOf = (task: Asked): string[] =>
  [task.target, task.weight, groupIn(task)].filter((name) => name !== undefined)

function weightsOf(batch: RawBatch, { weight }: Asked): Float64Array | undefined {
  if (weight === undefined) return undefined
  const w = batch.number(weight).slice()
  for (const value of w)
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw dataError(
        `the weights "${weight}" have a value that is ${shownOf(value)}`,
        'make it a column of numbers from 0 on, without nulls',
        { column: weight },
      )
  return w
}

/** The class of a row of this column, words of a dictionary read once. @throws TRAIN_DATA where it is missing */
function classReader(column: Column, target: string): (row: number) => Label {
  return (row) => {
    const value = column.kind === 'dictionary' && isValid(column.validity, row) ? (column.words[Number(column.codes[row])] ?? null) : valueAt(column, row) // biome-ignore format: one line
    const label = typeof value === 'bigint' ? Number(value) : value
    if (typeof label === 'string' || typeof label === 'boolean' || Number.isSafeInteger(label)) return label as Label
    throw dataError(
      `the target "${target}" has a class that is ${label === null ? 'missing' : String(value)}`,
      label === null ? leftOut(target) : 'make it a column of texts, bools or whole numbers (up to 2⁵³)',
      { column: target },
    )
  }
}

const shownOf = (value: number): string => (Number.isNaN(value) ? 'missing' : String(value))

/** @throws TRAIN_DATA for a label that the goal does not allow */
export function checkLabel(goal: Goal, value: number, target: string): void {
  if (goal.kind === 'binary') {
    if (value !== 0 && value !== 1) throw badLabel(value, target)
    return
  }
  if (!Number.isFinite(value))
    throw dataError(`the target "${target}" has a value that is ${shownOf(value)}`, Number.isNaN(value) ? leftOut(target) : 'make it a column of finite numbers', { column: target }) // biome-ignore format: one line
  if (goal.kind === 'ranking' && !(Number.isInteger(value) && value >= 0 && value <= MOST_RELEVANT))
    throw dataError(
      `the target "${target}" has a value that is ${value}`,
      `a relevance is a whole number from 0 (not relevant) to ${MOST_RELEVANT}: grade it, for instance 0, 1, 2`,
      { column: target },
    )
  if (linkOf(goal) === 'log' && value < 0)
    throw dataError(
      `the target "${target}" has a value that is ${value}`,
      `the objective '${aimOf(goal)}' is of numbers from 0 on: choose 'squared', 'absolute' or 'quantile', or leave such rows out`,
      { column: target },
    )
}
