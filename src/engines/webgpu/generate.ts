import fc from 'fast-check'
import { type Agg, type AggregateName, col, type Literal } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { expressionsOf } from './generate-expressions.ts'
import { KINDS, type Kind } from './generate-kinds.ts'
import { maybe, SCHEMA, TYPES, valuesOf } from './generate-values.ts'

type Expressions = ReturnType<typeof expressionsOf>
const keysOf = fc.subarray(Object.keys(TYPES), { maxLength: 3 })
/** Aggregates of a kind's values that the device claims. */
const AGGREGATES: Readonly<Record<Kind, readonly AggregateName[]>> = {
  long: ['count', 'min', 'max'],
  int: ['count', 'sum', 'mean', 'min', 'max'],
  bool: ['count', 'sum', 'mean', 'min', 'max'],
  text: ['count'],
  float: ['count', 'min', 'max'],
  single: ['count', 'min', 'max'],
  instant: ['count', 'min', 'max'],
  local: ['count', 'min', 'max'],
  date: ['count', 'min', 'max'],
  span: ['count', 'min', 'max'],
  money: ['count', 'sum', 'mean', 'min', 'max'],
  exact: ['count', 'sum', 'min', 'max'],
}
const aggregatesOf = (expressions: Expressions) =>
  fc.array(
    fc
      .constantFrom(...KINDS)
      .chain((k) => fc.tuple(fc.constantFrom(...AGGREGATES[k]), expressions[k]).map(([fn, arg]): Agg => ({ fn, arg }))),
    { maxLength: 3 },
  )

/** Derive, filter, reject, then select (different rows or all) or aggregate. */
const plansOf = (expressions: Expressions): fc.Arbitrary<Node> =>
  fc
    .tuple(
      fc.array(fc.tuple(...SCHEMA.map((f) => (f.nullable ? maybe(valuesOf(f.type)) : valuesOf(f.type)))), {
        maxLength: 70,
      }),
      fc.array(
        fc.constantFrom(...KINDS).chain((k) => expressions[k]),
        { minLength: 1, maxLength: 5 },
      ),
      maybe(expressions.bool),
      maybe(expressions.bool),
      fc.subarray(Object.keys(TYPES)),
      fc.option(fc.tuple(keysOf, aggregatesOf(expressions)), { freq: 2, nil: null }),
      fc.boolean(),
    )
    .map(([rows, made, keep, drop, kept, grouped, distinct]) => {
      const named = made.map((e, i) => [`o${i}`, e] as const)
      let n: Node = build({ op: 'scan', from: { kind: 'rows', rows: rows as Literal[][] }, schema: SCHEMA })
      n = build({ op: 'derive', input: n, columns: named })
      if (keep) n = build({ op: 'filter', input: n, predicate: keep })
      if (drop) n = build({ op: 'reject', input: n, predicate: drop, reason: 'generated', when: 'always' })
      if (grouped) {
        const [by, aggs] = grouped
        const named = aggs.map((a, i) => [`g${i}`, a] as const)
        return build({ op: 'aggregate', input: n, by, aggs: [['rows', { fn: 'count', arg: null }], ...named] })
      }
      const selected = build({
        op: 'select',
        input: n,
        columns: [...named.map(([name]) => name), ...kept].map((name) => [name, col(name)]),
      })
      return distinct ? build({ op: 'distinct', input: selected }) : selected
    })

/** Plans over one table that the device claims to take whole. */
export const devicePlans = plansOf(expressionsOf(false))
/** Such plans that compute with floats as well, which takes software drivers long to compile. */
export const devicePlansOfFloats = plansOf(expressionsOf(true))
