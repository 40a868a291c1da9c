import { levelName } from '../../runs/forecast.ts'
import type { Candidates, Fits } from './fits.ts'
import { type Fold, type Reach, reachOf, scoresOf, type Unit, unitOf, widthOf } from './intervals.ts'
import { type Judged, judge, naiveError, together } from './judged.ts'
import type { Panel } from './panel.ts'

/** What is expected of a series, beginning with the period after the panel's last. */
export interface Expected {
  readonly series: number
  /** Of one forecaster what was fitted, of several their names. */
  readonly model: string
  readonly figures: Readonly<Record<string, number>>
  readonly mean: Float64Array
  /** An interval a level. */
  readonly lower: readonly Float64Array[]
  readonly upper: readonly Float64Array[]
}

export interface Chosen {
  readonly expected: readonly Expected[]
  readonly figures: Readonly<Record<string, number>>
  /** Series without a back-test. */
  readonly short: number
  /** Series of which some interval is the model's own: their back-test has too few errors. */
  readonly modelled: number
}

export interface Choosing {
  /** How many of the candidates may be asked; the last ones are only there to be compared with. */
  readonly own: number
  /** The candidate for series that no back-test tells of. */
  readonly otherwise: number
  /** The one for series of which the chosen one can't tell. */
  readonly simple: number
  /** How many of the best are averaged. */
  readonly average: number
  readonly levels: readonly number[]
}

/** Share of zeros from which on errors are compared by their squares. */
const RARE = 0.25

/** Chooses forecasters by their back-tests, series by series, and says how far off they were. */
export function choose(
  panel: Panel,
  fits: Fits,
  candidates: Candidates,
  { own, otherwise, simple, average, levels }: Choosing,
): Chosen {
  const { horizon, fits: count, seen } = fits.plan
  const expected: Expected[] = []
  const judged: Judged[][] = candidates.map(() => [])
  const taken: Judged[] = []
  const uses = candidates.map(() => 0)
  const reached = levels.map(() => ({ inside: 0, loss: 0, count: 0 }))
  let [short, modelled] = [0, 0]
  for (const [s, y] of panel.values.entries()) {
    if (seen[s * count + count - 1] === 0) continue
    // what never was below zero is not expected to be
    const floor = y.some((v) => v < 0) ? Number.NEGATIVE_INFINITY : 0
    const least = (v: number) => Math.max(floor, v)
    const places = Array.from({ length: count - 1 }, (_, f) => f).filter((f) => (seen[s * count + f] as number) > 0)
    const cameOf = (f: number) => y.subarray(seen[s * count + f], (seen[s * count + f] as number) + horizon)
    const scale = naiveError(y.subarray(0, seen[s * count + (places[0] ?? count - 1)]), fits.plan.season)
    const scores = candidates.map((_, c) =>
      judge(
        places.map((f) => [cameOf(f), fits.mean(s, c, f).map(least)]),
        scale,
      ),
    )
    const tested = scores.some((j) => j.count > 0)
    if (!tested) short++
    for (const [c, j] of scores.entries()) if (tested) judged[c]?.push(j)
    const most = Math.max(0, ...scores.map((j) => j.count))
    // who forecasts less than others is no better for it; of demand now and then nothing would have the least absolute errors
    const rare = y.filter((v) => v === 0).length > RARE * y.length
    const error = (c: number) => {
      const { count: n, absolute, squared } = scores[c] as Judged
      return n < most ? Number.POSITIVE_INFINITY : rare ? squared : absolute
    }
    const order = candidates.map((_, c) => c).slice(0, own).sort((a, b) => error(a) - error(b) || a - b) // biome-ignore format: one line
    // nothing says how good a mean is that has one which was not tried as often
    const tried = order.filter((c, place) => place === 0 || error(c) < Number.POSITIVE_INFINITY)
    const able = (c: number) => !Number.isNaN(fits.mean(s, c, count - 1)[0])
    const wanted = (tested ? tried.slice(0, average) : [otherwise]).filter(able)
    const best = wanted.length > 0 ? wanted : [simple]
    for (const c of best) uses[c] = (uses[c] as number) + 1
    const mix = (of: (c: number) => Float64Array) => Float64Array.from({ length: horizon }, (_, h) => best.reduce((sum, c) => sum + (of(c)[h] as number), 0) / best.length) // biome-ignore format: one line
    const fold = (f: number): Fold => ({
      came: cameOf(f),
      mean: mix((c) => fits.mean(s, c, f)).map(least),
      sd: mix((c) => fits.sd(s, c, f)),
    })
    const folds = places.map(fold)
    const mean = mix((c) => fits.mean(s, c, count - 1)).map(least)
    const sd = mix((c) => fits.sd(s, c, count - 1))
    const unit = unitOf(folds, sd)
    const all = scoresOf(folds, unit)
    const reaches = levels.map((level) => reachOf(all, level))
    if (reaches.some((r) => !r.conformal)) modelled++
    // one value says nothing of how far the next may be
    const known = y.reduce((n, v) => (Number.isNaN(v) ? n : n + 1), 0) > 1
    const at = (sign: number, reach: Reach) =>
      mean.map((m, h) => (known ? least(m + sign * widthOf(reach, unit, sd[h] as number, m)) : Number.NaN))
    const told = best.map((c) => fits.told(s, c))
    expected.push({
      ...{ series: s, mean },
      model: told.map((t) => t.model).join(' + '),
      figures: told.length === 1 ? (told[0]?.figures ?? {}) : {},
      lower: reaches.map((reach) => at(-1, reach)),
      upper: reaches.map((reach) => at(1, reach)),
    })
    if (tested)
      taken.push(
        judge(
          folds.map((f) => [f.came, f.mean]),
          scale,
        ),
      )
    if (folds.length > 1) tryIntervals(folds, unit, levels, least, reached)
  }
  const named = (prefix: string, of: Readonly<Record<string, number>> | undefined, only?: string) =>
    Object.fromEntries(Object.entries(of ?? {}).flatMap(([k, v]) => (only === undefined || k === only ? [[`${k}${prefix}`, v]] : []))) // biome-ignore format: one line
  const figures = {
    series: expected.length,
    ...named('', together(taken)),
    ...Object.assign({}, ...candidates.map(({ kind }, c) => named(`_${kind}`, together(judged[c] ?? [])))),
    ...Object.assign({}, ...levels.map((level, l) => {
      const { inside, loss, count: n } = reached[l] as (typeof reached)[number]
      return n > 0 ? { [`coverage_${levelName(level)}`]: inside / n, [`pinball_${levelName(level)}`]: loss / n } : {}
    })), // biome-ignore format: two lines would hide it
    ...Object.fromEntries(candidates.slice(0, own).map(({ kind }, c) => [`chosen_${kind}`, uses[c] as number])),
  } as Record<string, number>
  return { expected, figures, short, modelled }
}

/** Each fold's intervals by the errors of all others: how many values lie within, and the mean pinball loss of both ends. */
function tryIntervals(
  folds: readonly Fold[],
  unit: Unit,
  levels: readonly number[],
  least: (v: number) => number,
  reached: readonly { inside: number; loss: number; count: number }[],
): void {
  for (const [k, { came, mean, sd }] of folds.entries()) {
    const scores = scoresOf(folds.filter((_, other) => other !== k), unit) // biome-ignore format: one line
    for (const [l, level] of levels.entries()) {
      const reach = reachOf(scores, level)
      const tally = reached[l] as (typeof reached)[number]
      for (const [h, y] of came.entries()) {
        const m = mean[h] as number
        if (Number.isNaN(y) || Number.isNaN(m)) continue
        const width = widthOf(reach, unit, sd[h] as number, m)
        const [low, high] = [least(m - width), least(m + width)]
        if (y >= low && y <= high) tally.inside++
        tally.loss += (pinball(y - low, (1 - level) / 2) + pinball(y - high, (1 + level) / 2)) / 2
        tally.count++
      }
    }
  }
}

const pinball = (error: number, quantile: number): number => (error >= 0 ? quantile * error : (quantile - 1) * error)
