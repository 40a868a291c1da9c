import { auc } from './metrics.ts'
import { rank } from './ranking.ts'

/** How well a feature tells the target alone. */
export interface Alone {
  readonly feature: string
  /** Of classes the AUC whichever way it points (the mean over classes), of numbers the squared rank correlation (Spearman). */
  readonly strength: number
  /** `copy`: it is the target in other words; `high`: it almost tells it alone. */
  readonly suspect: 'copy' | 'high' | null
}

/** Rows of another part that the training rows hold, too: equal in every feature. */
export interface Repeated {
  readonly rows: number
  readonly of: number
  /** Of these, those whose target is the same. */
  readonly sameTarget: number
}

/** An AUC and a squared correlation from which on a feature is suspect. */
const SUSPECT = { classes: 0.98, numbers: 0.95 }

/** Features that tell the target alone, the strongest first. `labels` are 0 and 1, places of `classes` classes, or numbers (`classes` 0). */
export function aloneOf(
  features: readonly string[],
  columns: readonly Float64Array[],
  labels: Float64Array,
  classes: number,
): Alone[] {
  const tells = enough(labels, classes)
  return features
    .map((feature, f): Alone => {
      const column = columns[f] as Float64Array
      const strength = classes === 0 ? spearman(column, labels) ** 2 : oneByOne(column, labels, classes)
      const copy = tells && strength >= 1 - 1e-9
      const limit = classes === 0 ? SUSPECT.numbers : SUSPECT.classes
      return { feature, strength, suspect: copy ? 'copy' : tells && strength >= limit ? 'high' : null }
    })
    .sort((a, b) => b.strength - a.strength)
}

/** Ways to deal out two classes among the rows, of which a feature without meaning finds the right one by chance. */
const ORDERS = 10_000
/** Rows below which numbers go together by chance. */
const FEWEST = 12

/** Whether rows are so many that no feature tells them apart by chance. */
function enough(labels: Float64Array, classes: number): boolean {
  if (classes !== 2) return labels.length >= FEWEST
  const yes = labels.reduce((n, y) => n + Number(y === 1), 0)
  let orders = 1
  for (let k = 1; k <= Math.min(yes, labels.length - yes) && orders < ORDERS; k++) orders *= (labels.length - k + 1) / k
  return orders >= ORDERS
}

function oneByOne(column: Float64Array, labels: Float64Array, classes: number): number {
  // a missing value may tell as much as any other
  const scores = column.map((x) => (Number.isNaN(x) ? -Number.MAX_VALUE : x))
  const each = Array.from({ length: classes === 2 ? 1 : classes }, (_, k) => {
    const own = Uint8Array.from(labels, (y) => Number(y === (classes === 2 ? 1 : k)))
    const found = auc(rank(scores, own))
    return found === null ? 0.5 : Math.max(found, 1 - found)
  })
  return each.reduce((a, b) => a + b, 0) / each.length
}

/** Rank correlation over rows where both are known; 0 where one of them is constant. */
function spearman(a: Float64Array, b: Float64Array): number {
  const known = Array.from(a.keys()).filter((i) => !Number.isNaN(a[i]) && !Number.isNaN(b[i]))
  const [x, y] = [ranksOf(known.map((i) => a[i] as number)), ranksOf(known.map((i) => b[i] as number))]
  const middle = (known.length - 1) / 2
  let [xx, yy, xy] = [0, 0, 0]
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [(x[i] as number) - middle, (y[i] as number) - middle]
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0
}

/** Places from 0 on, equal values at their mean. */
function ranksOf(values: readonly number[]): Float64Array {
  const order = Array.from(values.keys()).sort((i, j) => (values[i] as number) - (values[j] as number))
  const ranks = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++
    for (let i = from; i < to; i++) ranks[order[i] as number] = (from + to - 1) / 2
    from = to
  }
  return ranks
}

/** A part as columns and what came. */
export interface Rows {
  readonly columns: readonly Float64Array[]
  readonly labels: Float64Array
}

/** Rows of `other` that `train` has, too. */
export function repeatedRows(train: Rows, other: Rows): Repeated {
  const [known, same] = [hashesOf(train.columns), hashesOf([...train.columns, train.labels])].map((h) => h.sort())
  const asked = hashesOf(other.columns)
  const askedSame = hashesOf([...other.columns, other.labels])
  const count = (hashes: Float64Array, among: Float64Array | undefined) =>
    hashes.reduce((n, h) => n + Number(among !== undefined && holds(among, h)), 0)
  return { rows: count(asked, known), of: asked.length, sameTarget: count(askedSame, same) }
}

/** 53 bits of two hashes a row (FNV's, by two primes): of a million rows one pair in ten thousand times falls together by chance. */
function hashesOf(columns: readonly Float64Array[]): Float64Array {
  const words = new Uint32Array(2)
  const value = new Float64Array(words.buffer)
  const hashes = new Float64Array(columns[0]?.length ?? 0)
  for (let row = 0; row < hashes.length; row++) {
    let [a, b] = [0x811c9dc5, 0x9e3779b9]
    for (const column of columns) {
      // −0 is 0, and every NaN is the same
      const x = column[row] as number
      value[0] = Number.isNaN(x) ? Number.NaN : x + 0
      for (let w = 0; w < 2; w++) {
        const word = words[w] as number
        a = Math.imul(a ^ word, 0x01000193)
        a ^= a >>> 15
        b = Math.imul(b ^ word, 0x85ebca6b)
        b ^= b >>> 13
      }
    }
    hashes[row] = (a >>> 0) * 2 ** 21 + ((b >>> 0) & 0x1fffff)
  }
  return hashes
}

function holds(sorted: Float64Array, x: number): boolean {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < x) low = middle + 1
    else high = middle
  }
  return sorted[low] === x
}
