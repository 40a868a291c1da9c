import { mix } from '../training/mix.ts'

/** Rows to learn from, and rows to judge by. */
export interface Fold {
  readonly train: Uint32Array
  readonly test: Uint32Array
}

/** `stratified` has the same share of each class in every fold; `time` judges each part by what came before it, rows being in their order. */
export type Cut = 'stratified' | 'random' | 'time'

/** Cuts rows into folds by the seed. `classes`: the class of each row, where they are stratified. */
export function foldsOf(cut: Cut, rows: number, folds: number, seed: number, classes?: Float64Array): Fold[] {
  const all = Array.from({ length: rows }, (_, i) => i)
  if (cut === 'time') {
    const edge = (part: number) => Math.floor((rows * part) / (folds + 1))
    return Array.from({ length: folds }, (_, k) => ({
      train: Uint32Array.from(all.slice(0, edge(k + 1))),
      test: Uint32Array.from(all.slice(edge(k + 1), edge(k + 2))),
    }))
  }
  const salt = mix(seed ^ 0x5bd1e995)
  const order = all.toSorted(
    (a, b) => (cut === 'stratified' && classes ? (classes[a] as number) - (classes[b] as number) : 0) || mix(a ^ salt) - mix(b ^ salt) || a - b, // biome-ignore format: one line
  )
  const fold = new Uint8Array(rows)
  for (const [place, row] of order.entries()) fold[row] = place % folds
  return Array.from({ length: folds }, (_, k) => ({
    train: Uint32Array.from(all.filter((i) => fold[i] !== k)),
    test: Uint32Array.from(all.filter((i) => fold[i] === k)),
  }))
}
