import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import { randomsOf } from '../../base/random.ts'

/** How much worse a model does when a feature's values are dealt out anew among the rows. */
export interface Importance {
  readonly feature: string
  /** Mean over repeats, and their standard deviation; above 0: the feature helps. */
  readonly mean: number
  readonly sd: number
}

export interface PermutationTask {
  readonly features: readonly string[]
  /** A column a feature. */
  readonly columns: readonly Float64Array[]
  /** How well the model does on such columns: higher is better. */
  quality(columns: readonly Float64Array[]): number | Promise<number>
  readonly repeats: number
  readonly seed: number
  readonly signal?: AbortSignal
  progress?(done: number, total: number): void
}

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), the most important first; none where quality can't be told (NaN), as of rows
 * of one class. @throws CANCELLED
 */
export async function permutationImportance(task: PermutationTask): Promise<Importance[]> {
  const { features, columns, repeats } = task
  const before = await task.quality(columns)
  if (Number.isNaN(before)) return []
  const found: Importance[] = []
  for (const [f, feature] of features.entries()) {
    const drops: number[] = []
    for (let r = 0; r < repeats; r++) {
      await nextTurn()
      if (task.signal) throwIfAborted(task.signal)
      const dealt = shuffled(columns[f] as Float64Array, randomsOf(task.seed, f * repeats + r))
      drops.push(before - (await task.quality(columns.with(f, dealt))))
      task.progress?.(f * repeats + r + 1, features.length * repeats)
    }
    const mean = drops.reduce((a, b) => a + b, 0) / repeats
    const sd = repeats < 2 ? 0 : Math.sqrt(drops.reduce((a, b) => a + (b - mean) ** 2, 0) / (repeats - 1))
    found.push({ feature, mean, sd })
  }
  return found.sort((a, b) => b.mean - a.mean)
}

/** In an order by chance (Fisher and Yates). */
function shuffled(values: Float64Array, random: () => number): Float64Array {
  const out = values.slice()
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const v = out[i] as number
    out[i] = out[j] as number
    out[j] = v
  }
  return out
}
