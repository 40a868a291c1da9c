import { GalleyError } from '../base/errors.ts'
import type { Plan } from '../plan/nodes.ts'
import { type Cost, type Engine, type EngineName, type Gap, isGaps, type Prepared, type Stats } from './engine.ts'

/** What an engine says of a plan: what it can't do, or the plan made ready and what running it is expected to cost. */
export interface Offer {
  readonly engine: EngineName
  readonly gaps: readonly Gap[]
  readonly prepared?: Prepared
  readonly cost?: Cost
}

export interface Choice {
  readonly engine: EngineName
  readonly prepared: Prepared
  /** In a sentence, for people. */
  readonly reason: string
  /** What the other engines say: their gaps, or what they would have cost. */
  readonly others: readonly Offer[]
}

/** Asks each engine what it makes of a plan; runs nothing. */
export function offers(plan: Plan, engines: readonly Engine[], stats: Stats): Offer[] {
  return engines.map((engine) => {
    const prepared = engine.prepare(plan)
    return isGaps(prepared)
      ? { engine: engine.name, gaps: prepared }
      : { engine: engine.name, gaps: [], prepared, cost: prepared.estimate(stats) }
  })
}

/**
 * The engine for a plan: of those that take all of it the one that moves the fewest bytes, then reads the fewest; the
 * first named one where that is equal. @throws ENGINE_GAP with what each engine can't do
 */
export function choose(plan: Plan, engines: readonly Engine[], stats: Stats): Choice {
  const all = offers(plan, engines, stats)
  const able = all.filter((o) => o.prepared !== undefined)
  const [best, next] = able.toSorted((a, b) => weight(a) - weight(b) || bytes(a) - bytes(b))
  if (!best?.prepared)
    throw new GalleyError('ENGINE_GAP', {
      what: 'no engine can run this plan',
      why: all.map((o) => `${o.engine}: ${gapText(o.gaps)}`).join('; '),
      fix: 'write it with other verbs, or compute a part of it in a step of its own',
    })
  return {
    engine: best.engine,
    prepared: best.prepared,
    reason: next ? `of ${able.length} that can, ${whyBest(best, next)}` : 'the only engine here that takes all of it',
    others: all.filter((o) => o !== best),
  }
}

const weight = (o: Offer): number => o.cost?.moved ?? 0
const bytes = (o: Offer): number => o.cost?.bytes ?? 0

function whyBest(best: Offer, next: Offer): string {
  if (weight(best) < weight(next)) return 'it moves the fewest bytes between host and device'
  return bytes(best) < bytes(next) ? 'it reads the fewest bytes' : 'it is the first in order: they cost the same'
}

/** Gaps in a line, equal ones once. */
export const gapText = (gaps: readonly Gap[]): string =>
  [...Map.groupBy(gaps, (g) => g.reason)].map(([reason, same]) => `${gapNames(same)}: ${reason}`).join('; ')

/** What some gaps are of, each once: `ln for 'logAmount', concat`. */
export const gapNames = (gaps: readonly Gap[]): string =>
  [
    ...new Set(
      gaps.map(({ node, columns }) => (columns ? `${node} for ${columns.map((c) => `'${c}'`).join(', ')}` : node)),
    ),
  ].join(', ')
