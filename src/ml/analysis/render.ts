import type { TopLevelSpec } from 'vega-lite'
import { lineJson } from '../../base/json.ts'
import { type Html, trusted } from './html.ts'

/** The colours of a chart; in the page they become variables, so that a chart follows light and dark. */
export const COLOURS = {
  ink: '#1d2531',
  muted: '#66707f',
  line: '#dfe3e8',
  accent: '#0d7a70',
  soft: '#8cc7c0',
  against: '#c2660c',
} as const

const FONT = 'system-ui, sans-serif'
const axis = {
  labelColor: COLOURS.muted,
  tickColor: COLOURS.line,
  domainColor: COLOURS.line,
  gridColor: COLOURS.line,
  labelFont: FONT,
  labelFontSize: 10,
  titleColor: COLOURS.muted,
  titleFont: FONT,
  titleFontSize: 10,
  titleFontWeight: 'normal' as const,
}
const config = {
  aria: false,
  view: { stroke: null },
  axis: { ...axis, ticks: false, labelPadding: 5 },
  text: { font: FONT, fontSize: 10, color: COLOURS.ink },
  header: { labelFont: FONT, labelColor: COLOURS.muted },
}

/** A chart as data: a Vega-Lite specification (version 6) with its values inside. */
export type Chart = TopLevelSpec

/** Completes a chart with the house style. */
export const styled = (chart: Record<string, unknown>): Chart =>
  ({ background: null, padding: 2, ...chart, config }) as unknown as Chart

/** The labels of an axis by place. No expression may hold the name of an object's property (`constructor`), so that each has a = before it. */
export const labelsOf = (names: readonly string[] | Readonly<Record<number, string>>): string => {
  const held = Object.fromEntries(Object.entries(names).map(([place, name]) => [place, `=${name}`]))
  return `slice(${lineJson(held)}[datum.value] || '=', 1)`
}

/** Draws charts as SVG, in this process and without a canvas; the libraries are loaded on first use (0.2 s). */
export async function createRenderer(): Promise<(chart: Chart, label: string) => Promise<Html>> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')])
  const logger = vega.logger(vega.Error)
  let clips = 0
  // the library counts them through the whole process; a page has to come out the same each time
  const renumbered = () => {
    const known = new Map<string, string>()
    return (id: string): string => {
      if (!known.has(id)) known.set(id, `c${clips++}`)
      return known.get(id) ?? id
    }
  }
  return async (chart, label) => {
    const { spec } = vegaLite.compile(chart, { logger })
    const view = new vega.View(vega.parse(spec), { renderer: 'none', logger })
    try {
      return trusted(themed(await view.toSVG(), label).replace(/(?<=id="|url\(#)clip\d+/g, renumbered()))
    } finally {
      view.finalize()
    }
  }
}

/** Colours as variables, no namespace (HTML needs none), a label for those who can't see it. */
function themed(svg: string, label: string): string {
  let out = svg.replace(/ xmlns(:xlink)?="[^"]*"/g, '').replace(/ font-family="[^"]*"/g, '')
  for (const [name, hex] of Object.entries(COLOURS)) out = out.replaceAll(`="${hex}"`, `="var(--${name})"`)
  const title = label.replace(/[<>&"'\u0000-\u001f]/g, ' ')
  return out.replace('<svg ', () => `<svg role="img" aria-label="${title}" `)
}
