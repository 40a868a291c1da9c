import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { Goal } from '../../runs/goal.ts'
import { aloneOf } from '../evaluation/leaks.ts'
import type { HeldRows } from './rows.ts'

/** A feature that tells the target almost alone. */
export interface Suspect {
  readonly feature: string
  /** Of classes the AUC whichever way it points, of numbers the squared rank correlation. */
  readonly strength: number
}

/** Rows that are looked at: more tell little more. */
const MOST = 10_000

/** Features that tell the target almost alone, the strongest first: a search is good at finding what leaks. @throws CANCELLED */
export async function suspectsOf(
  features: readonly string[],
  held: HeldRows,
  { goal, outputs }: { readonly goal: Goal; readonly outputs: number },
  signal: AbortSignal,
): Promise<Suspect[]> {
  const step = Math.ceil(held.rows / MOST)
  const picked = Uint32Array.from({ length: Math.floor(held.rows / step) }, (_, i) => i * step)
  const columns = held.columns(picked)
  const labels = Float64Array.from(picked, (i) => held.y[i] as number)
  const classes = goal.kind === 'regression' ? 0 : Math.max(2, outputs)
  const found: Suspect[] = []
  for (const [f, feature] of features.entries()) {
    for (const { strength, suspect } of aloneOf([feature], [columns[f] as Float64Array], labels, classes))
      if (suspect) found.push({ feature, strength })
    await nextTurn()
    throwIfAborted(signal)
  }
  return found.toSorted((a, b) => b.strength - a.strength)
}

/** What a person is told of it; nothing where there is nothing to tell. */
export function warningOf(suspects: readonly Suspect[]): string | undefined {
  if (suspects.length === 0) return undefined
  const named = suspects.slice(0, 5).map(({ feature, strength }) => `${feature} (${strength.toFixed(4)})`)
  const more = suspects.length > named.length ? ` and ${suspects.length - named.length} more` : ''
  return `tells the target almost alone: ${named.join(', ')}${more}; is it known when the question is asked?`
}
