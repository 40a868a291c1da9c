import { GalleyError, nearest } from '../base/errors.ts'
import { column } from '../plan/columns/column.ts'
import type { Col, Row } from '../plan/columns/kinds.ts'
import { col } from '../plan/expr.ts'
import type { Field } from '../plan/types.ts'

type Number64 = Col<'float64'> & Row<{ x: 'float64' }>['x']
type PartMetrics = { readonly [M in 'auc' | 'logLoss' | 'brier' | 'accuracy']: Number64 }
/** What a gate sees. */
export type GateMetrics = {
  readonly validate: PartMetrics
  readonly test: PartMetrics
  readonly baseline: { readonly validate: PartMetrics; readonly test: PartMetrics }
}
export const GATE_METRICS = ['auc', 'logLoss', 'brier', 'accuracy'] as const
export const GATE_SCHEMA: readonly Field[] = ['validate', 'test', 'baseline.validate', 'baseline.test'].flatMap(
  (part) => GATE_METRICS.map((m): Field => ({ name: `${part}.${m}`, type: 'float64', nullable: true })),
)

/** `m.validate.auc` and its like as columns over the gate's schema. */
export function gateMetrics(): GateMetrics {
  const part = (prefix: string): PartMetrics =>
    named(
      Object.fromEntries(GATE_METRICS.map((m) => [m, column(col(`${prefix}.${m}`), GATE_SCHEMA, 'gate')])),
      'metric',
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
