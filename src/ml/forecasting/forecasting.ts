import { GalleyError } from '../../base/errors.ts'
import type { Relation } from '../../engines/engine.ts'
import type { ForecastSpec } from '../../runs/specs.ts'
import { plural } from '../../runs/text.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import { SEASONS } from './calendar.ts'
import { type Chosen, choose } from './choose.ts'
import { type Candidates, fitAll, planOf } from './fits.ts'
import type { Params } from './forecaster.ts'
import { forecasterOf } from './index.ts'
import { named, type Panel, readPanel, seriesText, unfit } from './panel.ts'
import { joined, type PanelFits, panelForecasters } from './panels.ts'

export type ForecastAsked = Omit<ForecastSpec, 'schema' | 'holidays'>

/** What came of it: the panel, and what is expected of its series. */
export interface Forecasts extends Chosen {
  readonly panel: Panel
  readonly candidates: Candidates
  readonly season: number
  /** What was learnt from all series together. */
  readonly trained: readonly TrainedModel[]
}

/** Where no back-test says which is best. */
const SIMPLE = 'seasonal-naive'

/**
 * Reads rows into series, tries forecasters on the end of each, and forecasts what comes after it. The same rows, parameters and seed give the same
 * forecasts on any number of threads. @throws TRAIN_DATA, USAGE_INVALID, CANCELLED
 */
export async function forecastRows(
  rows: Relation,
  asked: ForecastAsked,
  ctx: LearnContext,
  threads: number,
  holidays: ReadonlySet<string> = new Set(),
): Promise<Forecasts> {
  const { horizon, folds, intervals, seed } = asked
  const { candidates, own, average } = await candidatesOf(asked)
  const panel = await readPanel(rows, asked, ctx)
  const season = asked.season ?? SEASONS[asked.every]
  const skipped = skippedOf(panel, Math.max(horizon, season), asked, ctx)
  const plan = planOf(panel, season, horizon, folds, skipped)
  const together = new Map<string, PanelFits>()
  for (const { kind, params } of candidates) {
    const load = panelForecasters[kind]
    if (load) together.set(kind, await (await load()).fit({ panel, plan, params, holidays, seed, threads }, ctx))
  }
  const single = candidates.filter((c) => !together.has(c.kind))
  const fits = joined(
    candidates,
    { candidates: single, fits: await fitAll(panel, plan, single, ctx, threads) },
    together,
  )
  const simple = candidates.findIndex((c) => c.kind === SIMPLE)
  const otherwise = own === 1 ? 0 : simple
  const chosen = choose(panel, fits, candidates, { own, otherwise, simple, average, levels: intervals })
  if (folds > 0 && chosen.short > 0) ctx.say?.(`${seriesText(chosen.short)} ${chosen.short === 1 ? 'is' : 'are'} too short for a back-test of ${horizon}: ${own === 1 ? 'nothing says how good the forecast is' : 'the simple forecast is taken'}`) // biome-ignore format: one line
  if (folds > 0 && chosen.modelled > chosen.short && intervals.length > 0) ctx.say?.(`${seriesText(chosen.modelled - chosen.short)} ${chosen.modelled - chosen.short === 1 ? 'has' : 'have'} too few errors in the back-test for an interval: it is the model's own`) // biome-ignore format: one line
  const trained = [...together.values()].flatMap((t) => t.trained ?? [])
  return { ...chosen, panel, candidates, season, trained }
}

/** Who is tried: those that were asked for, and beside them the simplest. */
async function candidatesOf({ forecaster, params }: ForecastAsked): Promise<{
  readonly candidates: Candidates
  readonly own: number
  readonly average: number
}> {
  if (forecaster !== 'auto') {
    await checkKind(forecaster, params)
    const one = [{ kind: forecaster, params }]
    return { candidates: forecaster === SIMPLE ? one : [...one, { kind: SIMPLE, params: {} }], own: 1, average: 1 }
  }
  const { of: kinds = AUTO, average = 1 } = params
  if (
    !Array.isArray(kinds) ||
    !kinds.every((k) => typeof k === 'string') ||
    !Number.isInteger(average) ||
    Number(average) < 1
  )
    // biome-ignore format: one line
    throw new GalleyError('USAGE_INVALID', {
      what: `autoForecast has of: ${JSON.stringify(kinds)} and average: ${JSON.stringify(average)}`,
      why: 'it chooses of a list of forecasters, and averages a whole number of them',
      fix: "write for instance of: ['ets', 'theta'], average: 2",
    })
  const candidates = [...new Set([...kinds, SIMPLE])].map((kind) => ({ kind, params: {} }))
  for (const { kind } of candidates) await checkKind(kind, {})
  return { candidates, own: candidates.length, average: Number(average) }
}

/** @throws RECIPE_INVALID, USAGE_INVALID */
async function checkKind(kind: string, params: Params): Promise<void> {
  const load = Object.hasOwn(panelForecasters, kind) ? panelForecasters[kind] : undefined
  const found = load ? await load() : forecasterOf(kind)
  found.check(params)
}

/** What `autoForecast()` chooses from. */
const AUTO: readonly string[] = [SIMPLE, 'ets', 'arima', 'theta', 'intermittent', 'trees']

/** Series that are not forecast: those without a value, and those that ended long ago. @throws TRAIN_DATA where none is left */
function skippedOf(
  { values, keys }: Panel,
  most: number,
  { series, every }: ForecastAsked,
  ctx: LearnContext,
): Set<number> {
  const lastOf = (y: Float64Array) => y.findLastIndex((v) => !Number.isNaN(v))
  const empty = values.flatMap((y, s) => (lastOf(y) < 0 ? [s] : []))
  const ended = values.flatMap((y, s) => (lastOf(y) >= 0 && y.length - 1 - lastOf(y) > most ? [s] : []))
  const first = (some: readonly number[]) => named(series, keys[some[0] as number] ?? []).replace(/: $/, some.length > 1 ? ', for instance' : '') // biome-ignore format: one line
  const few = (some: readonly number[]) => (series.length > 0 ? ` (${first(some)})` : '')
  if (empty.length > 0) ctx.say?.(`${seriesText(empty.length)} without any value: no forecast${few(empty)}`)
  if (ended.length > 0) ctx.say?.(`${seriesText(ended.length)} ended more than ${plural(most, every)} before the others: no forecast${few(ended)}`) // biome-ignore format: one line
  if (empty.length === values.length) throw unfit('no series has a value', 'all of them are missing', 'check the target and the filters before the step') // biome-ignore format: one line
  return new Set([...empty, ...ended])
}
