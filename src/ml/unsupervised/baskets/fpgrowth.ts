import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { type NumberParam, numberParams } from '../../training/params.ts'
import { learntModel } from '../asked.ts'
import type { LearnContext } from '../learner.ts'
import { unfit } from '../matrix.ts'
import { byKey, type PairLearner, type Pairs, type PairTask, readPairs } from '../pairs.ts'
import { type Rule, rulesOf } from './rules.ts'
import { type Baskets, frequentSets } from './tree.ts'

const KIND = 'fp-growth'
const PARAMS = {
  /** Share of baskets that a set is in at least, and how sure a rule is. */
  support: { value: 0.01, min: 0, max: 1 },
  confidence: { value: 0.3, min: 0, max: 1 },
  lift: { value: 1, min: 0, max: 1e9 },
  /** Items of a set, at most. */
  items: { value: 4, min: 1, max: 12, integer: true },
} as const satisfies Record<string, NumberParam>
/** Sets and rules that are held; more tell nobody anything. */
const MOST = 500_000
/** ms that it works before others have a turn. */
const TURN = 20

/** Association rules by frequent-pattern growth: what is bought together more often than chance would have it. */
export const fpGrowthLearner: PairLearner = {
  kind: KIND,
  async learn(task, ctx) {
    const asked = numberParams(KIND, task.params, PARAMS)
    const { baskets, names, count } = await basketsOf(task, ctx, asked.support)
    const least = Math.max(1, Math.ceil(asked.support * count - 1e-9))
    const sets = await all(frequentSets(baskets, names.length, least, asked.items), 'sets', ctx)
    // shorter ones first, then by what is in them
    sets.sort(([x], [y]) => x.length - y.length || firstOther(x, y))
    const rules = await all(rulesOf(sets, count, asked), 'rules', ctx)
    const named = (items: readonly number[]) => items.map((i) => names[i] as string).sort(byKey)
    rules.sort((x, y) => y.lift - x.lift || y.count - x.count || firstOther(x.antecedent, y.antecedent) || firstOther(x.consequent, y.consequent)) // biome-ignore format: one line
    const kept = sets.map(([items, n]) => [named(items), n] as const)
    const features = [task.columns['basket'], task.columns['item']] as string[]
    const figures = { baskets: count, sets: sets.length, rules: rules.length }
    return {
      model: learntModel(KIND, { features }, asked, { ...figures, sets: kept }),
      figures,
      columns: ['antecedent', 'consequent', 'baskets', 'support', 'confidence', 'lift', 'leverage', 'conviction'],
      rows: rowsOf(rules, named),
    }
  },
}

function* rowsOf(rules: readonly Rule[], named: (items: readonly number[]) => readonly string[]) {
  for (const { antecedent, consequent, count, support, confidence, lift, leverage, conviction } of rules)
    yield [named(antecedent), named(consequent), count, support, confidence, lift, leverage, conviction === Infinity ? null : conviction] // biome-ignore format: one line
}

const firstOther = (x: readonly number[], y: readonly number[]): number => {
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number)
  return x.length - y.length
}

/** All that a generator yields, with turns for others. @throws TRAIN_DATA for too many, CANCELLED */
async function all<T>(found: Iterable<T | undefined>, what: string, ctx: LearnContext): Promise<T[]> {
  const out: T[] = []
  let since = performance.now()
  for (const one of found) {
    if (one !== undefined) out.push(one)
    else if (performance.now() - since >= TURN) {
      ctx.progress({ done: out.length, unit: 'steps' })
      await nextTurn()
      throwIfAborted(ctx.signal)
      since = performance.now()
    }
    if (out.length > MOST) throw unfit(`there are more than ${MOST} ${what}`, 'nobody can look at so many', 'ask for more support or confidence, or for fewer items') // biome-ignore format: one line
  }
  return out
}

/** Baskets of the items that are frequent, as ranks, and what the ranks are. An item counts once in a basket. */
async function basketsOf(task: PairTask, ctx: LearnContext, support: number) {
  const { columns } = task
  const pairs = await readPairs(task.rows, [columns['basket'] as string, columns['item'] as string], ctx)
  const count = pairs.left.length
  const { items, starts } = grouped(pairs)
  const often = new Int32Array(pairs.right.length)
  for (const i of items) often[i] = (often[i] as number) + 1
  const least = Math.max(1, Math.ceil(support * count - 1e-9))
  const names = pairs.right.map(String)
  const frequent = names.flatMap((_, i) => ((often[i] as number) >= least ? [i] : []))
  frequent.sort((x, y) => (often[y] as number) - (often[x] as number) || byKey(names[x] as string, names[y] as string))
  const rank = new Int32Array(names.length).fill(-1)
  for (const [r, i] of frequent.entries()) rank[i] = r
  const ranked: Baskets = { items: new Int32Array(items.length), starts: new Int32Array(count + 1) }
  let at = 0
  for (let b = 0; b < count; b++) {
    const from = at
    for (let i = starts[b] as number; i < (starts[b + 1] as number); i++) {
      const r = rank[items[i] as number] as number
      if (r >= 0) ranked.items[at++] = r
    }
    ranked.items.subarray(from, at).sort()
    ranked.starts[b + 1] = at
  }
  return { baskets: ranked, names: frequent.map((i) => names[i] as string), count }
}

/** The different items of each basket. */
function grouped({ left, right, a, b }: Pairs): Baskets {
  const sizes = new Int32Array(left.length + 1)
  for (const basket of a) sizes[basket + 1] = (sizes[basket + 1] as number) + 1
  for (let i = 0; i < left.length; i++) sizes[i + 1] = (sizes[i + 1] as number) + (sizes[i] as number)
  const at = sizes.slice(0, -1)
  const all = new Int32Array(a.length)
  for (let i = 0; i < a.length; i++) {
    const basket = a[i] as number
    all[at[basket] as number] = b[i] as number
    at[basket] = (at[basket] as number) + 1
  }
  const seen = new Int32Array(right.length).fill(-1)
  const starts = new Int32Array(left.length + 1)
  let n = 0
  for (let basket = 0; basket < left.length; basket++) {
    for (let i = sizes[basket] as number; i < (sizes[basket + 1] as number); i++) {
      const item = all[i] as number
      if (seen[item] === basket) continue
      seen[item] = basket
      all[n++] = item
    }
    starts[basket + 1] = n
  }
  return { items: all.subarray(0, n), starts }
}
