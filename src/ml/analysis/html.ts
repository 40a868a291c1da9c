import { type MessageKey, text } from '../../base/i18n.ts'
import { lineJson } from '../../base/json.ts'

/** Markup that is safe to put into a page. Only `html` and `trusted` make it. */
export interface Html {
  readonly markup: string
}
export type Fragment = Html | string | number | null | undefined | readonly Fragment[]

/** Markup from a template: what is filled in is escaped unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return { markup: strings.reduce((all, s, i) => all + markupOf(values[i - 1]) + s) }
}

/** Markup of our own making: rendered charts, style, script. */
export const trusted = (markup: string): Html => ({ markup })

export function markupOf(f: Fragment): string {
  if (f === null || f === undefined) return ''
  if (typeof f === 'number') return String(f)
  if (typeof f === 'string') return escapeHtml(f)
  return isList(f) ? f.map(markupOf).join('') : f.markup
}

const isList = (f: Html | readonly Fragment[]): f is readonly Fragment[] => Array.isArray(f)

/** Text as it may stand in an element or a quoted attribute; control characters show as their pictures. */
export function escapeHtml(s: string): string {
  return s
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '�')
}

/** A message in both languages; the page shows one of them. */
export function both(key: MessageKey, params: Readonly<Record<string, Html | string | number>> = {}): Html {
  const safe = Object.fromEntries(Object.entries(params).map(([name, v]) => [name, markupOf(v)]))
  return trusted(`<span lang="en">${text('en', key, safe)}</span><span lang="ko">${text('ko', key, safe)}</span>`)
}

/** JSON as the content of a script element of data: nothing in it can end the element. */
export const dataScript = (id: string, value: unknown): Html =>
  trusted(`<script type="application/json" id="${id}">${lineJson(value).replaceAll('<', '\\u003c')}</script>`)

export const code = (name: string): Html => html`<code>${shorten(name, 60)}</code>`

/** At most `length` code points. */
export function shorten(s: string, length: number): string {
  const points = [...s]
  return points.length > length ? `${points.slice(0, length - 1).join('')}…` : s
}
