import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import { randomsOf } from '../../base/random.ts'
import { alone } from '../../runs/elsewhere/elsewhere.ts'
import type { TrainContext } from '../training/trainer.ts'
import type { Searched } from './ground.ts'
import { askedIn, askOf, isAt, keepTrial, toldOf, trialOf, type trialsKept } from './kept.ts'
import { type Point, propose } from './propose.ts'
import { pointOf } from './space.ts'
import { earlierOf, runTrial, type Trial } from './trials.ts'

/** The longest that a timer goes, ms. */
const LONGEST = 2 ** 31 - 1
const now = systemClock.ticks

/** How long trials are begun, and what an interrupted search has kept of them. */
export interface Bounds {
  readonly kept: ReturnType<typeof trialsKept>
  /** By the clock of ticks. */
  readonly until: number
  readonly limit: number
  readonly seed: number
}

/**
 * Trials in rounds of `parallel`: each is proposed by what the rounds before have told, and held against their trials alone, so that it makes no difference who runs
 * which, and when. Once the time is over, what has come is what there is; the first trial is run to its end, so that there is a model. @throws CANCELLED
 */
export async function search(searched: Searched, bounds: Bounds, ctx: TrainContext): Promise<Trial[]> {
  const { params, families } = searched
  const { kept, limit } = bounds
  const random = randomsOf(bounds.seed, 0x6175)
  const queue = families.flatMap((family) => family.starts.map((start) => ({ family, point: pointOf(family, start) })))
  const trials: Trial[] = []
  let { until } = bounds
  let asked = 0
  while (asked < limit && trials.length === asked && (asked === 0 || now() < until)) {
    throwIfAborted(ctx.signal)
    const next: Point[] = []
    while (next.length < Math.min(params.parallel, limit - asked))
      next.push(queue.shift() ?? propose(trials, families, random, next))
    const before = next.map((point, place) => {
      const known = kept.get(asked + place)
      return known && isAt(known.trial, point) ? known : undefined
    })
    // what a search has taken counts, whenever it was
    for (const known of before) until -= known?.ms ?? 0
    const ran = await round(searched, { trials, until, at: asked, limit }, next, before.map((known) => known?.trial), ctx) // biome-ignore format: one line
    asked += next.length
    trials.push(...ran.filter((trial) => trial !== undefined))
  }
  return trials
}

interface Round {
  /** Those of the rounds before. */
  readonly trials: readonly Trial[]
  readonly until: number
  /** The number of its first trial, and how many there will be. */
  readonly at: number
  readonly limit: number
}

/** The trials of a round in their order; undefined for those that time has cut off. */
async function round(
  searched: Searched,
  { trials, until, at, limit }: Round,
  next: readonly Point[],
  known: readonly (Trial | undefined)[],
  { signal, progress, journal, elsewhere = alone }: TrainContext,
): Promise<(Trial | undefined)[]> {
  const ran = [...known]
  const places = ran.flatMap((trial, place) => (trial ? [] : [place]))
  if (places.length === 0) return ran
  const earlier = earlierOf(trials)
  const left = AbortSignal.timeout(Math.max(1, Math.ceil(Math.min(LONGEST, until - now()))))
  let done = trials.length + ran.length - places.length
  let last = now()
  const here = async (ask: Json, i: number): Promise<Json> => {
    const { earlier: of, ...point } = askedIn(ask, searched.families)
    const own = at + (places[i] as number) === 0 ? signal : AbortSignal.any([signal, left])
    return toldOf(await runTrial(point, searched, of, own))
  }
  const came = async (answer: Json, i: number): Promise<void> => {
    const place = places[i] as number
    const trial = trialOf(next[place] as Point, answer as ReturnType<typeof toldOf>)
    ran[place] = trial
    const ms = now() - last
    last = now()
    await keepTrial(journal, at + place, trial, ms)
    progress({ done: ++done, total: limit, unit: 'steps' })
    await nextTurn()
  }
  const asks = places.map((place) => askOf(next[place] as Point, earlier))
  await elsewhere.run(asks, { here, came, ...(Number.isFinite(until) ? { until: left } : {}) })
  throwIfAborted(signal)
  return ran
}
