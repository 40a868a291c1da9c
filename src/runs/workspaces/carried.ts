import { GalleyError } from '../../base/errors.ts'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import type { Position } from '../../store/branches.ts'
import type { Tables } from '../../store/store.ts'
import { lineage } from '../inline.ts'
import type { Recipe } from '../specs.ts'
import type { OpenBranch, Stand } from './branch.ts'
import { runOf } from './origin.ts'

/** Positions of sources that the branch read on, to be the parent's. */
export interface Carried {
  readonly positions: readonly Position[]
}

/**
 * How far the branch read the sources of what is promoted. The parent's position has to be the one that the branch began with: only then the branch's goes on from
 * it, and no row is left out or read twice. Rows that were pushed to the branch alone are not in the parent: a version made of them, and a position behind
 * them, would hide rows that are pushed to the parent under their numbers. @throws PROMOTE_CONFLICT, PROMOTE_REFUSED
 */
export async function carriedBy(tx: Tables, branch: OpenBranch, moved: readonly Stand[]): Promise<Carried> {
  const { scope, parent, name } = branch
  const sources = new Map<string, SourceSpec>()
  // also of those between: an append has rows of each of them
  for (const { dataset, own, branch: newest } of moved)
    for (let version = own + 1; version <= (newest ?? 0); version++) {
      const row = await tx.datasets.find(scope, dataset, version)
      const recipe = row && ((await runOf(tx, scope, row))?.recipeJson as Recipe | null | undefined)
      if (!recipe?.steps.some((s) => s.id === dataset)) continue
      for (const id of lineage(recipe, dataset)) {
        const step = recipe.steps.find((s) => s.id === id)
        if (step?.kind === 'source') sources.set(id, step.spec as SourceSpec)
      }
    }
  for (const [step, spec] of sources) {
    if (spec.connector !== 'push') continue
    const apart = await tx.branches.pushedApart(scope, parent.scope, spec.path)
    if (apart > 0)
      throw new GalleyError('PROMOTE_REFUSED', {
        what: `${apart === 1 ? 'a batch was' : `${apart} batches were`} pushed to '${spec.path}' in the branch '${name}' alone`,
        why: `what is made of '${step}' has rows of them, and batches that '${parent.name}' takes in under their numbers would be left out`,
        fix: `push what is wanted to '${parent.name}', and run the recipe there`,
        details: { source: spec.path, batches: apart },
      })
  }
  const bases = await tx.branches.bases(scope, 'position')
  const there = new Map((await tx.branches.positions(parent.scope)).map((p) => [p.key, p.mark]))
  const positions: Position[] = []
  for (const position of await tx.branches.positions(scope)) {
    const { key, step, mark } = position
    const [base, now] = [bases.get(key)?.mark ?? undefined, there.get(key)]
    if (!sources.has(step) || mark === base || mark === now) continue
    if (now !== base)
      throw new GalleyError('PROMOTE_CONFLICT', {
        what: `'${parent.name}' has read on in the source '${step}' since the branch '${name}' was made`,
        why: 'how far the two have read is not the same, and can not be put together',
        fix: `run the recipe in '${parent.name}', or make a branch anew (galley branch create), run it there and promote that`,
        details: { source: step },
      })
    positions.push(position)
  }
  return { positions }
}

/** Gives the parent the positions of the branch. */
export async function carry(tx: Tables, { scope, parent }: OpenBranch, { positions }: Carried): Promise<void> {
  for (const { key, step, run, output, mark } of positions) {
    await tx.cache.put(parent.scope, { key, output, run, step })
    await tx.branches.rebase(scope, { noun: 'position', name: key, base: 0, own: 0, mark })
  }
}
