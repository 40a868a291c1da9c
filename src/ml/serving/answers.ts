import type { Value } from '../../engines/batch.ts'
import type { Tuple } from '../../engines/closures.ts'
import { type Goal, linkOf } from '../../runs/goal.ts'
import type { Scorer } from '../registry/scorer.ts'
import type { ModelPackage } from '../registry/version.ts'
import { largest } from '../training/model.ts'

export interface Prediction {
  /** P(target); of several classes the probability of the likeliest; of a regression the number; of a ranking what tells the order within a group. */
  readonly score: number
  /** Of a binary target: true when the score reaches the threshold chosen on validation rows. */
  readonly positive?: boolean
  /** Of several classes: the likeliest, and the probability of each by its name. */
  readonly class?: string | number | boolean
  readonly probabilities?: Readonly<Record<string, number>>
}

/** What a model says of a row, and why. */
export interface Explained extends Prediction {
  /** What the model was given, NaN and infinities as texts. */
  readonly features: Readonly<Record<string, number | string | null>>
  /** The score of a row that nothing is known of, and what each feature adds to it, before it becomes a probability or a count; null where the model can't tell. */
  readonly base: number | null
  readonly contributions: Readonly<Record<string, number>> | null
}

/** What contributions are sums of. */
export type Scale = 'log odds' | 'logarithm' | 'number'
export const scaleOf = (goal?: Goal): Scale =>
  (({ logit: 'log odds', log: 'logarithm', identity: 'number' }) as const)[linkOf(goal)]

/** How a model answers rows of a plan. */
export interface Answers {
  predict(rows: readonly Tuple[]): Promise<Prediction[]>
  /** SHAP values beside the answer; of several classes those of the likeliest. */
  explain(row: Tuple): Promise<Explained>
  /** A value as the model takes it. */
  number(value: Value): number
}

/** Texts that a model's input remembers between requests. */
const MOST_TEXTS = 10_000

/** `features` has the place of each input in a row. */
export function answersOf(
  evaluator: Scorer,
  { model: { goal, classes = [] }, threshold }: Pick<ModelPackage, 'model' | 'threshold'>,
  features: readonly number[],
): Answers {
  const { outputs } = evaluator
  const number = (v: Value): number => (v === null ? Number.NaN : Number(v))
  /** A value of input `c`: a text as the number that stands for it. */
  const given = (v: Value, c: number): number => {
    const texts = evaluator.texts?.get(c)
    return texts ? texts.codeOf(v === null ? null : String(v)) : number(v)
  }
  const score = async (rows: readonly Tuple[]): Promise<Float64Array> => {
    // what it was asked before is answered, or was read
    for (const texts of evaluator.texts?.values() ?? []) texts.keepAtMost(MOST_TEXTS)
    const scores = new Float64Array(rows.length * outputs)
    const [only] = rows
    if (only && rows.length === 1 && outputs === 1 && evaluator.one) {
      const inputs = new Float64Array(features.length)
      for (let c = 0; c < inputs.length; c++) inputs[c] = number(only[features[c] as number] as Value)
      scores[0] = evaluator.one(inputs)
      return scores
    }
    const columns = features.map((f, c) => {
      const column = new Float64Array(rows.length)
      for (let i = 0; i < rows.length; i++) column[i] = given((rows[i] as Tuple)[f] as Value, c)
      return column
    })
    await evaluator.many(columns, rows.length, scores)
    return scores
  }
  const names = classes.map(String)
  const { inputs } = evaluator
  const answers: Answers = {
    number,
    async explain(row) {
      const [prediction] = await answers.predict([row])
      const seen = Float64Array.from(features, (f) => number(row[f] as Value))
      const told = new Float64Array((inputs.length + 1) * outputs)
      evaluator.contributions?.(seen, told)
      const best = outputs > 1 && evaluator.one ? evaluator.one(seen) : 0
      const own = told.subarray(best * (inputs.length + 1), (best + 1) * (inputs.length + 1))
      const named = <T>(of: (f: number) => T) => Object.fromEntries(inputs.map((name, f) => [name, of(f)]))
      return {
        ...(prediction as Prediction),
        features: named((f) => {
          const value = row[features[f] as number] ?? null
          if (value === null || evaluator.texts?.has(f)) return value === null ? null : String(value)
          return Number.isFinite(seen[f]) ? (seen[f] as number) : String(seen[f])
        }),
        base: evaluator.contributions ? (own[inputs.length] as number) : null,
        contributions: evaluator.contributions ? named((f) => own[f] as number) : null,
      }
    },
    async predict(rows) {
      const scores = await score(rows)
      if (goal?.kind === 'multiclass')
        return rows.map((_, i) => {
          const best = largest(scores, i * outputs, outputs)
          const probabilities = Object.fromEntries(names.map((name, k) => [name, scores[i * outputs + k] as number]))
          const name = classes[best] as string | number | boolean
          return { score: scores[i * outputs + best] as number, class: name, probabilities }
        })
      if (goal && goal.kind !== 'binary') return Array.from(scores, (value) => ({ score: value }))
      const limit = threshold ?? 0.5
      return Array.from(scores, (p) => ({ score: p, positive: p >= limit }))
    },
  }
  return answers
}
