import type { DatasetVersion } from '../../store/datasets.ts'
import type { Tables } from '../../store/store.ts'
import type { OpenBranch } from './branch.ts'

/**
 * Versions that a promoted one was made of, as the parent numbers them: what it shares with the branch has one number, what is promoted beside it the next. One
 * that stays in the branch is told (`left`), and the parent's stands for it that it went on from: whoever is forgotten there is told of what was made of it.
 */
export async function translated(
  tx: Tables,
  { scope, parent, name }: OpenBranch,
  {
    numbers,
    rows,
    madeOf,
    left,
  }: {
    readonly numbers: ReadonlyMap<string, number>
    readonly rows: ReadonlyMap<string, DatasetVersion>
    readonly madeOf: readonly string[]
    readonly left: Set<string>
  },
): Promise<string[]> {
  const named = new Set<string>()
  const bases = await tx.branches.bases(scope, 'dataset')
  for (const of of madeOf) {
    const at = of.lastIndexOf('@')
    const [dataset, version] = [of.slice(0, at), Number(of.slice(at + 1))]
    const there = await tx.datasets.find(scope, dataset, version)
    const beside = numbers.get(dataset)
    if (beside !== undefined && rows.get(dataset)?.version === version) {
      named.add(`${dataset}@${beside}`)
      continue
    }
    const same = await tx.datasets.find(parent.scope, dataset, version)
    if (same && there && same.hash === there.hash) {
      named.add(of)
      continue
    }
    left.add(`${of} of ${name}`)
    const base = bases.get(dataset)?.base ?? 0
    if (base > 0) named.add(`${dataset}@${base}`)
  }
  return [...named]
}
