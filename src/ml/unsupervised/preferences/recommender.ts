import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { type NumberParam, numberParams } from '../../training/params.ts'
import { learntModel } from '../asked.ts'
import type { LearnContext, LearntModel } from '../learner.ts'
import { type Cell, type Key, type PairLearner, type PairTask, readPairs } from '../pairs.ts'
import { heldOut, type Interactions, interactionsOf } from './interactions.ts'
import { type Ranking, rankingOf } from './ranking.ts'

/** What was learnt of preferences: a score of every item for a user, NaN of those that there is nothing to say of. */
export interface Fitted {
  score(user: number, out: Float64Array): void
  /** What of it is kept; `items` are named beside it. Nothing of a user is in it. */
  readonly body: LearntModel['body']
}

/** Parameters that every recommender has. */
const COMMON = {
  /** Items that are recommended to each user. */
  top: { value: 10, min: 1, max: 1000, integer: true },
  /** Share of each user's items that is set aside to judge by. */
  holdout: { value: 0.2, min: 0, max: 0.9 },
} as const satisfies Record<string, NumberParam>
/** ms that it works before others have a turn. */
const TURN = 20

/**
 * A recommender from a way to learn scores: it is learnt from what is left when a part of each user's items is set aside, judged
 * by that part beside what simply most people like, then learnt anew from all; each user gets the best items that are new to them.
 */
export function recommender<K extends string>(
  kind: string,
  params: Readonly<Record<K, NumberParam>>,
  scores: (x: Interactions, asked: Record<K, number>, task: PairTask, ctx: LearnContext) => Promise<Fitted>,
): PairLearner {
  return {
    kind,
    async learn(task, ctx) {
      const asked = numberParams(kind, task.params, { ...COMMON, ...params } as Record<K | keyof typeof COMMON, NumberParam>) // biome-ignore format: one line
      const { user, item, weight, at } = task.columns
      const pairs = await readPairs(task.rows, [user as string, item as string, weight, at], ctx)
      const x = interactionsOf(pairs, ctx)
      const halfway = (from: number): LearnContext => ({ ...ctx, progress: (p) => ctx.progress({ done: from + 50 * (p.total ? Math.min(1, p.done / p.total) : 0), total: 100, unit: 'percent' }) }) // biome-ignore format: one line
      const { rest, held } = heldOut(x, asked.holdout, task.seed, at !== undefined)
      const counts = { users: x.users, items: x.items, preferences: x.item.length }
      let figures: Record<string, number> = counts
      if (held.some((h) => h.length > 0)) {
        const judged = await listsOf(await scores(rest, asked, task, halfway(0)), rest, asked.top, ctx)
        const popular = await listsOf(popularOf(rest), rest, asked.top, ctx)
        figures = { ...counts, ...told(rankingOf(judged.lists, held, x.items, asked.top)), popular_ndcg: rankingOf(popular.lists, held, x.items, asked.top).ndcg } // biome-ignore format: one line
      } else ctx.say?.('nothing is set aside to judge by: no user has two items')
      const fitted = await scores(x, asked, task, halfway(50))
      const found = await listsOf(fitted, x, asked.top, ctx)
      const body = { ...fitted.body, items: pairs.right.map((k) => (typeof k === 'bigint' ? String(k) : k)), figures }
      return {
        model: learntModel(kind, { features: [user, item] as string[] }, asked, body),
        figures,
        columns: [user as string, item as string, 'rank', 'score'],
        rows: rowsOf(pairs.left, pairs.right, found),
      }
    },
  }
}

const told = ({ users, hitRate, ...rest }: Ranking): Record<string, number> => ({ judged_users: users, ...rest, hit_rate: hitRate }) // biome-ignore format: one line

/** How many like each item. */
function popularOf({ items, item }: Interactions): Fitted {
  const counts = new Float64Array(items)
  for (const i of item) counts[i] = (counts[i] as number) + 1
  return { score: (_, out) => out.set(counts), body: {} }
}

interface Lists {
  readonly lists: readonly Int32Array[]
  readonly scores: readonly Float64Array[]
}

/** The best items of each user that are new to them; of equal scores the first item. */
async function listsOf(
  fitted: Fitted,
  { users, items, starts, item }: Interactions,
  top: number,
  ctx: LearnContext,
): Promise<Lists> {
  const all = new Float64Array(items)
  const [best, much] = [new Int32Array(top), new Float64Array(top)]
  const lists: Int32Array[] = []
  const scores: Float64Array[] = []
  let since = performance.now()
  for (let u = 0; u < users; u++) {
    fitted.score(u, all)
    for (let p = starts[u] as number; p < (starts[u + 1] as number); p++) all[item[p] as number] = Number.NaN
    let n = 0
    for (let i = 0; i < items; i++) {
      const s = all[i] as number
      if (Number.isNaN(s) || (n === top && s <= (much[n - 1] as number))) continue
      let at = n < top ? n++ : n - 1
      for (; at > 0 && (much[at - 1] as number) < s; at--) {
        much[at] = much[at - 1] as number
        best[at] = best[at - 1] as number
      }
      much[at] = s
      best[at] = i
    }
    lists.push(best.slice(0, n))
    scores.push(much.slice(0, n))
    if (performance.now() - since < TURN) continue
    await nextTurn()
    throwIfAborted(ctx.signal)
    since = performance.now()
  }
  return { lists, scores }
}

function* rowsOf(users: readonly Key[], items: readonly Key[], { lists, scores }: Lists): Generator<readonly Cell[]> {
  for (const [u, list] of lists.entries())
    for (const [rank, i] of list.entries())
      yield [users[u] as Key, items[i] as Key, rank + 1, scores[u]?.[rank] as number]
}
