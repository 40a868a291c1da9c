import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { type Column, copyFloat64 } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import { fieldOf, isFloat, isInteger, isTemporal, type Schema, typeName } from '../../plan/types.ts'
import { BINARY } from '../../runs/goal.ts'
import type { TrainTask } from './trainer.ts'

/** One batch as a trainer reads it. */
export interface NumericBatch {
  readonly rows: number
  /** Row number of its first row. */
  readonly at: number
  /** Feature `index` as float64, NaN where missing; `rows` values, valid until the next call. */
  feature(index: number): Float64Array
  /** 0 or 1 a row; valid until the next batch. */
  readonly labels: Uint8Array
}

export const dataError = (what: string, fix: string, details: Record<string, unknown> = {}): GalleyError =>
  new GalleyError('TRAIN_DATA', { what, fix, details })

/**
 * Makes sure that the columns of a task can be learnt from.
 * @throws PLAN_UNKNOWN_COLUMN naming the ones that exist; TRAIN_DATA for a column that is not bool, int or float, for
 * the target among the features, and for no features when `needFeatures`. Classes may be text, too.
 */
export function checkColumns(task: TrainTask, needFeatures = true): void {
  if (needFeatures && task.features.length === 0) throw dataError('there are no features to learn from', 'name some')
  if (task.features.includes(task.target))
    throw dataError(`the target "${task.target}" is among the features`, 'leave it out of the features')
  const relations = task.validate ? [task.train, task.validate] : [task.train]
  for (const relation of relations)
    for (const name of [...task.features, task.target, ...(task.weight === undefined ? [] : [task.weight])]) {
      const { type } = fieldOf(relation.schema, name, 'the training rows')
      if (name === task.target && type === 'string' && (task.goal ?? BINARY).kind === 'multiclass') continue
      if (type !== 'bool' && !isInteger(type) && !isFloat(type))
        throw dataError(
          `the column "${name}" is not numeric: it is ${typeName(type)}`,
          'encode it as a number (bool, int or float), or leave it out',
          { column: name },
        )
    }
  if (task.goal?.kind === 'ranking')
    for (const { schema } of relations) checkGroup(schema, task.goal.group, task.target)
}

/** @throws PLAN_UNKNOWN_COLUMN, TRAIN_DATA for what can't say which rows belong together */
export function checkGroup(schema: Schema, group: string, target: string): void {
  const { type } = fieldOf(schema, group, 'the training rows')
  const able = type === 'string' || type === 'bool' || isTemporal(type) || isInteger(type) || isFloat(type)
  if (able && group !== target) return
  throw dataError(
    `the column "${group}" can't group rows: it is ${able ? 'the target' : typeName(type)}`,
    'name a column of texts, whole numbers or times, such as the id of a query',
    { column: group },
  )
}

/** One batch, its columns read by name. */
export interface RawBatch {
  readonly rows: number
  /** Row number of its first row. */
  readonly at: number
  readonly column: (name: string) => Column
  /** A numeric column as float64, NaN where missing; `rows` values, valid until the next call. */
  readonly number: (name: string) => Float64Array
}

/** Reads columns from the start, batch by batch, letting other work run between batches. @throws CANCELLED */
export async function* rawBatches(
  relation: Relation,
  columns: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<RawBatch, void, undefined> {
  let at = 0
  let sinceTurn = 0
  let buffer = new Float64Array(0)
  for await (const batch of relation.batches([...new Set(columns)])) {
    throwIfAborted(signal)
    const { rows } = batch
    if (rows === 0) continue
    if (buffer.length < rows) buffer = new Float64Array(rows)
    const byName = new Map(batch.schema.map((field, i) => [field.name, batch.columns[i]]))
    const column = (name: string): Column => byName.get(name) as Column
    yield {
      rows,
      at,
      column,
      number: (name) => {
        copyFloat64(column(name), buffer, 0)
        return buffer.subarray(0, rows)
      },
    }
    at += rows
    sinceTurn += rows
    if (sinceTurn >= 65_536) {
      sinceTurn = 0
      await nextTurn()
    }
  }
}

/**
 * Reads features and labels of a binary target from the start, batch by batch.
 * @throws TRAIN_DATA for a label that is missing or not 0 or 1, CANCELLED
 */
export async function* numericBatches(
  relation: Relation,
  features: readonly string[],
  target: string,
  signal: AbortSignal,
): AsyncGenerator<NumericBatch, void, undefined> {
  let labels = new Uint8Array(0)
  for await (const { rows, at, number } of rawBatches(relation, [...features, target], signal)) {
    if (labels.length < rows) labels = new Uint8Array(rows)
    readLabels(number(target), labels, target)
    yield {
      rows,
      at,
      labels: labels.subarray(0, rows),
      feature: (index) => number(features[index] as string),
    }
  }
}

function readLabels(values: Float64Array, out: Uint8Array, target: string): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== 0 && value !== 1) throw badLabel(value, target)
    out[i] = value
  }
}

/** What is said of a label that is missing (NaN) or neither 0 nor 1. */
export function badLabel(value: number, target: string): GalleyError {
  const shown = Number.isNaN(value) ? 'missing' : String(value)
  return dataError(
    `the target "${target}" has a value that is ${shown}`,
    Number.isNaN(value)
      ? leftOut(target)
      : "make it a bool or 0/1 column, or say what is learnt: goal: 'multiclass' or 'regression'",
    { column: target },
  )
}

/** Rows and positives of what was read. */
export interface ClassCounts {
  readonly rows: number
  readonly positives: number
}

/** What to write so that rows whose label is missing are not learnt from, and are asked about all the same. */
export const leftOut = (target: string): string =>
  `leave such rows out of training: .reject((r) => r[${JSON.stringify(target)}].isNull(), 'no ${target}', { when: 'training' }); isNaN() where it is no number`

/** @throws TRAIN_DATA when there are no rows or only one class */
export function checkClasses({ rows, positives }: ClassCounts, target: string): void {
  if (rows === 0) throw dataError('there are no rows to learn from', 'check the filters before the training step')
  if (positives === 0 || positives === rows)
    throw dataError(
      `the target "${target}" is ${positives === 0 ? 0 : 1} in all ${rows} rows: there is only one class`,
      'bring rows of both classes',
      { rows, positives },
    )
}

/** @throws TRAIN_DATA when a second pass gave other rows than the first */
export function checkSameRows(first: number, second: number): void {
  if (first !== second)
    throw dataError(`the first pass over the rows gave ${first}, the second ${second}`, 'train on a dataset version')
}
