import { shorten } from '../analysis/html.ts'
import { type Chart, COLOURS, labelsOf, styled } from '../analysis/render.ts'
import type { CalibrationBin } from '../evaluation/calibration.ts'
import type { CostReport } from '../evaluation/costs.ts'
import type { Dependence } from '../evaluation/dependence.ts'
import type { Importance } from '../evaluation/importance.ts'

const quantitative = 'quantitative'
/** Two beside each other, CSS pixels. */
const HALF = { width: 430, height: 230 }
const number = (field: string, more: Record<string, unknown> = {}) => ({ field, type: quantitative, ...more })
const axis = (format?: string, more: Record<string, unknown> = {}) => ({
  ...{ title: null, tickCount: 5, ...more },
  ...(format === undefined ? {} : { format }),
})
const share = { domain: [0, 1], nice: false }

/** What came against what was said, as the scores are and as a recalibration makes them; below it, where scores lie. */
export function reliability(before: readonly CalibrationBin[], after: readonly CalibrationBin[]): Chart {
  const values = (bins: readonly CalibrationBin[]) => bins.map((b) => ({ x: b.meanScore, y: b.rate }))
  const x = number('x', { axis: axis('.0%'), scale: share })
  const y = number('y', { axis: axis('.0%'), scale: share })
  const diagonal = [0, 1].map((at) => ({ x: at, y: at }))
  const line = (bins: readonly CalibrationBin[], color: string) => ({
    data: { values: values(bins) },
    mark: { type: 'line', color, strokeWidth: 2, point: { color, size: 36, filled: true } },
    encoding: { x, y },
  })
  const layer = [
    {
      data: { values: diagonal },
      mark: { type: 'line', color: COLOURS.muted, strokeDash: [4, 4], strokeWidth: 1 },
      encoding: { x, y },
    },
    ...(after.length > 0 ? [line(after, COLOURS.against)] : []),
    line(before, COLOURS.accent),
  ]
  const densities = before.map(({ from, to, rows }) => {
    const width = Math.max(to - from, 1e-6)
    return { from, to: from + width, density: rows / width }
  })
  const counts = {
    ...{ width: HALF.width, height: 46, data: { values: densities } },
    mark: { type: 'bar', color: COLOURS.soft, binSpacing: 1 },
    encoding: {
      x: number('from', { bin: { binned: true }, axis: null, scale: share }),
      x2: { field: 'to' },
      y: number('density', { axis: null, scale: { type: 'sqrt' } }),
    },
  }
  return styled({ spacing: 8, vconcat: [{ ...HALF, layer }, counts] })
}

/** Cost a row by threshold, the chosen one marked, beside what never and always cost. */
export function costCurve({ curve, threshold, test }: CostReport): Chart {
  const x = number('threshold', { axis: axis('.1f'), scale: share })
  const rule = (y: number, strokeDash: readonly number[]) => ({
    data: { values: [{ y }] },
    mark: { type: 'rule', color: COLOURS.muted, strokeDash },
    encoding: { y: number('y') },
  })
  return styled({
    ...HALF,
    layer: [
      ...[rule(test.never, [2, 3]), rule(test.always, [7, 4])],
      {
        data: { values: [{ low: threshold.low, high: threshold.high }] },
        mark: { type: 'rect', color: COLOURS.soft, opacity: 0.35 },
        encoding: { x: number('low', { axis: axis('.1f'), scale: share }), x2: { field: 'high' } },
      },
      {
        data: { values: [{ at: threshold.value }] },
        mark: { type: 'rule', color: COLOURS.against, strokeWidth: 1.5 },
        encoding: { x: number('at', { axis: axis('.1f'), scale: share }) },
      },
      {
        data: { values: curve },
        mark: { type: 'line', color: COLOURS.accent, strokeWidth: 2 },
        encoding: { x, y: number('cost', { axis: axis(), scale: { zero: false } }) },
      },
    ],
  })
}

/** Net benefit of the model, of calling everybody, and of calling nobody (0). */
export function decisionCurve({ decision }: CostReport): Chart {
  const top = Math.max(...decision.map((d) => d.model), 0.001)
  const y = { type: quantitative, axis: axis(), scale: { domain: [-top * 0.4, top * 1.1], clamp: true, nice: false } }
  const line = (field: string, color: string, strokeDash: readonly number[] = []) => ({
    mark: { type: 'line', color, strokeWidth: 2, clip: true, strokeDash },
    encoding: { x: number('threshold', { axis: axis('.1f'), scale: share }), y: { field, ...y } },
  })
  return styled({
    ...HALF,
    data: { values: decision.map((d) => ({ ...d, all: d.all > -top * 0.4 ? d.all : null })) },
    layer: [
      { mark: { type: 'rule', color: COLOURS.muted }, encoding: { y: { datum: 0, type: quantitative } } },
      line('all', COLOURS.muted, [7, 4]),
      line('model', COLOURS.accent),
    ],
  })
}

/** Bars with the spread of repeats. */
export function importances(features: readonly Importance[]): Chart {
  const values = features.map((f, i) => ({ i, name: shorten(f.feature, 28), mean: f.mean, low: f.mean - f.sd, high: f.mean + f.sd })) // biome-ignore format: one line
  const y = { field: 'i', type: 'ordinal', axis: { title: null, labelExpr: labelsOf(values.map((v) => v.name)), labelLimit: 200, labelFontSize: 11 } } // biome-ignore format: one line
  return styled({
    width: 620,
    height: 22 * values.length,
    data: { values },
    layer: [
      { mark: { type: 'bar', color: COLOURS.soft, height: 13 }, encoding: { x: number('mean', { axis: axis() }), y } },
      { mark: { type: 'rule', color: COLOURS.accent, strokeWidth: 2 }, encoding: { x: number('low'), x2: { field: 'high' }, y } }, // biome-ignore format: one line
    ],
  })
}

/** What is said by a feature's value, and where four fifths of rows lie. */
export function dependence({ points, names }: Dependence): Chart {
  if (names) return dependenceOfNames(points, names)
  // letters say nothing of small numbers (a tenth would be 100m) nor of years (2.01k)
  const labels = "abs(datum.value) < 10000 ? format(datum.value, '~g') : format(datum.value, '~s')"
  const x = number('x', {
    axis: axis(undefined, { grid: false, labelExpr: labels }),
    scale: { zero: false, nice: false },
  })
  const y = (field: string) => number(field, { axis: axis(undefined, { tickCount: 4 }), scale: { zero: false } })
  return styled({
    width: 270,
    height: 120,
    data: { values: points },
    layer: [
      { mark: { type: 'area', color: COLOURS.soft, opacity: 0.35 }, encoding: { x, y: y('low'), y2: { field: 'high' } } }, // biome-ignore format: one line
      { mark: { type: 'line', color: COLOURS.accent, strokeWidth: 2 }, encoding: { x, y: y('mean') } },
    ],
  })
}

/** Names have no way from one to the next: a point each, and where four fifths of rows lie. */
function dependenceOfNames(points: Dependence['points'], names: readonly string[]): Chart {
  const values = points.map((p, i) => ({ ...p, i }))
  const labels = { labelExpr: labelsOf(names.map((name) => shorten(name, 14))), labelAngle: -40 }
  const x = { field: 'i', type: 'ordinal', axis: axis(undefined, { grid: false, ...labels }) }
  const y = (field: string) => number(field, { axis: axis(undefined, { tickCount: 4 }), scale: { zero: false } })
  return styled({
    ...{ width: 270, height: 120, data: { values } },
    layer: [
      { mark: { type: 'rule', color: COLOURS.soft, opacity: 0.6, strokeWidth: 6 }, encoding: { x, y: y('low'), y2: { field: 'high' } } }, // biome-ignore format: one line
      { mark: { type: 'point', color: COLOURS.accent, filled: true, opacity: 1, size: 40 }, encoding: { x, y: y('mean') } }, // biome-ignore format: one line
    ],
  })
}

/** What was measured at a size: of rows, or of a parameter. */
interface Sized {
  readonly at: number
  readonly value: number
  readonly train: number
  readonly seconds: number
}

/** Losses by size, over a logarithmic axis. */
export function learning(points: readonly Sized[], format = ',d'): Chart {
  const x = number('at', {
    axis: axis(format, { values: points.map((p) => p.at) }),
    scale: { type: 'log', nice: false },
  })
  const line = (field: string, color: string, strokeDash: readonly number[] = []) => ({
    mark: { type: 'line', color, strokeWidth: 2, strokeDash, point: { color, size: 40, filled: true } },
    encoding: { x, y: number(field, { axis: axis(), scale: { zero: false } }) },
  })
  return styled({
    ...HALF,
    data: { values: points },
    layer: [line('train', COLOURS.against, [4, 3]), line('value', COLOURS.accent)],
  })
}

/** Seconds by size. */
export function seconds(points: readonly Sized[]): Chart {
  return styled({
    ...HALF,
    data: { values: points },
    mark: { type: 'line', color: COLOURS.accent, strokeWidth: 2, point: { color: COLOURS.accent, size: 40, filled: true } }, // biome-ignore format: one line
    encoding: { x: number('at', { axis: axis('~s') }), y: number('seconds', { axis: axis() }) },
  })
}
