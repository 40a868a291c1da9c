import { asGalleyError, type ErrorText, GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { EngineChoice } from '../../engines/engine.ts'
import type { Run } from '../../store/runs.ts'
import type { OnRunEvent } from '../events.ts'
import { passes } from '../passing.ts'
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

/** Whether what a run throws stops those after it, too: it was cancelled, its job is another worker's, or the store is out of reach. */
const endsAll = (error: GalleyError) =>
  error.code === 'CANCELLED' || (error.code === 'STORE_CONFLICT' && error.details['job'] !== undefined) || passes(error)

/**
 * Runs partitions one after the other, in their order. What is done stays done, wherever it is stopped: it goes on with those that are left.
 * @throws CANCELLED; what may pass (a database out of reach); what else a run throws, unless `keepGoing`
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
    /** Runs of these partitions that were begun before by the same job: one that waits goes on, one that is done or was refused stands. */
    readonly before?: ReadonlyMap<string, Run>
    /** Told each run's record before its first step. */
    readonly begun?: (record: Run) => Promise<void>
  },
): Promise<readonly Filled[]> {
  const { keepGoing, filled, before, ...asked } = options
  const all: Filled[] = []
  for (const partition of partitions) {
    const began = ware.clock.ticks()
    const took = () => (ware.clock.ticks() - began) / 1000
    let one: Filled
    try {
      const recipe = made.of(partition)
      const was = before?.get(partition)
      const stands = was?.recipeHash === hashRecipe(recipe) ? was.status : undefined
      const { code, ...told } = (was?.error ?? { code: '' }) as ErrorText & { code: string }
      if (was && stands === 'failed' && code === 'APPROVAL_REJECTED') throw new GalleyError(code, told)
      if (was && stands === 'done') one = { partition, seconds: 0, run: was.number }
      else {
        const { id, number, waiting } = await run(ware, scope, recipe, { ...asked, ...(was && stands === 'waiting' ? { resume: was.id } : {}) }) // biome-ignore format: one line
        one = { partition, seconds: took(), run: number, ...(waiting.length > 0 ? { waits: id } : {}) }
      }
    } catch (thrown) {
      const error = asGalleyError(thrown)
      if (!keepGoing || asked.signal.aborted || endsAll(error)) throw thrown
      one = { partition, seconds: took(), error }
    }
    all.push(one)
    filled?.(one)
  }
  return all
}
