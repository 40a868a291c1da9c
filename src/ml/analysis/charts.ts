import type { ColumnProfile, EffectBin, FeatureEffect, Histogram, TargetProfile } from '../../data/profile/types.ts'
import { shorten } from './html.ts'
import { type Chart, COLOURS, labelsOf, styled } from './render.ts'
import { compact } from './text.ts'

/** Widths in CSS pixels. */
const MINI = { width: 190, height: 40 }
/** The width of the page, CSS pixels. */
export const WIDE = 1010
const CARD = { width: 290, height: 110 }

const quantitative = 'quantitative'
const noAxis = { axis: null }

/** A column's distribution: a small one for the table, or with axes. Null when there is nothing to draw. */
export function distribution(c: ColumnProfile, size: 'mini' | 'full'): Chart | null {
  if (c.histogram) return histogram(c.histogram, c.kind === 'time', size)
  if (c.kind === 'bool' && c.count > 0) return share(c)
  return c.top.length > 0 && size === 'mini' ? topValues(c, size) : null
}

/** A histogram; values outside its range are told beside it. */
export function histogram(h: Histogram, time: boolean, size: 'mini' | 'full'): Chart {
  const bare = size === 'mini'
  const at = (i: number): number => (h.from + i * h.width) * (time ? 1e-3 : 1)
  const bins = h.counts.map((n, i) => ({ from: at(i), to: at(i + 1), n }))
  const domain = [at(0), at(h.counts.length)]
  const labels = time ? { format: timeFormat(h), tickCount: 8 } : { format: numberFormat(h), tickCount: 6 }
  const axis = bare ? null : { title: null, grid: false, ...labels }
  const y = { field: 'n', type: quantitative, axis: bare ? null : { title: null, tickCount: 3, format: '~s' } }
  const common = { ...(bare ? MINI : { width: 560, height: 120 }) }
  if (time) {
    // the last step needs an end of its own
    const values = [...bins, { from: at(bins.length), to: at(bins.length), n: bins.at(-1)?.n ?? 0 }]
    const x = { field: 'from', type: 'temporal', scale: { type: 'utc', nice: false, domain }, axis }
    return styled({
      ...common,
      data: { values },
      mark: { type: 'area', interpolate: 'step-after', color: COLOURS.accent },
      encoding: { x, y },
    })
  }
  const x = {
    field: 'from',
    type: quantitative,
    bin: { binned: true },
    scale: { zero: false, nice: false, domain },
    axis,
  }
  return styled({
    ...common,
    data: { values: bins },
    mark: { type: 'bar', color: COLOURS.accent, binSpacing: 1 },
    encoding: { x, x2: { field: 'to' }, y },
  })
}

function share(c: ColumnProfile): Chart {
  const trues = c.trues ?? 0
  return styled({
    width: MINI.width,
    height: 12,
    data: {
      values: [
        { side: 'a', from: 0, to: trues },
        { side: 'b', from: trues, to: c.count },
      ],
    },
    mark: { type: 'bar', height: 10 },
    encoding: {
      x: { field: 'from', type: quantitative, ...noAxis, scale: { domain: [0, c.count], nice: false } },
      x2: { field: 'to' },
      color: {
        field: 'side',
        type: 'nominal',
        legend: null,
        scale: { domain: ['a', 'b'], range: [COLOURS.accent, COLOURS.line] },
      },
    },
  })
}

/** The most frequent values as bars. */
export function topValues(c: ColumnProfile, size: 'mini' | 'full'): Chart {
  const top = c.top.slice(0, size === 'mini' ? 8 : 10)
  const values = top.map((t, i) => ({ i, value: shorten(t.value, 24), n: t.count }))
  if (size === 'mini')
    return styled({
      ...MINI,
      data: { values },
      mark: { type: 'bar', color: COLOURS.soft },
      encoding: {
        x: { field: 'i', type: 'ordinal', ...noAxis, scale: { paddingInner: 0.15 } },
        y: { field: 'n', type: quantitative, ...noAxis },
      },
    })
  const y = { field: 'i', type: 'ordinal', axis: null }
  return styled({
    width: 380,
    height: 17 * values.length,
    data: { values },
    layer: [
      {
        mark: { type: 'bar', color: COLOURS.soft, height: 13 },
        encoding: { x: { field: 'n', type: quantitative, ...noAxis }, y },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5 },
        encoding: { x: { datum: 0, type: quantitative }, y, text: { field: 'value' } },
      },
    ],
  })
}

/** How the target moves with a column: its mean in each bin, against the mean of all. */
export function effect(f: FeatureEffect, target: TargetProfile, others: string): Chart {
  const values = f.bins.map((b, i) => ({ i, label: labelOf(b, others), mean: b.mean }))
  const y = {
    field: 'mean',
    type: quantitative,
    scale: { zero: target.kind === 'bool' },
    axis: { title: null, tickCount: 3, ...(target.kind === 'bool' ? { format: '~%' } : { format: '.3~s' }) },
  }
  const labels = Object.fromEntries(values.map((v) => [v.i, v.label]))
  const x = {
    field: 'i',
    type: 'ordinal',
    axis: {
      title: null,
      labelAngle: -40,
      labelFontSize: 9,
      labelOverlap: false,
      labelLimit: 120,
      labelExpr: labelsOf(labels),
    },
  }
  return styled({
    ...CARD,
    data: { values },
    layer: [
      {
        mark:
          target.kind === 'bool'
            ? { type: 'bar', color: COLOURS.accent, cornerRadiusEnd: 2 }
            : { type: 'line', color: COLOURS.accent, point: { color: COLOURS.accent } },
        encoding: { x, y },
      },
      ...(target.mean === null
        ? []
        : [
            {
              mark: { type: 'rule', color: COLOURS.ink, strokeDash: [4, 3] },
              encoding: { y: { datum: target.mean, type: quantitative } },
            },
          ]),
    ],
  })
}

function labelOf(b: EffectBin, others: string): string {
  if (b.label !== null) return shorten(b.label, 12)
  if (b.from === null || b.to === null) return others
  return b.from === b.to ? compact(b.from) : `${compact(b.from, 2)} … ${compact(b.to, 2)}`
}

/** Rows over time, and the target's mean below when there is one. */
export function overTime(h: Histogram, mean: readonly EffectBin[] | null, kind: 'bool' | 'number'): Chart {
  const domain = [h.from / 1e3, (h.from + h.width * h.counts.length) / 1e3]
  const x = (axis: unknown) => ({ field: 't', type: 'temporal', scale: { type: 'utc', domain, nice: false }, axis })
  const labelled = { title: null, grid: false, format: timeFormat(h), tickCount: 10 }
  const y = (field: string, format: string, zero: boolean) => ({
    field,
    type: quantitative,
    scale: { zero },
    axis: { title: null, tickCount: 4, format },
  })
  const rows = h.counts.map((n, i) => ({ t: (h.from + (i + 0.5) * h.width) / 1e3, n }))
  const upper = {
    width: WIDE,
    height: 120,
    data: { values: rows },
    mark: { type: 'area', color: COLOURS.soft, line: { color: COLOURS.accent, strokeWidth: 1.2 }, opacity: 0.75 },
    encoding: { x: x(mean ? null : labelled), y: y('n', '~s', true) },
  }
  if (!mean) return styled(upper)
  const means = mean.flatMap((b) =>
    b.from === null || b.mean === null ? [] : [{ t: (b.from + h.width / 2) / 1e3, mean: b.mean }],
  )
  const lower = {
    width: WIDE,
    height: 110,
    data: { values: means },
    mark: { type: 'line', color: COLOURS.against, strokeWidth: 1.4 },
    encoding: { x: x(labelled), y: y('mean', kind === 'bool' ? '~%' : '.3~s', kind === 'bool') },
  }
  return styled({ vconcat: [upper, lower], spacing: 14 })
}

function numberFormat(h: Histogram): string {
  const largest = Math.max(Math.abs(h.from), Math.abs(h.from + h.width * h.counts.length))
  return largest >= 1e4 ? '~s' : '.4~g'
}

const DAY = 86_400e6

/** Digits only, so that both languages can read it. */
function timeFormat(h: Histogram): string {
  const span = h.width * h.counts.length
  if (span > 4 * 365 * DAY) return '%Y'
  if (span > 300 * DAY) return '%Y-%m'
  return span > 3 * DAY ? '%m-%d' : '%H:%M'
}
