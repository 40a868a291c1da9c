/** How good lists of recommendations are, held against what users liked that was set aside. */
export interface Ranking {
  /** Users of whom something was set aside. */
  readonly users: number
  /** Of what is recommended, the share that is liked; of what is liked, the share that is recommended. */
  readonly precision: number
  readonly recall: number
  /** Mean average precision: hits count more the earlier they come. */
  readonly map: number
  /** Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), of things liked or not. */
  readonly ndcg: number
  /** Share of users with a hit at least. */
  readonly hitRate: number
  /** Share of all items that are recommended to somebody. */
  readonly coverage: number
}

/** Judges lists of at most k items each, best first. Users of whom nothing was set aside are not judged. */
export function rankingOf(
  lists: readonly ArrayLike<number>[],
  liked: readonly (readonly number[])[],
  items: number,
  k: number,
): Ranking {
  const sums = { users: 0, precision: 0, recall: 0, map: 0, ndcg: 0, hitRate: 0 }
  const seen = new Set<number>()
  for (const [u, list] of lists.entries()) {
    for (let i = 0; i < Math.min(k, list.length); i++) seen.add(list[i] as number)
    const own = new Set(liked[u])
    if (own.size === 0) continue
    let [hits, average, gain, ideal] = [0, 0, 0, 0]
    for (let i = 0; i < k; i++) {
      const discount = 1 / Math.log2(i + 2)
      if (i < own.size) ideal += discount
      if (i >= list.length || !own.has(list[i] as number)) continue
      hits++
      average += hits / (i + 1)
      gain += discount
    }
    sums.users++
    sums.precision += hits / k
    sums.recall += hits / own.size
    sums.map += average / Math.min(k, own.size)
    sums.ndcg += gain / ideal
    sums.hitRate += hits > 0 ? 1 : 0
  }
  const { users } = sums
  const mean = (x: number) => (users === 0 ? 0 : x / users)
  return {
    users,
    precision: mean(sums.precision),
    recall: mean(sums.recall),
    map: mean(sums.map),
    ndcg: mean(sums.ndcg),
    hitRate: mean(sums.hitRate),
    coverage: seen.size / items,
  }
}
