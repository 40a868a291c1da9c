import { GalleyError, nearest } from '../../base/errors.ts'
import type { TrainTask } from './trainer.ts'

type Params = TrainTask['params']

/** A numeric parameter: its default and the range it must lie in (both ends included). */
export interface NumberParam {
  readonly value: number
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/**
 * The numeric parameters of a trainer, defaults filled in. `others` names parameters that the trainer reads itself.
 * @throws USAGE_INVALID for an unknown name, naming the known ones, and for a value outside its range
 */
export function numberParams<K extends string>(
  kind: string,
  params: Params,
  table: Readonly<Record<K, NumberParam>>,
  others: readonly string[] = [],
): Record<K, number> {
  const known = [...Object.keys(table), ...others]
  for (const name of Object.keys(params)) {
    if (known.includes(name)) continue
    const close = nearest(name, known)
    throw new GalleyError('USAGE_INVALID', {
      what: `the ${kind} trainer has no parameter "${name}"`,
      fix: close === undefined ? `it has: ${known.join(', ') || 'none'}` : `did you mean "${close}"?`,
      details: { parameter: name, known },
    })
  }
  const entries = Object.entries<NumberParam>(table).map(([name, spec]) => {
    const value = params[name] ?? spec.value
    if (typeof value === 'number' && value >= spec.min && value <= spec.max)
      if (spec.integer !== true || Number.isInteger(value)) return [name, value] as const
    throw new GalleyError('USAGE_INVALID', {
      what: `${kind}: ${name} must be ${spec.integer ? 'a whole number' : 'a number'} from ${spec.min} to ${spec.max}`,
      why: `it is ${JSON.stringify(value)}`,
      details: { parameter: name },
    })
  })
  return Object.fromEntries(entries) as Record<K, number>
}
