import { mix } from '../training/mix.ts'

/** Rows to learn from, and rows to judge by. */
export interface Fold {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/**
 * `stratified` has the same share of each class in every fold; `time` judges each part by what came before it, rows being in their order;
 * `group` has all rows of a group in one fold.
 */
export type Cut = 'stratified' | 'random' | 'time' | 'group'

/** Cuts rows into folds by the seed. `labels`: the class of each row, where they are stratified; the group of each, where these stay together. */
export function foldsOf(cut: Cut, rows: number, folds: number, seed: number, labels?: ArrayLike<number>): Fold[] {
  const all = Array.from({ length: rows }, (_, i) => i)
  if (cut === 'time') {
    const edge = (part: number) => Math.floor((rows * part) / (folds + 1))
    return Array.from({ length: folds }, (_, k) => ({
      train: Uint32Array.from(all.slice(0, edge(k + 1))),
      test: Uint32Array.from(all.slice(edge(k + 1), edge(k + 2))),
    }))
  }
  const salt = mix(seed ^ 0x5bd1e995)
  if (cut === 'group' && labels) {
    const at = balanced(labels, folds)
    return parted(all, folds, (row) => at.get(labels[row] as number) as number)
  }
  const order = all.toSorted(
    (a, b) => (cut === 'stratified' && labels ? (labels[a] as number) - (labels[b] as number) : 0) || mix(a ^ salt) - mix(b ^ salt) || a - b, // biome-ignore format: one line
  )
  const fold = new Uint8Array(rows)
  for (const [place, row] of order.entries()) fold[row] = place % folds
  return parted(all, folds, (row) => fold[row] as number)
}

const parted = (all: readonly number[], folds: number, foldOf: (row: number) => number): Fold[] =>
  Array.from({ length: folds }, (_, k) => ({
    train: Uint32Array.from(all.filter((i) => foldOf(i) !== k)),
    test: Uint32Array.from(all.filter((i) => foldOf(i) === k)),
  }))

/** The fold of each group: the largest group first, each to the fold of fewest rows, as scikit-learn's `GroupKFold`. */
function balanced(groups: ArrayLike<number>, folds: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < groups.length; i++) counts.set(groups[i] as number, (counts.get(groups[i] as number) ?? 0) + 1)
  const held = new Float64Array(folds)
  return new Map(
    [...counts]
      .sort(([a, n], [b, m]) => m - n || a - b)
      .map(([group, rows]) => {
        const fold = held.indexOf(Math.min(...held))
        held[fold] = (held[fold] as number) + rows
        return [group, fold]
      }),
  )
}
