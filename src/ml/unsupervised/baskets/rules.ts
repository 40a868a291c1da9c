/** A rule: who has the antecedent has the consequent, too. */
export interface Rule {
  readonly antecedent: readonly number[]
  readonly consequent: readonly number[]
  /** Baskets that have both. */
  readonly count: number
  /** Share of baskets that have both; of those with the antecedent, the share with both. */
  readonly support: number
  readonly confidence: number
  /** How many times more often than if the two had nothing to do with each other. */
  readonly lift: number
  /** Share of baskets beyond what would come about by chance. */
  readonly leverage: number
  /** How many times more often the rule would fail by chance; infinite of one that never fails. */
  readonly conviction: number
}

const keyOf = (items: readonly number[]): string => items.join(' ')

/** Rules of frequent sets (Agrawal and Srikant 1994), each set cut in two in every way. Measures as in Brin et al. 1997 and Piatetsky-Shapiro 1991. */
export function* rulesOf(
  sets: readonly (readonly [items: readonly number[], count: number])[],
  baskets: number,
  least: { readonly confidence: number; readonly lift: number },
): Generator<Rule | undefined> {
  const counts = new Map(sets.map(([items, count]) => [keyOf(items), count]))
  let work = 0
  for (const [items, count] of sets) {
    const all = 2 ** items.length - 1
    for (let mask = 1; mask < all; mask++) {
      if (++work % 4096 === 0) yield undefined
      const antecedent = items.filter((_, i) => (mask >> i) & 1)
      const consequent = items.filter((_, i) => !((mask >> i) & 1))
      const [a, c] = [counts.get(keyOf(antecedent)) as number, counts.get(keyOf(consequent)) as number]
      const [support, own, other] = [count / baskets, a / baskets, c / baskets]
      const confidence = count / a
      const lift = confidence / other
      if (confidence < least.confidence || lift < least.lift) continue
      const conviction = count === a ? Infinity : (1 - other) / (1 - confidence)
      yield { antecedent, consequent, count, support, confidence, lift, leverage: support - own * other, conviction }
    }
  }
}
