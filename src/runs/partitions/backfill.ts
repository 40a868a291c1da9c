import { asGalleyError, type GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { EngineChoice } from '../../engines/engine.ts'
import type { Run } from '../../store/runs.ts'
import type { OnRunEvent } from '../events.ts'
import { hashRecipe } from '../recipe.ts'
import { run } from '../runner.ts'
import type { Kitchenware } from '../step.ts'
import type { Partitioned } from './partitioned.ts'

/** What became of a partition. */
export interface Filled {
  readonly partition: string
  readonly seconds: number
  readonly run?: number
  /** The run, by its id, where it waits for an approval. */
  readonly waits?: string
  /** Why it is not done. */
  readonly error?: GalleyError
}

/**
 * Runs partitions one after the other, in their order. What is done stays done, wherever it is stopped: it goes on with those that are left.
 * @throws CANCELLED; what a run throws, unless `keepGoing`
 */
export async function backfill(
  ware: Kitchenware,
  scope: Scope,
  made: Partitioned,
  partitions: readonly string[],
  options: {
    readonly folder: string
    readonly signal: AbortSignal
    readonly on: OnRunEvent
    readonly engine?: EngineChoice
    /** ms that each run may take. */
    readonly timeout?: number
    /** Whether those after one that fails are run all the same. */
    readonly keepGoing?: boolean
    readonly filled?: (one: Filled) => void
    /** A run of one of these partitions that waits: it goes on. */
    readonly resume?: Run
    /** Told each run's record before its first step. */
    readonly begun?: (record: Run) => Promise<void>
  },
): Promise<readonly Filled[]> {
  const { keepGoing, filled, resume, ...asked } = options
  const all: Filled[] = []
  for (const partition of partitions) {
    const began = ware.clock.ticks()
    const took = () => (ware.clock.ticks() - began) / 1000
    let one: Filled
    try {
      const recipe = made.of(partition)
      const goesOn = resume?.partition === partition && resume.recipeHash === hashRecipe(recipe)
      const { id, number, waiting } = await run(ware, scope, recipe, { ...asked, ...(goesOn ? { resume: resume.id } : {}) }) // biome-ignore format: one line
      one = { partition, seconds: took(), run: number, ...(waiting.length > 0 ? { waits: id } : {}) }
    } catch (thrown) {
      const error = asGalleyError(thrown)
      if (!keepGoing || error.code === 'CANCELLED') throw thrown
      one = { partition, seconds: took(), error }
    }
    all.push(one)
    filled?.(one)
  }
  return all
}
