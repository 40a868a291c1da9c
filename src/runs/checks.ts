import { GalleyError } from '../base/errors.ts'
import type { SourceSpec } from '../data/connectors/connector.ts'
import { isRowwise } from '../data/quality/expectation.ts'
import type { Col } from '../plan/columns/kinds.ts'
import type { FitAbout } from '../plan/fits/fit.ts'
import { type Fit, fitName, fitQueries, fitReads } from '../plan/fits/index.ts'
import { isoMicros } from '../plan/literal.ts'
import { build, type Node } from '../plan/nodes.ts'
import { fieldOf, isDecimal, isNumeric, isTemporal, type Schema, typeName, unknownColumn } from '../plan/types.ts'
import { lineage, stepOf } from './inline.ts'
import type { DatasetSpec, Recipe, Split, TrainSpec } from './specs.ts'

const NAME = /^[a-z][a-z0-9-]{0,62}$/

/** What people call what a step makes. */
const CALLED: Readonly<Record<string, string>> = {
  train: 'a model',
  learn: 'a model',
  evaluate: 'a review',
  forecast: 'a model',
  onnx: 'a model',
  serve: 'an endpoint',
  table: 'a step',
  analyse: 'a report',
  statistics: 'an analysis',
}

/** @throws RECIPE_INVALID for a name that is none */
export function checkName(name: string, kind: string): void {
  if (!NAME.test(name))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${name}' can't name ${CALLED[kind] ?? `a ${kind}`}`,
      why: 'names are lower-case letters, digits and dashes, beginning with a letter, 63 at most',
      fix: 'choose such a name',
    })
}

/** A recipe is JSON, which has neither NaN nor infinities. @throws RECIPE_INVALID naming the option */
export function checkNumbers(id: string, spec: unknown, path = ''): void {
  if (typeof spec === 'number' && !Number.isFinite(spec))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' is given ${spec} as '${path}'`,
      why: 'an option is a finite number',
      fix: 'correct the number, or what it is computed from',
    })
  if (typeof spec !== 'object' || spec === null || 'op' in spec) return
  for (const [key, value] of Object.entries(spec)) checkNumbers(id, value, path === '' ? key : `${path}.${key}`)
}

const PARTS = ['train', 'validate', 'test']

/** @throws PLAN_UNKNOWN_COLUMN, RECIPE_INVALID for a moment that is no time */
export function checkMoment(id: string, schema: Schema, moment: string | undefined): void {
  if (moment === undefined) return
  const { type } = fieldOf(schema, moment, `the moment of '${id}'`)
  if (isTemporal(type)) return
  throw new GalleyError('RECIPE_INVALID', {
    what: `the moment of '${id}' is no time: '${moment}' is a ${typeName(type)}`,
    why: 'rows are folded and watched by it',
    fix: 'name a column of dates or timestamps',
  })
}

/** @throws RECIPE_INVALID for parts that are missing, and where a model would be given the answer, a feature twice, or text */
export function checkTraining(
  id: string,
  { schema, split, moment }: { schema: Schema; split: Split | null; moment: string | null },
  { target, weight, features, fit = [] }: Pick<TrainSpec, 'target' | 'features' | 'weight'> & { fit?: readonly Fit[] },
): void {
  const missing = PARTS.filter((part) => !Object.hasOwn(split ?? {}, part))
  if (missing.length > 0)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' has no ${missing.map((p) => `'${p}'`).join(' and no ')} to learn from or be judged on`,
      why: `its dataset is split into ${Object.keys(split ?? {}).join(', ') || 'nothing'}`,
      fix: "split the dataset into train, validate and test, for instance with byTime('at', { … })",
    })
  const weighted = weight === undefined ? 'float64' : fieldOf(schema, weight, `train of '${id}'`).type
  if (!isNumeric(weighted) || isDecimal(weighted) || weight === target)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' can't weigh rows by '${weight}'`,
      why: weight === target ? 'it is the target' : `it is a ${typeName(weighted)}`,
      fix: 'name a column of numbers from 0 on',
    })
  const encoded = new Set(fit.flatMap(fitReads))
  // a class that is a text has no mean
  const targeted = fieldOf(schema, target, `train of '${id}'`).type !== 'string'
  for (const name of features) {
    const { type } = fieldOf(schema, name, `train of '${id}'`)
    if (type === 'bool' || (isNumeric(type) && !isDecimal(type))) continue
    // a decimal may be scaled in its place; what encodes others gives columns of its own
    if (isDecimal(type) && encoded.has(name)) continue
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' can't learn from '${name}' as it is: '${name}' is a ${typeName(type)}`,
      why: `a feature is a number, or true or false${encoded.has(name) ? '; a fit that reads it gives columns of its own, which are features anyway' : ''}`,
      fix: encoded.has(name)
        ? `leave '${name}' out of features`
        : isDecimal(type)
          ? `derive a float of it: r.${name}.cast('float64')`
          : type === 'string'
            ? `encode it: fit: [${targeted ? 'targetEncode' : 'ordinal'}(['${name}'])], and leave it out of features`
            : `derive numbers from it, for instance its hour or its weekday`,
    })
  }
  const rows = build({ op: 'scan', from: { kind: 'step', name: id }, schema })
  for (const each of fit) checkFit(id, each, rows, { target, ...(moment ? { moment } : {}) })
  if (features.includes(target) || fit.flatMap(fitReads).includes(target))
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' is to learn '${target}' from '${target}'`,
      why: 'its target is among its features, so that it would be given the answer',
      fix: `leave '${target}' out of features and fit`,
    })
  const twice = features.find((f, i) => features.indexOf(f) !== i)
  if (twice !== undefined)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' names the feature '${twice}' twice`,
      fix: 'name each feature once',
    })
}

/** What a fit asks of the rows that it learns from, asked of their columns. @throws RECIPE_INVALID for columns of other types */
function checkFit(id: string, fit: Fit, rows: Node, about: FitAbout): void {
  try {
    fitQueries(fit, rows, about)
  } catch (cause) {
    if (!(cause instanceof GalleyError && cause.code === 'PLAN_TYPE_MISMATCH')) throw cause
    const columns = fitReads(fit).map((name) => `'${name}' is a ${typeName(fieldOf(rows.schema, name, id).type)}`)
    throw new GalleyError('RECIPE_INVALID', {
      what: `'${id}' can't fit ${fitName(fit)}: ${columns.join(', ')}`,
      why: cause.what.replace(/ in [a-z]+ of '[^']*'$/, ''),
      fix: 'name columns of the type that it takes, or derive such ones in the dataset',
      cause,
    })
  }
}

/** @throws PLAN_UNKNOWN_COLUMN for an input that the entry has not */
export function checkInput(id: string, source: SourceSpec, entry: string, input: readonly string[]): void {
  const columns = Object.keys(source.columns)
  for (const name of input)
    if (!columns.includes(name))
      throw unknownColumn(name, columns, `the source '${entry}', which '${id}' takes records of`)
}

/** @throws RECIPE_INVALID for a time or a number that an endpoint can't work with */
export function checkTimes(
  id: string,
  options: {
    lateness?: Col<'duration'>
    ahead?: Col<'duration'>
    warmUntil?: string
    watch?: { over?: Col<'duration'>; rows?: number }
  },
): void {
  const refuse = (what: string, why: string, fix: string): never => {
    throw new GalleyError('RECIPE_INVALID', { what: `'${id}' can't be served with ${what}`, why, fix })
  }
  const spans = { lateness: options.lateness, ahead: options.ahead, 'watch.over': options.watch?.over }
  for (const [name, span] of Object.entries(spans)) {
    if (span === undefined) continue
    const micros = span.expr?.op === 'lit' ? Number(span.expr.value) : Number.NaN
    const least = name === 'watch.over' ? 1 : 0
    if (!(micros >= least))
      refuse(
        `this ${name}`,
        `it is a constant span of ${least > 0 ? 'some' : 'no or some'} time`,
        'write for instance hours(3)',
      )
  }
  const { rows } = options.watch ?? {}
  if (rows !== undefined && !(Number.isInteger(rows) && rows >= 1))
    refuse(`watch.rows ${rows}`, 'a window is judged from one row on', 'give a whole number from 1 on')
  const { warmUntil } = options
  if (warmUntil !== undefined) isoMicros(warmUntil, 'timestamp')
}

/** @throws RECIPE_INVALID where an endpoint's history would hold rows that a dataset on the way sets aside by looking at others */
export function checkFormer(recipe: Recipe, dataset: string, endpoint: string): void {
  for (const former of lineage(recipe, dataset)) {
    if (former === dataset) continue
    const { expect = [] } = stepOf(recipe, former).spec as Partial<DatasetSpec>
    const aside = expect.find((x) => x.severity === 'quarantine' && !isRowwise(x))
    if (aside)
      throw new GalleyError('RECIPE_INVALID', {
        what: `'${endpoint}' can't be served from what '${former}' sets aside`,
        why: `'${aside.title}' looks at other rows, which an endpoint does not have; '${dataset}' is made of '${former}'`,
        fix: 'let that expectation stop the run, or state it of the dataset that the model learns from',
      })
  }
}

/** An error of a plan with its place: the step that was declared before it. */
export function placed(error: unknown, recipe: string, after: string | undefined): unknown {
  if (!(error instanceof GalleyError && error.code.startsWith('PLAN_'))) return error
  const { what, why, fix, details } = error
  const place = `in the recipe '${recipe}', ${after ? `after '${after}' is declared` : 'before its first step'}`
  return new GalleyError(error.code, {
    what,
    why: why ? `${why}, ${place}` : place,
    ...(fix ? { fix } : {}),
    details: { ...details, recipe, ...(after ? { after } : {}) },
    cause: error,
  })
}
