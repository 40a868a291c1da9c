import { GalleyError } from '../../base/errors.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { columnsOf } from '../../plan/expr.ts'
import { compileSlot, type SlotFunction } from '../closures.ts'
import { located, raise, type Slot } from '../failure.ts'
import { type Externals, type Program, type Refusal, refusalOf, refused, standIn, type Val } from './lower.ts'

export type Models = (name: string) => Evaluator

/** One row through a plan, node by node; values that failed and that nobody used yet stand in it as failures. */
export type Interpreter = (row: readonly Slot[]) => Slot[] | Refusal

/** The same, made when the first row comes to it: where code is generated, few rows or none ever do. */
export function lazily(make: () => Interpreter): Interpreter {
  let made: Interpreter | undefined
  return (row) => (made ??= make())(row)
}

/**
 * The plan as closures: what runs where code generation is disallowed, and what says exactly how a value fails.
 * The result raises what failed in its columns only through `raise`.
 */
export function interpreter(program: Program, models: Models, externals: Externals = () => undefined): Interpreter {
  let schema = program.input
  let run: Interpreter = (row) => [...row]
  for (const n of program.chain) {
    const before = run
    const from = schema
    schema = n.schema
    switch (n.op) {
      case 'filter':
      case 'reject': {
        const predicate = compileSlot(n.predicate, from, models)
        const wanted = n.op === 'filter'
        const refusal = refusalOf(n)
        const where = { verb: n.op, columns: columnsOf(n.predicate) }
        run = (input) => {
          const row = before(input)
          return refused(row) || (raise(located(predicate(row), where)) === true) === wanted ? row : refusal
        }
        break
      }
      case 'select':
      case 'derive': {
        const computed = new Map(
          n.columns.map(([name, e]) => {
            const compute = compileSlot(e, from, models)
            const where = { verb: n.op, columns: [name] }
            return [name, (row: readonly Slot[]) => located(compute(row), where)]
          }),
        )
        const places = new Map(from.map((f, i) => [f.name, i]))
        const columns = n.schema.map((f): SlotFunction => {
          const place = places.get(f.name) as number
          return computed.get(f.name) ?? ((row) => row[place] as Slot)
        })
        run = (input) => {
          const row = before(input)
          return refused(row) ? row : columns.map((c) => c(row))
        }
        break
      }
      case 'annotate':
        break
      default: {
        const external = externals(n)
        if (!external) throw new GalleyError('PLAN_INVALID', { what: `${n.op} has no meaning for one record` })
        const places = external.args.map((name) => from.findIndex((f) => f.name === name))
        run = (input) => {
          const row = before(input)
          if (refused(row)) return row
          const added = external.call(places.map((i) => raise(row[i] as Slot)))
          return refused(added) ? added : [...row, ...added]
        }
      }
    }
  }
  return run
}

/** The closure of one value over its arguments. */
export function closureOf(val: Val, models: Models): SlotFunction {
  if (val.expr === null) throw new GalleyError('INTERNAL_BUG', { what: 'a column has no expression' })
  return compileSlot(...standIn(val.expr, val.args), models)
}
