import { setTimeout as after } from 'node:timers/promises'
import { type Arrays, floats, ints, withCrew } from '../unsupervised/crew.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import { originsOf } from './origins.ts'
import { type Panel, unfit } from './panel.ts'
import { type Job, kernels, readText, type SeriesArrays, TEXT, written } from './series.ts'

/** Numbers of forecasts that are held, at most. */
const MOST = 2 ** 27
/** How many times as long as reading a value a fit takes for it: fewer than these are not worth a thread. */
const WORK: Readonly<Record<string, number>> = { naive: 1, 'seasonal-naive': 1, drift: 1, intermittent: 5, theta: 2000 }
const HEAVY = 20_000

export type Candidates = Job['candidates']
/** Where fits are of each series: `fits − 1` of a back-test, and one of all values. */
export interface Plan {
  readonly season: number
  readonly horizon: number
  readonly fits: number
  /** As in `SeriesArrays`; 0 where a series is too short for that fit. */
  readonly seen: Int32Array
}

/** What all candidates expect, of all series and fits. */
export interface Fits {
  readonly plan: Plan
  mean(series: number, candidate: number, fit: number): Float64Array
  sd(series: number, candidate: number, fit: number): Float64Array
  /** What was fitted to the whole series. */
  told(
    series: number,
    candidate: number,
  ): { readonly model: string; readonly figures: Readonly<Record<string, number>> }
}

/** Rolling origins of each series. `skipped` ones get no fit at all. */
export function planOf(
  { values }: Panel,
  season: number,
  horizon: number,
  folds: number,
  skipped: ReadonlySet<number>,
): Plan {
  const fits = folds + 1
  const seen = ints(Math.max(1, values.length * fits))
  for (const [s, y] of values.entries()) {
    if (skipped.has(s)) continue
    const first = Math.max(
      0,
      y.findIndex((v) => !Number.isNaN(v)),
    )
    const origins = originsOf(y.length - first, season, horizon, folds)
    for (const [k, origin] of origins.entries()) seen[s * fits + folds - origins.length + k] = first + origin
    seen[s * fits + folds] = y.length
  }
  return { season, horizon, fits, seen }
}

/** Fits every candidate to every series, as often as the plan says, on threads. @throws TRAIN_DATA for too much to hold, CANCELLED */
export async function fitAll(
  panel: Panel,
  plan: Plan,
  candidates: Candidates,
  { signal, progress }: LearnContext,
  threads: number,
): Promise<Fits> {
  const { horizon, fits, seen } = plan
  const count = panel.values.length
  const size = count * candidates.length * fits * 2 * horizon
  if (size > MOST)
    throw unfit(
      `${count} series times ${candidates.length} forecasters, ${fits} fits and ${horizon} periods are more than is held`,
      `they take ${Math.ceil(size / 2 ** 27)} GiB`,
      'forecast fewer series in a step, fewer periods, or with fewer folds of the back-test',
    )
  const starts = ints(count + 1)
  for (const [s, y] of panel.values.entries()) starts[s + 1] = (starts[s] as number) + y.length
  const values = floats(Math.max(1, starts[count] as number))
  for (const [s, y] of panel.values.entries()) values.set(y, starts[s])
  const text = JSON.stringify({ season: plan.season, horizon, fits, candidates } satisfies Job)
  const job = ints(text.length + 1)
  written(text, job, 0, text.length)
  const out = floats(Math.max(1, size)).fill(Number.NaN)
  const said = ints(Math.max(1, count * candidates.length * TEXT))
  const done = ints(1)
  const arrays: SeriesArrays = { job, values, starts, seen, out, said, done }
  const effort = candidates.reduce((sum, { kind }) => sum + (WORK[kind] ?? HEAVY), 0) * fits
  const over = new AbortController()
  const told = telling(done, count, progress, over.signal)
  try {
    const options = {
      ...{ module: new URL('./series.ts', import.meta.url).href, kernels, threads, signal },
      ...{ arrays: arrays as unknown as Arrays, cut: { rows: count, size: 1, blocks: count } },
      ...{ work: values.length * effort, alone: true },
    }
    await withCrew(options, (run) => run('fit'))
  } finally {
    over.abort()
    await told
  }
  progress({ done: count, total: count, unit: 'steps' })
  const place = (s: number, c: number, f: number) => ((s * candidates.length + c) * fits + f) * 2 * horizon
  return {
    plan,
    mean: (s, c, f) => out.subarray(place(s, c, f), place(s, c, f) + horizon),
    sd: (s, c, f) => out.subarray(place(s, c, f) + horizon, place(s, c, f) + 2 * horizon),
    told(s, c) {
      const at = (s * candidates.length + c) * TEXT
      const [model = '', figures = '{}'] = readText(said.subarray(at, at + TEXT)).split('\n')
      return { model, figures: JSON.parse(figures) as Readonly<Record<string, number>> }
    },
  }
}

async function telling(
  done: Int32Array,
  total: number,
  progress: LearnContext['progress'],
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    await after(200, undefined, { signal: over }).catch(() => undefined)
    progress({ done: Atomics.load(done, 0), total, unit: 'steps' })
  }
}
