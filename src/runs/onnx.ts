import { isAbsolute } from 'node:path'
import { GalleyError } from '../base/errors.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { printExpr } from '../plan/print.ts'
import { fieldOf, isDecimal, isNumeric, type Schema, typeName } from '../plan/types.ts'
import type { Declaring } from './flow.ts'
import { gateMetrics } from './gate.ts'
import { BINARY, type Goal, goalOf } from './goal.ts'
import type { Dataset, Kitchen } from './kitchen.ts'
import type { OnnxOptions } from './options.ts'
import type { Label, OnnxSpec } from './specs.ts'

const KNOWN = ['file', 'features', 'target', 'goal', 'inputs', 'output', 'classes', 'positive', 'logits', 'threshold', 'gate', 'limits', 'timeout'] as const // biome-ignore format: one line
/** Seconds that a model may take unless its recipe says otherwise. */
const SECONDS = 30

const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line

/** The verb of steps that take a model which was made elsewhere. */
export function bringing({ add }: Pick<Declaring, 'add'>): Pick<Kitchen, 'onnx'> {
  const onnx = (id: string, data: Dataset<never>, options: OnnxOptions<string>) => {
    if (data?.table === undefined)
      throw refuse(`'${id}' is given no dataset`, 'features are made by a plan, and a model is judged on rows', "publish the table first: k.dataset('features', table)") // biome-ignore format: one line
    optionsOf(options, KNOWN, `onnx '${id}'`)
    const { schema } = data.table
    const { spec, from } = specOf(id, schema, options)
    add(id, 'onnx', [data.step, ...(from === undefined ? [] : [from])], spec, options)
    return { step: id }
  }
  return { onnx } as unknown as Pick<Kitchen, 'onnx'>
}

function specOf(id: string, schema: Schema, o: OnnxOptions<string>): { spec: OnnxSpec; from?: string } {
  checkFeatures(id, schema, o)
  const goal = goalFor(id, schema, o)
  const condition = o.gate?.(gateMetrics(goal)).expr
  if (condition && o.target === undefined) throw refuse(`'${id}' has a gate and no target`, 'a gate looks at how a model is judged', 'name the column of what was to be said: target') // biome-ignore format: one line
  const { seconds = SECONDS, memoryMiB = null } = optionsOf(o.limits ?? {}, ['seconds', 'memoryMiB'], `limits of '${id}'`) // biome-ignore format: one line
  for (const [name, value] of [['seconds', seconds], ['memoryMiB', memoryMiB]] as const) // biome-ignore format: one line
    if (value !== null && !(typeof value === 'number' && value > 0)) throw refuse(`'${id}' has the limit '${name}: ${String(value)}'`, 'it is a number above 0', 'correct it') // biome-ignore format: one line
  const threshold = o.threshold
  if (threshold !== undefined && !(goal.kind === 'binary' && threshold >= 0 && threshold <= 1))
    throw refuse(`'${id}' is given the threshold ${String(threshold)}`, 'it is a probability, of a binary goal', 'correct it, or leave it out') // biome-ignore format: one line
  const made = typeof o.file === 'object' ? o.file : undefined
  return {
    spec: {
      ...{ file: typeof o.file === 'string' ? o.file : null, left: made?.file ?? null },
      ...{ target: o.target ?? null, ...(goal.kind === 'binary' ? {} : { goal }) },
      ...{ features: o.features, fit: [], candidates: [], seed: 1 },
      ...(o.inputs === undefined ? {} : { inputs: inputsOf(id, o) }),
      ...(o.output === undefined ? {} : { output: o.output }),
      ...(o.classes === undefined ? {} : { classes: classesOf(id, o.classes) }),
      ...(o.positive === undefined ? {} : { positive: o.positive }),
      ...(o.logits ? { logits: true } : {}),
      ...(threshold === undefined ? {} : { threshold }),
      gate: condition ? { condition, title: printExpr(condition) } : null,
      limits: { seconds, memoryMiB },
    },
    ...(made ? { from: made.step } : {}),
  }
}

/** @throws RECIPE_INVALID for a file that is none, features of types that no model takes, and where the model would be given the answer */
function checkFeatures(id: string, schema: Schema, { file, features, target }: OnnxOptions<string>): void {
  const named = typeof file === 'string' ? file !== '' && !file.includes('\0') : typeof file?.step === 'string' && typeof file.file === 'string' // biome-ignore format: one line
  if (!named) throw refuse(`'${id}' is given no file`, 'it takes the path of an ONNX file from the recipe’s folder on, or a file that a process step leaves', "write file: 'model.onnx'") // biome-ignore format: one line
  if (typeof file === 'string' && !isAbsolute(file) && file.split(/[/\\]/).includes('..'))
    throw refuse(`'${id}' is given the file '${file}'`, 'it lies outside of the recipe’s folder', 'put it there, or name it by its whole path') // biome-ignore format: one line
  if (!Array.isArray(features) || features.length === 0 || features.some((f) => typeof f !== 'string'))
    throw refuse(`'${id}' is given no features`, 'a model takes columns of the dataset', "name them in the model's order: features: ['age', 'city']") // biome-ignore format: one line
  for (const name of features) {
    const { type } = fieldOf(schema, name, `onnx '${id}'`)
    if (type === 'bool' || type === 'string' || (isNumeric(type) && !isDecimal(type))) continue
    throw refuse(`'${id}' can't take '${name}' as a feature: it is a ${typeName(type)}`, 'a feature is a number, true or false, or a text', isDecimal(type) ? `derive a float of it: r.${name}.cast('float64')` : 'derive numbers of it') // biome-ignore format: one line
  }
  const twice = features.find((f, i) => features.indexOf(f) !== i)
  if (twice !== undefined) throw refuse(`'${id}' names the feature '${twice}' twice`, 'each is given once', 'leave one out') // biome-ignore format: one line
  if (target !== undefined && features.includes(target))
    throw refuse(`'${id}' is to say '${target}' from '${target}'`, 'its target is among its features', `leave '${target}' out of features`) // biome-ignore format: one line
}

function goalFor(id: string, schema: Schema, { target, goal }: OnnxOptions<string>): Goal {
  if ((typeof goal === 'string' ? goal : goal?.kind) === 'ranking') throw refuse(`'${id}' has the goal 'ranking'`, 'models of orders are not taken from elsewhere', "say goal: 'regression' for its scores") // biome-ignore format: one line
  if (target !== undefined) return goalOf(id, target, fieldOf(schema, target, `onnx '${id}'`).type, goal)
  return goal === undefined ? BINARY : goalOf(id, 'x', 'int64', goal)
}

function inputsOf(id: string, { inputs = {}, features }: OnnxOptions<string>): NonNullable<OnnxSpec['inputs']> {
  const lists = Object.entries(inputs).map(([name, of]) => [name, typeof of === 'string' ? [of] : of] as const)
  for (const [name, of] of lists)
    for (const f of of)
      if (!features.includes(f)) throw refuse(`'${id}' gives its input '${name}' the feature '${f}'`, `its features are ${features.join(', ')}`, 'add it to them') // biome-ignore format: one line
  return Object.fromEntries(lists)
}

function classesOf(id: string, classes: readonly Label[]): readonly Label[] {
  if (Array.isArray(classes) && classes.length > 1 && new Set(classes).size === classes.length) return classes
  throw refuse(`'${id}' is given classes that are none`, 'two or more, each once, in the order of the model’s output', "write classes: ['red', 'green']") // biome-ignore format: one line
}
