import { shorten } from '../html.ts'
import { type Chart, COLOURS, labelsOf, styled } from '../render.ts'
import type { Group } from './analysis.ts'
import { quantileOf, sorted } from './moments.ts'

const WIDTH = 520
/** Rows of a chart of names at most; the data hold all. */
const MOST = 40
/** Points of a line or a scatter at most. */
const POINTS = 2000

const quantitative = 'quantitative'
const x = (field: string, more: object = {}) => ({
  field,
  type: quantitative,
  scale: { zero: false },
  axis: { title: null, tickCount: 6 },
  ...more,
})
const y = (field: string, more: object = {}) => ({
  field,
  type: quantitative,
  scale: { zero: false },
  axis: { title: null, tickCount: 5 },
  ...more,
})

/** Names by their place: names repeat and may be anything, places do not. */
const named = (labels: readonly string[], more: object = {}) => ({
  field: 'i',
  type: 'ordinal',
  axis: {
    title: null,
    grid: false,
    labelLimit: 220,
    labelAngle: 0,
    labelExpr: labelsOf(labels.map((l) => shorten(l, 36))),
  },
  ...more,
})

export interface Bar {
  readonly label: string
  readonly value: number | null
  readonly low?: number | null
  readonly high?: number | null
}

/** Values with their intervals, one below the other, and a line where there is no effect. `unit`: what is along the axis, in signs of either language. */
export function intervals(bars: readonly Bar[], nothing: number | null, unit: string): Chart {
  const known = bars.filter((b) => b.value !== null).slice(0, MOST)
  const values = known.map((b, i) => ({ i, value: b.value, low: b.low ?? b.value, high: b.high ?? b.value }))
  const rows = named(known.map((b) => b.label))
  const axis = { axis: { title: shorten(unit, 36), tickCount: 6 } }
  const rule = {
    mark: { type: 'rule', color: COLOURS.muted, strokeDash: [4, 3] },
    encoding: { x: { datum: nothing, type: quantitative } },
  }
  return styled({
    width: WIDTH,
    height: Math.max(40, 22 * values.length),
    data: { values },
    layer: [
      ...(nothing === null ? [] : [rule]),
      { mark: { type: 'rule', color: COLOURS.accent, strokeWidth: 2 }, encoding: { y: rows, x: x('low', axis), x2: { field: 'high' } } }, // biome-ignore format: one line
      { mark: { type: 'point', filled: true, color: COLOURS.accent, opacity: 1, size: 50 }, encoding: { y: rows, x: x('value', axis) } }, // biome-ignore format: one line
    ],
  })
}

/** Groups as boxes: range, quartiles, median, and the mean as a point. */
export function boxes(groups: readonly Group[]): Chart {
  const some = groups.slice(0, MOST)
  const values = some.map(({ values }, i) => {
    const s = sorted(values)
    const at = (p: number) => quantileOf(s, p)
    const mean = s.reduce((a, b) => a + b / s.length, 0)
    return { i, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1), mean }
  })
  const rows = named(some.map((g) => g.name))
  return styled({
    width: WIDTH,
    height: 30 * values.length,
    data: { values },
    layer: [
      {
        mark: { type: 'rule', color: COLOURS.line, strokeWidth: 2 },
        encoding: { y: rows, x: x('min'), x2: { field: 'max' } },
      },
      {
        mark: { type: 'bar', height: 14, color: COLOURS.soft },
        encoding: { y: rows, x: x('q1'), x2: { field: 'q3' } },
      },
      { mark: { type: 'tick', color: COLOURS.ink, thickness: 2, size: 14 }, encoding: { y: rows, x: x('median') } },
      {
        mark: { type: 'point', filled: true, color: COLOURS.against, opacity: 1, size: 40 },
        encoding: { y: rows, x: x('mean') },
      },
    ],
  })
}

/** Shares of one column's values within each value of another, as one bar each. */
export function shares(
  rows: readonly string[],
  columns: readonly string[],
  counts: readonly (readonly number[])[],
): Chart {
  const some = rows.slice(0, MOST)
  const values = some.flatMap((_, i) => {
    const all = (counts[i] ?? []).reduce((a, b) => a + b, 0)
    let from = 0
    return columns.map((label, j) => {
      const share = all === 0 ? 0 : (counts[i]?.[j] ?? 0) / all
      const part = { i, part: shorten(label, 30), from, to: from + share }
      from += share
      return part
    })
  })
  return styled({
    width: WIDTH,
    height: 26 * some.length,
    data: { values },
    mark: { type: 'bar', height: 18 },
    encoding: {
      y: named(some),
      x: { field: 'from', type: quantitative, axis: { title: null, format: '~%' }, scale: { domain: [0, 1] } },
      x2: { field: 'to' },
      color: {
        field: 'part',
        type: 'nominal',
        sort: null,
        scale: { scheme: 'tealblues' },
        legend: { title: null, orient: 'bottom' },
      },
    },
  })
}

export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

/** Lines over x; `marks` are places that deserve a look, `moments` says that x is a time in microseconds. */
export function lines(
  all: readonly Line[],
  {
    marks = [],
    rules = [],
    moments = false,
    steps = false,
  }: {
    marks?: readonly { x: number; y: number }[]
    rules?: readonly number[]
    moments?: boolean
    steps?: boolean
  } = {},
): Chart {
  const at = (v: number) => (moments ? v / 1000 : v)
  const values = all.flatMap((l) => thinned(l.points).map((p) => ({ x: at(p.x), y: p.y, line: l.name })))
  const across = moments
    ? { field: 'x', type: 'temporal', scale: { type: 'utc' }, axis: { title: null, tickCount: 8 } }
    : x('x')
  const range = [COLOURS.accent, COLOURS.against, COLOURS.muted]
  const color =
    all.length > 1
      ? {
          color: {
            field: 'line',
            type: 'nominal',
            sort: null,
            scale: { range },
            legend: { title: null, orient: 'bottom' },
          },
        }
      : {}
  return styled({
    width: WIDTH,
    height: 200,
    layer: [
      {
        data: { values },
        mark: {
          type: 'line',
          strokeWidth: 1.4,
          ...(all.length > 1 ? {} : { color: COLOURS.accent }),
          ...(steps ? { interpolate: 'step-after' } : {}),
        },
        encoding: { x: across, y: y('y'), ...color },
      },
      ...(rules.length === 0
        ? []
        : [
            {
              data: { values: rules.slice(0, 200).map((r) => ({ x: at(r) })) },
              mark: { type: 'rule', color: COLOURS.against, strokeDash: [4, 3] },
              encoding: { x: across },
            },
          ]),
      ...(marks.length === 0
        ? []
        : [
            {
              data: { values: marks.slice(0, POINTS).map((m) => ({ x: at(m.x), y: m.y })) },
              mark: { type: 'point', filled: true, opacity: 1, color: COLOURS.against, size: 36 },
              encoding: { x: across, y: y('y') },
            },
          ]),
    ],
  })
}

/** Points, and the line that they would lie on. */
export function scatter(
  points: readonly { x: number; y: number }[],
  line: readonly { x: number; y: number }[] = [],
): Chart {
  return styled({
    width: WIDTH,
    height: 260,
    layer: [
      {
        data: { values: thinned(points) },
        mark: { type: 'point', filled: true, color: COLOURS.accent, size: 14, opacity: 0.5 },
        encoding: { x: x('x'), y: y('y') },
      },
      ...(line.length === 0
        ? []
        : [
            {
              data: { values: line },
              mark: { type: 'line', color: COLOURS.against, strokeWidth: 1.4 },
              encoding: { x: x('x'), y: y('y') },
            },
          ]),
    ],
  })
}

/** Every k-th point, the last one, too: a picture has no room for more. */
function thinned<P extends { x: number; y: number }>(points: readonly P[]): { x: number; y: number }[] {
  const step = Math.max(1, Math.ceil(points.length / POINTS))
  return points.filter((_, i) => i % step === 0 || i === points.length - 1).map(({ x, y }) => ({ x, y }))
}
