import { GalleyError } from '../../base/errors.ts'
import { auc, CLIP } from './metrics.ts'
import { rank } from './ranking.ts'

/** One class against all others. */
export interface ClassReport {
  readonly class: string | number | boolean
  readonly rows: number
  /** Rows that the model says are of it. */
  readonly said: number
  readonly precision: number | null
  readonly recall: number | null
  readonly f1: number | null
  readonly auc: number | null
}

/** Means over classes; a class that has no number counts as 0, as scikit-learn has it. */
export interface Averages {
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** How a model of several classes did on rows that it has not seen; plain JSON. A metric without a meaning here is null. */
export interface MulticlassReport {
  readonly goal: 'multiclass'
  readonly rows: number
  readonly classes: readonly ClassReport[]
  /** In nats a row. */
  readonly logLoss: number | null
  readonly accuracy: number | null
  /** Mean of the recalls of classes that have rows. */
  readonly balancedAccuracy: number | null
  /** Of equal weight a class, by all rows together, and by the rows of each class. */
  readonly macro: Averages | null
  readonly micro: Averages | null
  readonly weighted: Averages | null
  /** Mean over the classes of the AUC of each against the others. */
  readonly auc: number | null
  /** Share of rows whose class is among the k likeliest, for k below the number of classes. */
  readonly topK: readonly { readonly k: number; readonly accuracy: number }[]
  /** Rows by what was so (first) and what was said; null for more than 100 classes. */
  readonly confusion: readonly (readonly number[])[] | null
  /** Why a metric is null, by its name. */
  readonly reasons: Readonly<Record<string, string>>
}

const MOST_SHOWN = 100
const TOP = [2, 3, 5]

/**
 * Reports on probabilities (one a class, row by row) against labels (the place of the class). The likeliest class is what is said, of
 * equal ones the first.
 * @throws VALUE_INVALID when the lengths differ, a score is not within [0, 1] or a label is no class
 */
export function evaluateClasses(
  scores: Float64Array,
  labels: Float64Array,
  classes: readonly ClassReport['class'][],
): MulticlassReport {
  const [rows, n] = [labels.length, classes.length]
  check(scores, labels, n)
  const counts = Array.from({ length: n }, () => new Array<number>(n).fill(0))
  const within = new Float64Array(n)
  let loss = 0
  for (let i = 0; i < rows; i++) {
    const own = labels[i] as number
    const p = scores[i * n + own] as number
    loss -= Math.log(Math.min(Math.max(p, CLIP), 1 - CLIP))
    let before = 0
    let said = 0
    for (let k = 0; k < n; k++) {
      const other = scores[i * n + k] as number
      if (other > p || (other === p && k < own)) before++
      if (other > (scores[i * n + said] as number)) said = k
    }
    within[before] = (within[before] as number) + 1
    const row = counts[own] as number[]
    row[said] = (row[said] as number) + 1
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const right = sum(counts.map((row, k) => row[k] as number))
  const each = classes.map((name, k): ClassReport => {
    const own = sum(counts[k] as number[])
    const said = sum(counts.map((row) => row[k] as number))
    const hits = (counts[k] as number[])[k] as number
    return {
      class: name,
      rows: own,
      said,
      precision: ratio(hits, said),
      recall: ratio(hits, own),
      f1: ratio(2 * hits, own + said),
      auc: aucOf(scores, labels, k, n),
    }
  })
  const there = each.filter((c) => c.rows > 0 || c.said > 0)
  const averages = (weightOf: (c: ClassReport) => number): Averages | null => {
    const all = sum(there.map(weightOf))
    if (rows === 0) return null
    const of = (m: 'precision' | 'recall' | 'f1') => sum(there.map((c) => weightOf(c) * (c[m] ?? 0))) / all
    return { precision: of('precision'), recall: of('recall'), f1: of('f1') }
  }
  const accuracy = ratio(right, rows)
  const aucs = each.map((c) => c.auc)
  const recalls = each.flatMap((c) => (c.recall === null ? [] : [c.recall]))
  const counted = {
    logLoss: ratio(loss, rows),
    accuracy,
    balancedAccuracy: ratio(sum(recalls), recalls.length),
    macro: averages(() => 1),
    micro: accuracy === null ? null : { precision: accuracy, recall: accuracy, f1: accuracy },
    weighted: averages((c) => c.rows),
    auc: aucs.includes(null) ? null : sum(aucs as number[]) / n,
  }
  const missing = classes.filter((_, k) => aucs[k] === null).map(String)
  const why = rows === 0 ? 'there are no rows' : `no rows, or no others, of ${missing.slice(0, 5).join(', ')}`
  return {
    ...{ goal: 'multiclass', rows, classes: each, ...counted },
    topK: rows === 0 ? [] : TOP.filter((k) => k < n).map((k) => ({ k, accuracy: sum([...within.subarray(0, k)]) / rows })), // biome-ignore format: one line
    confusion: n > MOST_SHOWN ? null : counts,
    reasons: {
      ...Object.fromEntries(Object.entries(counted).flatMap(([name, v]) => (v === null ? [[name, why]] : []))),
      ...(n > MOST_SHOWN ? { confusion: `there are ${n} classes, and it is kept for up to ${MOST_SHOWN}` } : {}),
    },
  }
}

/** The AUC of one class against the others. */
function aucOf(scores: Float64Array, labels: Float64Array, k: number, n: number): number | null {
  const own = new Float64Array(labels.length)
  const is = new Uint8Array(labels.length)
  for (let i = 0; i < labels.length; i++) {
    own[i] = scores[i * n + k] as number
    is[i] = Number(labels[i] === k)
  }
  return auc(rank(own, is))
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

function check(scores: Float64Array, labels: Float64Array, n: number): void {
  const invalid = (what: string, fix?: string) => new GalleyError('VALUE_INVALID', { what, ...(fix ? { fix } : {}) })
  if (scores.length !== labels.length * n)
    throw invalid(`there are ${scores.length} scores of ${n} classes, and ${labels.length} labels`)
  const outside = scores.findIndex((p) => !(p >= 0 && p <= 1))
  if (outside >= 0)
    throw invalid(
      `a score of row ${Math.floor(outside / n)} is ${scores[outside]}, not a probability`,
      'bring features to a sensible scale (a logarithm, a ratio), or reject rows whose values can not be true',
    )
  const other = labels.findIndex((k) => !(Number.isInteger(k) && k >= 0 && k < n))
  if (other >= 0) throw invalid(`the label of row ${other} is ${labels[other]}, not the place of one of ${n} classes`)
}
