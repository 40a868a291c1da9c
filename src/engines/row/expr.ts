import { GalleyError } from '../../base/errors.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { Expr } from '../../plan/expr.ts'
import { infer } from '../../plan/infer.ts'
import type { Schema } from '../../plan/types.ts'
import type { Value } from '../batch.ts'
import { SCALARS, SEES_NULL } from '../scalars.ts'
import { cast, keyOf, literalValue } from '../values.ts'

/** One row: values in schema order. */
export type Tuple = Value[]
export type RowFunction = (row: Tuple) => Value

/** Compiles an expression to a closure over a row. `models` gives the evaluators that `predict` names. */
export function compileExpr(e: Expr, schema: Schema, models: (name: string) => Evaluator = noModel): RowFunction {
  switch (e.op) {
    case 'col': {
      const index = schema.findIndex((f) => f.name === e.name)
      return (row) => row[index] as Value
    }
    case 'lit': {
      const value = literalValue(e.value, e.type)
      return () => value
    }
    case 'cast': {
      const arg = compileExpr(e.arg, schema, models)
      const from = infer(e.arg, schema, 'cast').type
      const { to } = e
      if (e.onError === 'fail') return (row) => cast(arg(row), from, to)
      return (row) => {
        try {
          return cast(arg(row), from, to)
        } catch {
          return null
        }
      }
    }
    case 'case': {
      const branches = e.when.map(([c, v]) => [compileExpr(c, schema, models), compileExpr(v, schema, models)] as const)
      const otherwise = compileExpr(e.otherwise, schema, models)
      return (row) => {
        for (const [condition, value] of branches) if (condition(row) === true) return value(row)
        return otherwise(row)
      }
    }
    case 'lookup': {
      const types = e.args.map((a) => infer(a, schema, 'lookup').type)
      const args = e.args.map((a) => compileExpr(a, schema, models))
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
        const found = table.get(keyOf(args.map((a) => a(row))))
        return found === undefined ? fallback : found
      }
    }
    case 'predict': {
      const model = models(e.model)
      const args = e.args.map((a) => compileExpr(a, schema, models))
      const buffer = new Float64Array(args.length)
      return (row) => {
        for (let i = 0; i < args.length; i++) {
          const value = args[i]?.(row) ?? null
          buffer[i] = value === null ? Number.NaN : Number(value)
        }
        return model.one(buffer)
      }
    }
    case 'call': {
      const types = e.args.map((a) => infer(a, schema, e.fn).type)
      const args = e.args.map((a) => compileExpr(a, schema, models))
      const f = SCALARS[e.fn]
      const [a, b] = args
      if (SEES_NULL.has(e.fn))
        return (row) =>
          f(
            args.map((arg) => arg(row)),
            types,
          )
      if (args.length === 1 && a)
        return (row) => {
          const x = a(row)
          return x === null ? null : f([x], types)
        }
      if (args.length === 2 && a && b)
        return (row) => {
          const x = a(row)
          if (x === null) return null
          const y = b(row)
          return y === null ? null : f([x, y], types)
        }
      return (row) => {
        const values = args.map((arg) => arg(row))
        return values.includes(null) ? null : f(values, types)
      }
    }
  }
}

function noModel(name: string): Evaluator {
  throw new GalleyError('ENGINE_GAP', {
    what: `no model '${name}' is bound`,
    why: 'predict() needs one',
    fix: 'run the plan where the model is loaded',
  })
}
