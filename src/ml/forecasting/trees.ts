import { setImmediate as nextTurn } from 'node:timers/promises'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Batch } from '../../engines/batch.ts'
import type { Relation } from '../../engines/engine.ts'
import type { Schema } from '../../plan/types.ts'
import { plural } from '../../runs/text.ts'
import { GBDT_PARAMS } from '../training/gbdt/params.ts'
import { type NumberParam, numberParams } from '../training/params.ts'
import type { TrainedModel } from '../training/trainer.ts'
import type { LearnContext } from '../unsupervised/learner.ts'
import { calendarOf, type Layout, layoutOf, look } from './features.ts'
import type { Params } from './forecaster.ts'
import type { PanelFits, PanelForecaster, PanelTask } from './panels.ts'

const KIND = 'trees'
const OWN = ['trees', 'leaves', 'learningRate', 'minDataInLeaf'] as const
const PARAMS: Readonly<Record<(typeof OWN)[number], NumberParam>> = {
  ...{ trees: GBDT_PARAMS.trees, leaves: GBDT_PARAMS.leaves, minDataInLeaf: GBDT_PARAMS.minDataInLeaf },
  learningRate: { ...GBDT_PARAMS.learningRate, value: 0.05 },
}
const WAYS = ['recursive', 'direct']
/** Rows that trees learn from: fewer tell them nothing, more are the oldest left out. */
const [FEW, MOST] = [60, 2_000_000]
const BATCH = 65_536
const TARGET = 'y'

/**
 * Boosted trees on lags, rolling means and the calendar: one model for all series, each in units of its own mean and from its own level. `way`: recursive ones look at their own
 * forecasts, direct ones at nothing newer than a horizon ago.
 */
export const trees: PanelForecaster = {
  kind: KIND,
  check(params) {
    numberParams(KIND, params, PARAMS, ['way'])
    wayOf(params)
  },
  fit,
}

function wayOf({ way = 'recursive' }: Params): string {
  const found = WAYS.find((w) => w === way)
  if (found) return found
  throw new GalleyError('USAGE_INVALID', { what: `trees forecast in no way ${JSON.stringify(way)}`, fix: `there are ${WAYS.join(' and ')}` }) // biome-ignore format: one line
}

async function fit(task: PanelTask, ctx: LearnContext): Promise<PanelFits> {
  const { panel, plan, params, holidays } = task
  const { horizon, fits, season } = plan
  const count = panel.values.length
  const layout = layoutOf(panel.periods.every, season, wayOf(params) === 'direct' ? horizon : 1, holidays.size > 0)
  const from = panel.first.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const calendar = calendarOf(layout, panel.periods, from, panel.end - from + 1 + horizon, holidays)
  const means = new Float64Array(count * fits * horizon).fill(Number.NaN)
  const sds = new Float64Array(count * fits * horizon).fill(Number.NaN)
  let last: TrainedModel | undefined
  for (let f = 0; f < fits; f++) {
    const seen = Array.from({ length: count }, (_, s) => plan.seen[s * fits + f] as number)
    if (seen.every((n) => n === 0)) continue
    last = await one({ ...task, seen, layout, calendar, from }, ctx, (s, mean, sd) => {
      means.set(mean, (s * fits + f) * horizon)
      sds.fill(sd, (s * fits + f) * horizon, (s * fits + f + 1) * horizon)
    })
  }
  const at = (s: number, f: number) => [(s * fits + f) * horizon, (s * fits + f + 1) * horizon] as const
  return {
    mean: (s, f) => means.subarray(...at(s, f)),
    sd: (s, f) => sds.subarray(...at(s, f)),
    model: wayOf(params) === 'direct' ? 'Trees(direct)' : 'Trees',
    ...(last ? { trained: last } : {}),
  }
}

interface Fit extends PanelTask {
  /** Values that each series shows; 0: none. */
  readonly seen: readonly number[]
  readonly layout: Layout
  /** Of periods from `from` on. */
  readonly calendar: readonly Float64Array[]
  readonly from: number
}

/** Learns from what the series show, and forecasts those that show something. Undefined where that is too little. */
async function one(
  task: Fit,
  ctx: LearnContext,
  give: (series: number, mean: Float64Array, sd: number) => void,
): Promise<TrainedModel | undefined> {
  // biome-ignore format: one line
  const { panel, seen, layout, plan, params, seed, threads } = task
  const scales = panel.values.map((y, s) => scaleOf(y.subarray(0, seen[s])))
  const { columns, target, series } = await rowsOf(task, scales, ctx)
  if (target.length < FEW) return undefined
  const { gbdt } = await import('../training/gbdt/gbdt.ts')
  const own = Object.fromEntries(Object.entries(numberParams(KIND, params, PARAMS, ['way'])))
  const goal = { kind: 'regression', objective: 'squared' } as const
  const train = relationOf([...layout.names, TARGET], [...columns, target])
  const model = await gbdt.train(
    { train, features: layout.names, target: TARGET, goal, params: own, seed, threads },
    ctx,
  )
  const evaluator = gbdt.load(model)

  const fitted = new Float64Array(target.length)
  evaluator.many(columns, target.length, fitted)
  const squares = new Float64Array(panel.values.length)
  const counts = new Float64Array(panel.values.length)
  for (const [i, s] of series.entries()) {
    squares[s] = (squares[s] as number) + ((target[i] as number) - (fitted[i] as number)) ** 2
    counts[s] = (counts[s] as number) + 1
  }
  const whole = Math.sqrt(squares.reduce((a, b) => a + b, 0) / target.length)
  const able = panel.values.flatMap((_, s) => ((seen[s] as number) > 0 ? [s] : []))
  const grown = able.map((s) => {
    const y = new Float64Array((seen[s] as number) + plan.horizon).fill(Number.NaN)
    y.set((panel.values[s] as Float64Array).subarray(0, seen[s]))
    return y
  })
  const room = layout.names.map(() => new Float64Array(able.length))
  const out = new Float64Array(able.length)
  const levels = new Float64Array(able.length)
  for (let h = 0; h < plan.horizon; h++) {
    for (const [i, s] of able.entries())
      levels[i] = see(task, grown[i] as Float64Array, s, (seen[s] as number) + h, scales, room, i)
    evaluator.many(room, able.length, out)
    for (const [i, s] of able.entries()) (grown[i] as Float64Array)[(seen[s] as number) + h] = (levels[i] as number) + (out[i] as number) * (scales[s] as number) // biome-ignore format: one line
    await nextTurn()
    throwIfAborted(ctx.signal)
  }
  for (const [i, s] of able.entries()) {
    const sd = (counts[s] as number) > 0 ? Math.sqrt((squares[s] as number) / (counts[s] as number)) : whole
    give(s, (grown[i] as Float64Array).subarray(seen[s]), sd * (scales[s] as number))
  }
  return model
}

/** What is seen of value t of a series, in a row; gives its level. */
function see(
  { layout, calendar, panel, from }: Fit,
  y: Float64Array,
  s: number,
  t: number,
  scales: readonly number[],
  columns: readonly Float64Array[],
  row: number,
): number {
  // biome-ignore format: one line
  const level = look(layout, y, t, scales[s] as number, columns, row)
  const at = (panel.first[s] as number) - from + t
  const own = layout.names.length - calendar.length
  for (const [c, values] of calendar.entries()) (columns[own + c] as Float64Array)[row] = values[at] as number
  return level
}

/** The mean size of values; 1 where all are 0. */
function scaleOf(y: Float64Array): number {
  let [sum, n] = [0, 0]
  for (const v of y) {
    if (Number.isNaN(v)) continue
    sum += Math.abs(v)
    n++
  }
  return sum > 0 ? sum / n : 1
}

async function rowsOf(task: Fit, scales: readonly number[], ctx: LearnContext) {
  const { panel, seen, layout } = task
  // the newest rows of each series, as many as all of them leave room for
  const most = Math.max(1, Math.floor(MOST / Math.max(1, seen.filter((n) => n > 0).length)))
  const places: (readonly [series: number, t: number])[] = []
  let left = 0
  for (const [s, y] of panel.values.entries()) {
    const n = seen[s] as number
    const begin = Math.max(layout.offset + Math.min(layout.level, Math.floor(n / 3)), n - most, 1)
    left += Math.max(0, n - most)
    for (let t = begin; t < n; t++) if (!Number.isNaN(y[t])) places.push([s, t])
  }
  if (left > 0) ctx.say?.(`trees learn from the newest ${plural(most, 'value')} of each series`)
  const columns = layout.names.map(() => new Float64Array(places.length))
  const target = new Float64Array(places.length)
  const series = new Int32Array(places.length)
  let row = 0
  for (const [i, [s, t]] of places.entries()) {
    const y = panel.values[s] as Float64Array
    const level = see(task, y, s, t, scales, columns, row)
    if (!Number.isNaN(level)) {
      target[row] = ((y[t] as number) - level) / (scales[s] as number)
      series[row++] = s
    }
    if (i % 10_000 !== 9999) continue
    ctx.progress({ done: i, total: places.length, unit: 'rows' })
    await nextTurn()
    throwIfAborted(ctx.signal)
  }
  const cut = (x: Float64Array) => x.subarray(0, row)
  return { columns: columns.map(cut), target: cut(target), series: series.subarray(0, row) }
}

function relationOf(names: readonly string[], columns: readonly Float64Array[]): Relation {
  const schema: Schema = names.map((name) => ({ name, type: 'float64', nullable: false }))
  const rows = columns[0]?.length ?? 0
  const place = new Map(names.map((name, i) => [name, i]))
  return {
    ...{ place: 'host', schema, rows, close: () => {} },
    async *batches(some = names): AsyncGenerator<Batch> {
      for (let from = 0; from < rows; from += BATCH) {
        const length = Math.min(BATCH, rows - from)
        const own = some.map((name) => schema[place.get(name) as number] as Schema[number])
        const cut = some.map((name) => (columns[place.get(name) as number] as Float64Array).subarray(from, from + length)) // biome-ignore format: one line
        yield { schema: own, rows: length, columns: cut.map((values) => ({ kind: 'fixed', type: 'float64', length, validity: null, values })) } // biome-ignore format: one line
      }
    },
  }
}
