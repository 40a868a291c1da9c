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
    Object.fromEntries(
      GATE_METRICS.map((m) => [m, column(col(`${prefix}.${m}`), GATE_SCHEMA, 'gate')]),
    ) as unknown as PartMetrics
  return {
    validate: part('validate'),
    test: part('test'),
    baseline: { validate: part('baseline.validate'), test: part('baseline.test') },
  }
}
