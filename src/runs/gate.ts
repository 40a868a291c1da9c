import { GalleyError, nearest } from '../base/errors.ts'
import { column } from '../plan/columns/column.ts'
import type { Col, Row } from '../plan/columns/kinds.ts'
import { col } from '../plan/expr.ts'
import type { Field } from '../plan/types.ts'
import { BINARY, type Goal } from './goal.ts'

type Number64 = Col<'float64'> & Row<{ x: 'float64' }>['x']
/** What a gate sees of a part, by the kind of goal. */
const METRICS = {
  binary: ['auc', 'logLoss', 'brier', 'accuracy'],
  multiclass: ['logLoss', 'accuracy', 'balancedAccuracy', 'macroF1', 'auc'],
  ranking: ['ndcg5', 'ndcg10', 'ndcg', 'map', 'mrr', 'precision5', 'precision10'],
  regression: ['mae', 'rmse', 'r2', 'bias', 'mape', 'smape', 'pinball', 'below', 'poissonDeviance', 'tweedieDeviance'],
} as const
type PartMetrics = { readonly [M in (typeof METRICS)[keyof typeof METRICS][number]]: Number64 }
/** What a gate sees. */
export type GateMetrics = {
  readonly validate: PartMetrics
  readonly test: PartMetrics
  readonly baseline: { readonly validate: PartMetrics; readonly test: PartMetrics }
}
export const gateNames = ({ kind }: Goal): readonly string[] => METRICS[kind]
export const gateSchema = (goal: Goal = BINARY): readonly Field[] =>
  ['validate', 'test', 'baseline.validate', 'baseline.test'].flatMap((part) =>
    gateNames(goal).map((m): Field => ({ name: `${part}.${m}`, type: 'float64', nullable: true })),
  )

/** `m.validate.auc` and its like as columns over the gate's schema. */
export function gateMetrics(goal: Goal = BINARY): GateMetrics {
  const schema = gateSchema(goal)
  const part = (prefix: string): PartMetrics =>
    named(
      Object.fromEntries(gateNames(goal).map((m) => [m, column(col(`${prefix}.${m}`), schema, 'gate')])),
      `metric${goal.kind === 'binary' ? '' : ` of a ${goal.kind} goal`}`,
    ) as unknown as PartMetrics
  return named(
    {
      validate: part('validate'),
      test: part('test'),
      baseline: named({ validate: part('baseline.validate'), test: part('baseline.test') }, 'part of the baseline'),
    },
    'part',
  )
}

/** The same object, of which a name that is not there is told. @throws RECIPE_INVALID */
function named<T extends object>(of: T, what: string): T {
  return new Proxy(of, {
    get(target, name) {
      if (typeof name !== 'string' || name in target) return Reflect.get(target, name) as unknown
      const names = Object.keys(target)
      const close = nearest(name, names)
      throw new GalleyError('RECIPE_INVALID', {
        what: `a gate sees no ${what} '${name}'`,
        why: `it sees ${names.join(', ')}`,
        fix: close ? `did you mean '${close}'?` : 'use one of these',
      })
    },
  })
}
