import { GalleyError } from '../base/errors.ts'
import type { Evaluator } from '../plan/evaluator.ts'
import type { Expr } from '../plan/expr.ts'
import { argumentType } from '../plan/functions/widen.ts'
import { infer } from '../plan/infer.ts'
import type { Schema, Type } from '../plan/types.ts'
import type { Value } from './batch.ts'
import { cast, widening } from './casts.ts'
import { attempt, failed, raise, type Slot } from './failure.ts'
import { SCALARS, SEES_NULL } from './scalars/index.ts'
import { keyOf, literalValue } from './values.ts'

/** One row: values in schema order. */
export type Tuple = Value[]
export type RowFunction = (row: Tuple) => Value
/** One row whose values may be failures that nobody has used yet. */
export type SlotFunction = (row: readonly Slot[]) => Slot
type Models = (name: string) => Evaluator

/** Compiles an expression to a closure over a row that raises what fails. `models` gives the evaluators that `predict` names. */
export function compileExpr(e: Expr, schema: Schema, models: Models = noModel): (row: readonly Slot[]) => Value {
  const f = compileSlot(e, schema, models)
  return (row) => raise(f(row))
}

/** Compiles an expression to a closure that gives a failure where it fails; a function of a failure is that failure. */
export function compileSlot(e: Expr, schema: Schema, models: Models = noModel): SlotFunction {
  const compile = (child: Expr) => compileSlot(child, schema, models)
  switch (e.op) {
    case 'col': {
      const index = schema.findIndex((f) => f.name === e.name)
      return (row) => row[index] as Slot
    }
    case 'lit': {
      const value = literalValue(e.value, e.type)
      return () => value
    }
    case 'cast': {
      const arg = compile(e.arg)
      const from = infer(e.arg, schema, 'cast').type
      const strict = attempt((x: Value) => cast(x, from, e.to))
      return (row) => {
        const x = arg(row)
        if (x === null || failed(x)) return x
        const y = strict(x)
        return e.onError === 'null' && failed(y) ? null : y
      }
    }
    case 'case': {
      const type = infer(e, schema, 'case').type
      const branches = e.when.map(([c, v]) => [compile(c), widened(v, type, schema, compile)] as const)
      const otherwise = widened(e.otherwise, type, schema, compile)
      return (row) => {
        for (const [condition, value] of branches) {
          const holds = condition(row)
          if (failed(holds)) return holds
          if (holds === true) return value(row)
        }
        return otherwise(row)
      }
    }
    case 'lookup':
      return compileLookup(e, schema, compile)
    case 'predict': {
      const model = models(e.model)
      const args = e.args.map(compile)
      const buffer = new Float64Array(args.length)
      return (row) => {
        for (let i = 0; i < args.length; i++) {
          const value = args[i]?.(row) ?? null
          if (failed(value)) return value
          buffer[i] = value === null ? Number.NaN : Number(value)
        }
        return model.one(buffer)
      }
    }
    case 'call': {
      const types = e.args.map((a) => infer(a, schema, e.fn).type)
      const common = argumentType(e.fn, types)
      if (common === undefined) return compileCall(e, types, e.args.map(compile))
      return compileCall(
        e,
        types.map(() => common),
        e.args.map((a) => widened(a, common, schema, compile)),
      )
    }
  }
}

function widened(e: Expr, to: Type, schema: Schema, compile: (child: Expr) => SlotFunction): SlotFunction {
  const arg = compile(e)
  const widen = widening(infer(e, schema, 'widen').type, to)
  if (!widen) return arg
  const checked = attempt(widen)
  return (row) => {
    const x = arg(row)
    return failed(x) ? x : checked(x)
  }
}

function compileCall(
  e: Extract<Expr, { op: 'call' }>,
  types: readonly Type[],
  args: readonly SlotFunction[],
): SlotFunction {
  const [a, b] = args
  switch (e.fn) {
    case 'and':
    case 'or': {
      // as with null, a side that decides alone decides, whatever the other one is
      const decides = e.fn === 'or'
      return (row) => {
        const x = (a as SlotFunction)(row)
        if (x === decides) return x
        const y = (b as SlotFunction)(row)
        if (y === decides) return y
        if (failed(x)) return x
        return failed(y) ? y : x === null || y === null ? null : !decides
      }
    }
    case 'coalesce':
      return (row) => {
        for (const arg of args) {
          const x = arg(row)
          if (x !== null) return x
        }
        return null
      }
    case 'fails':
      return (row) => failed((a as SlotFunction)(row))
    case 'orNull':
      return (row) => {
        const x = (a as SlotFunction)(row)
        return failed(x) ? null : x
      }
  }
  const f = SCALARS[e.fn]
  const one = attempt((x: Value) => f([x], types))
  const two = attempt((x: Value, y: Value) => f([x, y], types))
  const many = attempt((values: readonly Value[]) => f(values, types))
  if (args.length === 1 && a && !SEES_NULL.has(e.fn))
    return (row) => {
      const x = a(row)
      return x === null || failed(x) ? x : one(x)
    }
  if (args.length === 2 && a && b && !SEES_NULL.has(e.fn))
    return (row) => {
      const x = a(row)
      if (failed(x)) return x
      const y = b(row)
      if (failed(y)) return y
      return x === null || y === null ? null : two(x, y)
    }
  return (row) => {
    const values: Value[] = []
    let missing = false
    for (const arg of args) {
      const x = arg(row)
      if (failed(x)) return x
      if (x === null) missing = true
      values.push(x)
    }
    return missing && !SEES_NULL.has(e.fn) ? null : many(values)
  }
}

function compileLookup(
  e: Extract<Expr, { op: 'lookup' }>,
  schema: Schema,
  compile: (child: Expr) => SlotFunction,
): SlotFunction {
  const types = e.args.map((a) => infer(a, schema, 'lookup').type)
  const args = e.args.map(compile)
  const table = new Map(
    e.table.keys.map(
      (key, i) =>
        [
          keyOf(key.map((k, j) => literalValue(k, types[j] ?? 'string'))),
          literalValue(e.table.values[i] ?? null, e.type),
        ] as const,
    ),
  )
  const fallback = literalValue(e.fallback, e.type)
  return (row) => {
    const key: Value[] = []
    for (const arg of args) {
      const x = arg(row)
      if (failed(x)) return x
      key.push(x)
    }
    const found = table.get(keyOf(key))
    return found === undefined ? fallback : found
  }
}

function noModel(name: string): Evaluator {
  throw new GalleyError('ENGINE_GAP', {
    what: `no model '${name}' is bound`,
    why: 'predict() needs one',
    fix: 'run the plan where the model is loaded',
  })
}
