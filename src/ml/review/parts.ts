import { code, type Fragment, type Html, html, trusted } from '../analysis/html.ts'
import type { Interval } from '../evaluation/interval.ts'
import { say } from './words.ts'

/** Four digits that count. */
export function figure(x: number | null): string {
  if (x === null || !Number.isFinite(x)) return '–'
  const size = Math.abs(x)
  const text = size >= 1000 ? Math.round(x).toLocaleString('en-US') : size >= 100 ? x.toFixed(1) : size >= 0.0995 || x === 0 ? x.toFixed(3) : Number(x.toPrecision(3)).toString() // biome-ignore format: one line
  return text.replaceAll('-', '−')
}

export const percentOf = (x: number | null): string => (x === null || !Number.isFinite(x) ? '–' : `${(x * 100).toFixed(1)} %`.replace('-', '−')) // biome-ignore format: one line

export const bounds = ({ low, high }: Interval, of: (x: number | null) => string = figure): Html | null =>
  low === null ? null : html`<small class="zero">${of(low)} … ${of(high)}</small>`

/** A value with its bounds under it. */
export const valued = (i: Interval | undefined, of: (x: number | null) => string = figure): Html =>
  i ? html`${of(i.value)}${i.low === null ? null : html`<br>${bounds(i, of)}`}` : html`–`

export const tile = (value: Fragment, label: Html, act = false): Html =>
  html`<div class="tile${act ? ' act' : ''}"><b>${value}</b><span>${label}</span></div>`

/** A table; heads after the first are of numbers. */
export const tableOf = (head: readonly Fragment[], rows: readonly Html[], first = 1): Html =>
  html`<div class="scroll"><table><thead><tr>${head.map((h, i) => (i < first ? html`<th>${h}</th>` : html`<th class="n">${h}</th>`))}</tr></thead><tbody>${rows}</tbody></table></div>` // biome-ignore format: one line

export const level = ({ name, others }: { readonly name: string | null; readonly others?: true }): Html =>
  name === null ? say('level.missing') : others ? say('level.others', { n: name }) : code(name)

/** Where an interval lies between two bounds, with a line at `at`. */
export function placed(i: Interval, from: number, to: number, at: number | null, bad: boolean): Html {
  if (i.value === null || !(to > from)) return html``
  const place = (x: number) => `${(Math.min(1, Math.max(0, (x - from) / (to - from))) * 100).toFixed(2)}%`
  const span =
    i.low === null || i.high === null ? '' : `<i style="left:${place(i.low)};right:calc(100% - ${place(i.high)})"></i>`
  const line = at === null ? '' : `<u style="left:${place(at)}"></u>`
  return trusted(`<span class="iv${bad ? ' bad' : ''}">${line}${span}<b style="left:${place(i.value)}"></b></span>`)
}

export const section = (id: string, title: Html, body: Fragment): Html =>
  html`<section id="${id}"><h2>${title}</h2>${body}</section>`
