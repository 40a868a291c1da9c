import type { Calendar, Correlation } from '../../data/profile/types.ts'
import { WIDE } from './charts.ts'
import { shorten } from './html.ts'
import { type Chart, COLOURS, labelsOf, styled } from './render.ts'
import { compact, fixed } from './text.ts'

const quantitative = 'quantitative'

/** The target (or the rows) by weekday and hour; `days` names Monday to Sunday. */
export function calendar(c: Calendar, kind: 'bool' | 'number' | null, days: readonly string[]): Chart {
  const total = c.cells.reduce((sum, cell) => sum + cell.count, 0)
  const value = (cell: Calendar['cells'][number]) =>
    kind === null
      ? (cell.count / total) * 1000
      : cell.mean === null
        ? null
        : kind === 'bool'
          ? cell.mean * 100
          : cell.mean
  const values = c.cells.map((cell) => ({
    day: cell.weekday,
    hour: cell.hour,
    v: value(cell),
    label: value(cell) === null ? '' : compact(value(cell) ?? 0, 2),
  }))
  const names = Object.fromEntries(days.map((d, i) => [i + 1, d]))
  const domain = { x: Array.from({ length: 24 }, (_, i) => i), y: [1, 2, 3, 4, 5, 6, 7] }
  const x = {
    field: 'hour',
    type: 'ordinal',
    scale: { domain: domain.x },
    axis: { title: null, labelAngle: 0, domain: false },
  }
  const y = {
    field: 'day',
    type: 'ordinal',
    scale: { domain: domain.y },
    axis: { title: null, domain: false, labelExpr: labelsOf(names) },
  }
  return styled({
    width: WIDE,
    height: 182,
    data: { values },
    layer: [
      {
        mark: { type: 'rect', color: COLOURS.accent, cornerRadius: 2 },
        encoding: {
          x,
          y,
          opacity: {
            field: 'v',
            type: quantitative,
            legend: null,
            scale: { zero: false, nice: false, range: [0.04, 0.75] },
          },
        },
      },
      { mark: { type: 'text', fontSize: 9.5 }, encoding: { x, y, text: { field: 'label' } } },
    ],
  })
}

/** Parts names of columns, which have no such sign. */
const BETWEEN = '\u001f'

/** Every pair: the colour is the sign, its depth the size. */
export function correlations(c: Correlation): Chart {
  const n = c.columns.length
  const cell = Math.max(18, Math.min(46, Math.floor(760 / Math.max(1, n))))
  const values = c.values.flatMap((row, i) =>
    row.map((r, j) => ({
      i,
      j,
      size: r === null ? 0 : i === j ? 0.08 : Math.abs(r),
      sign: (r ?? 0) < 0 ? '-' : '+',
      label: r === null ? '·' : i === j ? '' : fixed(r, 2),
    })),
  )
  // one text: a name of its own is looked up in JavaScript's objects, and 'constructor' is found there
  const names = JSON.stringify(c.columns.map((name) => `${BETWEEN}${shorten(name, 20)}`).join(''))
  const position = (field: string, extra: object) => ({
    field,
    type: 'ordinal',
    axis: {
      title: null,
      domain: false,
      labelLimit: 180,
      labelOverlap: false,
      labelExpr: `split(${names}, ${JSON.stringify(BETWEEN)})[datum.value + 1]`,
      ...extra,
    },
  })
  const [x, y] = [position('j', { labelAngle: -40 }), position('i', {})]
  return styled({
    width: cell * n,
    height: Math.round(cell * 0.72) * n,
    data: { values },
    layer: [
      {
        mark: { type: 'rect', cornerRadius: 2 },
        encoding: {
          x,
          y,
          color: {
            field: 'sign',
            type: 'nominal',
            legend: null,
            scale: { domain: ['+', '-'], range: [COLOURS.accent, COLOURS.against] },
          },
          opacity: { field: 'size', type: quantitative, legend: null, scale: { domain: [0, 1], range: [0.03, 0.8] } },
        },
      },
      ...(n <= 20 ? [{ mark: { type: 'text', fontSize: 10 }, encoding: { x, y, text: { field: 'label' } } }] : []),
    ],
  })
}
