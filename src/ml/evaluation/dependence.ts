import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../base/errors.ts'
import type { Scorer } from '../registry/scorer.ts'
import { quantileSorted } from './interval.ts'

/** What a model says on average when all rows have one value of a feature. */
export interface Dependence {
  readonly feature: string
  readonly points: readonly {
    readonly x: number
    readonly mean: number
    /** A tenth of the rows' own answers lies below, and above. */
    readonly low: number
    readonly high: number
  }[]
  /** Of codes: what each point stands for. */
  readonly names?: readonly string[]
}

export interface DependenceTask {
  readonly evaluator: Pick<Scorer, 'inputs' | 'outputs' | 'many'>
  /** A column an input of the evaluator. */
  readonly columns: readonly Float64Array[]
  /** Which of the evaluator's outputs; the first unless given. */
  readonly output?: number
  readonly signal?: AbortSignal
}

/** Values of a feature to ask about: all where there are few, else evenly from its 5 % quantile to its 95 % one. */
export function gridOf(values: Float64Array, most = 20): Float64Array {
  const known = values.filter(Number.isFinite).sort()
  const distinct = [...new Set(known)]
  if (distinct.length <= most) return Float64Array.from(distinct)
  const [low, high] = [quantileSorted(known, 0.05), quantileSorted(known, 0.95)]
  if (low === high) return Float64Array.of(low)
  return Float64Array.from({ length: most }, (_, i) => low + ((high - low) * i) / (most - 1))
}

/** Partial dependence (Friedman 2001) with the spread of the rows' own curves (Goldstein et al. 2015). @throws CANCELLED */
export async function partialDependence(
  task: DependenceTask,
  feature: string,
  grid: Float64Array,
): Promise<Dependence> {
  // biome-ignore format: one line
  const { evaluator, columns, output = 0 } = task
  const at = evaluator.inputs.indexOf(feature)
  const rows = columns[0]?.length ?? 0
  const n = evaluator.outputs
  const out = new Float64Array(rows * n)
  const points: Dependence['points'][number][] = []
  if (at < 0 || rows === 0) return { feature, points }
  const same = new Float64Array(rows)
  const asked = columns.with(at, same)
  for (const x of grid) {
    await nextTurn()
    if (task.signal) throwIfAborted(task.signal)
    same.fill(x)
    await evaluator.many(asked, rows, out)
    const own = n === 1 ? out.slice() : Float64Array.from({ length: rows }, (_, i) => out[i * n + output] as number)
    const mean = own.reduce((a, b) => a + b, 0) / rows
    own.sort()
    points.push({ x, mean, low: quantileSorted(own, 0.1), high: quantileSorted(own, 0.9) })
  }
  return { feature, points }
}
