import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { Store } from '../../store/store.ts'
import { hashRecipe } from '../recipe.ts'
import { newestBy, spansBy } from './dimensions.ts'
import type { Dimensions, Partitioned } from './partitioned.ts'

/** How a partition stands: never run, its newest run is under way, waits for an approval, failed, was cancelled or killed, the recipe says something else since, done. */
export type PartitionState = 'missing' | 'running' | 'waiting' | 'failed' | 'changed' | 'done'

export interface PartitionAt {
  readonly partition: string
  readonly state: PartitionState
  /** Its newest run, by number. */
  readonly run?: number
}

/** Partitions that are looked at together. */
const MOST = 100_000

/** Partitions whose windows are over at a moment (ms since 1970), oldest first, and how each stands. @throws USAGE_INVALID where there are too many */
export async function partitionStates(
  store: Store,
  scope: Scope,
  made: Partitioned,
  range: { readonly now: number; readonly first?: string | undefined; readonly last?: string | undefined },
): Promise<PartitionAt[]> {
  const names = partitionsIn(made, range)
  const ran = new Map<string, { id: string; number: number; status: string; recipeHash: string }>()
  for (let cursor: string | undefined; ; ) {
    const page = await store.runs.partitions(scope, made.name, { limit: 500, ...(cursor ? { cursor } : {}) })
    for (const run of page.items) ran.set(run.partition as string, run)
    if (!page.next) break
    cursor = page.next
  }
  // a run that was killed can't say so itself
  const gone = new Set((await store.runs.abandoned(scope)).map((run) => run.id))
  return names.map((partition) => {
    const run = ran.get(partition)
    if (!run) return { partition, state: 'missing' }
    const { id, number, status, recipeHash } = run
    if (status === 'waiting') return { partition, state: status, run: number }
    if (status !== 'done')
      return { partition, state: status === 'running' && !gone.has(id) ? 'running' : 'failed', run: number }
    return { partition, state: recipeHash === hashRecipe(made.of(partition)) ? 'done' : 'changed', run: number }
  })
}

/** Partitions by name; those of the same window stand together. */
function partitionsIn(
  { name, dimensions }: Partitioned,
  { now, ...range }: { readonly now: number; readonly first?: string | undefined; readonly last?: string | undefined },
): string[] {
  const tooMany = () =>
    new GalleyError('USAGE_INVALID', {
      what: `'${name}' has more than ${MOST.toLocaleString('en-US')} partitions there`,
      why: 'that is more than are looked at together',
      fix: 'name a shorter range: --from 2026-01-01 --until 2026-02-01',
    })
  const each = inOrder(dimensions).map(([dimension, d]): readonly [string, string[]] => {
    if (d.kind === 'keys') return [dimension, [...d.keys]]
    const ids: string[] = []
    for (const { id } of spansBy(now, d, range)) if (ids.push(id) > MOST) throw tooMany()
    return [dimension, ids]
  })
  if (each.reduce((n, [, ids]) => n * ids.length, 1) > MOST) throw tooMany()
  return product(dimensions, each)
}

/** Partitions of the newest window that is over at a moment; of every name where there is no dimension of time. @throws PARTITION_UNKNOWN where no window is over yet */
export function newestPartitions(
  { name, dimensions }: Pick<Partitioned, 'name' | 'dimensions'>,
  now: number,
): string[] {
  const each = inOrder(dimensions).map(([dimension, d]): readonly [string, string[]] => {
    if (d.kind === 'keys') return [dimension, [...d.keys]]
    const newest = newestBy(now, d)
    if (newest) return [dimension, [newest.id]]
    throw new GalleyError('PARTITION_UNKNOWN', {
      what: `'${name}' has no partition yet`,
      why: `its first ${d.every}, ${d.from}, is not over`,
      fix: 'name one all the same: --partition 2026-01-31; or let the recipe begin earlier',
    })
  })
  return product(dimensions, each)
}

/** Time first: partitions are told by their windows. */
const inOrder = (dimensions: Dimensions) =>
  Object.entries(dimensions).toSorted(([, a], [, b]) => Number(a.kind === 'keys') - Number(b.kind === 'keys'))

/** All ways to take one name of each, the last varying fastest, written in the recipe's order. */
function product(dimensions: Dimensions, each: readonly (readonly [string, string[]])[]): string[] {
  const all = each.reduce<Readonly<Record<string, string>>[]>(
    (some, [dimension, ids]) => some.flatMap((s) => ids.map((id) => ({ ...s, [dimension]: id }))),
    [{}],
  )
  return all.map((ids) =>
    Object.keys(dimensions)
      .map((n) => ids[n])
      .join('/'),
  )
}
