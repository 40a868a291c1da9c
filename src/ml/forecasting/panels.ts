import type { TrainedModel } from '../training/trainer.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import type { Candidates, Fits, Plan } from './fits.ts'
import type { Params } from './forecaster.ts'
import type { Panel } from './panel.ts'

/** What a forecaster of all series together gets. */
export interface PanelTask {
  readonly panel: Panel
  readonly plan: Plan
  readonly params: Params
  /** Dates of holidays, `2026-05-01`; none where nobody named a calendar. */
  readonly holidays: ReadonlySet<string>
  readonly seed: number
  readonly threads: number
}

/** What it expects of each series and fit; NaN where it can't tell. */
export interface PanelFits {
  mean(series: number, fit: number): Float64Array
  sd(series: number, fit: number): Float64Array
  readonly model: string
  /** What was learnt from all values. */
  readonly trained?: TrainedModel
}

/** A forecaster that learns from all series together: one file behind this interface. It is given the fits of a plan, and sees of each what the plan says. */
export interface PanelForecaster {
  readonly kind: string
  /** @throws USAGE_INVALID */
  check(params: Params): void
  /** The same panel, parameters and seed give the same on any number of threads. @throws CANCELLED */
  fit(task: PanelTask, ctx: LearnContext): Promise<PanelFits>
}

/** Those by kind; each is loaded when it is first used. */
export const panelForecasters: Readonly<Record<string, () => Promise<PanelForecaster>>> = {
  trees: async () => (await import('./trees.ts')).trees,
}

/** Fits of forecasters of one series and of all together, in the order of all candidates. */
export function joined(
  candidates: Candidates,
  single: { readonly fits: Fits; readonly candidates: Candidates },
  panels: ReadonlyMap<string, PanelFits>,
): Fits {
  const places = candidates.map(({ kind }) => panels.get(kind) ?? single.candidates.findIndex((c) => c.kind === kind))
  const at = <T>(c: number, one: (place: number) => T, all: (fits: PanelFits) => T): T => {
    const place = places[c] as number | PanelFits
    return typeof place === 'number' ? one(place) : all(place)
  }
  const { fits } = single
  return {
    plan: fits.plan,
    mean: (s, c, f) => at(c, (i) => fits.mean(s, i, f), (p) => p.mean(s, f)), // biome-ignore format: one line
    sd: (s, c, f) => at(c, (i) => fits.sd(s, i, f), (p) => p.sd(s, f)), // biome-ignore format: one line
    told: (s, c) => at(c, (i) => fits.told(s, i), (p) => ({ model: p.model, figures: {} })), // biome-ignore format: one line
  }
}
