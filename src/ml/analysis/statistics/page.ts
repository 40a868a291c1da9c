import type { Language } from '../../../base/i18n.ts'
import type { Json } from '../../../base/json.ts'
import { both, type Fragment, type Html, html, trusted } from '../html.ts'
import { pageOf } from '../page.ts'
import { createRenderer } from '../render.ts'
import { number } from '../text.ts'
import type { Analysis, Found } from './analysis.ts'

/** Rows of a table of figures at most; all are embedded. */
const MOST = 200

/** A table of what an analysis gives: [its name, heads, cells]. The first, without a name, is of single figures. */
export interface Figures {
  readonly name: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

type Plain = string | number | null
const isPlain = (v: Json | undefined): v is Plain | boolean =>
  v === null || ['string', 'number', 'boolean'].includes(typeof v)
const plainOf = (v: Json | undefined): Plain =>
  v === undefined || v === null ? null : typeof v === 'number' || typeof v === 'string' ? v : JSON.stringify(v)
const isObject = (v: Json | undefined): v is { readonly [key: string]: Json } =>
  typeof v === 'object' && v !== null && !Array.isArray(v)

/** Figures of any analysis as tables: single ones first, then each list of records. */
export function figuresOf(data: Found['data']): readonly Figures[] {
  const single: Plain[][] = []
  const lists: Figures[] = []
  const visit = (value: Json | undefined, name: string): void => {
    if (isPlain(value)) single.push([name, plainOf(value)])
    else if (isObject(value))
      for (const [key, v] of Object.entries(value)) visit(v, name === '' ? key : `${name}.${key}`)
    else if (Array.isArray(value)) {
      const list = value as readonly Json[]
      if (list.every(isPlain))
        single.push([name, list.map((v) => (typeof v === 'number' ? number(v) : String(v))).join(', ')])
      else if (list.every(isObject)) {
        const flat = list.map((v) => flatten(v))
        const head = [...new Set(flat.flatMap((f) => Object.keys(f)))]
        lists.push({ name, head, rows: flat.map((f) => head.map((key) => f[key] ?? null)) })
      } else lists.push({ name, ...gridOf(list, data) })
    }
  }
  visit(data, '')
  return [{ name: '', head: ['', ''], rows: single }, ...lists]
}

/** Cells of a list of lists, with the names of a table's values where those are what it counts. */
function gridOf(list: readonly Json[], data: Found['data']): Pick<Figures, 'head' | 'rows'> {
  const cells = list.map((v) => (Array.isArray(v) ? v.map(plainOf) : [plainOf(v)]))
  const across = namesIn(data['columns'])
  const down = namesIn(data['rows'])
  if (across && down && cells.length === down.length && cells.every((c) => c.length === across.length))
    return { head: ['', ...across], rows: cells.map((c, i) => [down[i] ?? null, ...c]) }
  return { head: cells[0]?.map((_, i) => String(i + 1)) ?? [], rows: cells }
}

const namesIn = (v: Json | undefined): readonly string[] | undefined =>
  Array.isArray(v) && v.every((each): each is string => typeof each === 'string') ? v : undefined

function flatten(value: { readonly [key: string]: Json }, before = ''): Record<string, Plain> {
  const out: Record<string, Plain> = {}
  for (const [key, v] of Object.entries(value)) {
    const name = before === '' ? key : `${before}.${key}`
    if (isObject(v)) Object.assign(out, flatten(v, name))
    else out[name] = plainOf(v)
  }
  return out
}

/** An analysis as one HTML file that opens from disk, in both languages. `date`: ISO date and time, UTC. */
export async function renderAnalysis(
  analysis: Analysis,
  found: Found,
  facts: { readonly dataset: string; readonly date: string },
  language: Language,
): Promise<string> {
  const draw = await createRenderer()
  const svg = await draw(found.chart, found.sentence(language))
  const inBoth = (of: (l: Language) => Fragment): Html =>
    html`<span lang="en">${of('en')}</span><span lang="ko">${of('ko')}</span>`
  const tables = figuresOf(found.data).map(({ name, head, rows }) => tableOf(name, head, rows))
  return pageOf({
    language,
    brand: both('analysis.title'),
    title: `${analysis.name} · ${facts.dataset} · Galley`,
    heading: html`${analysis.name} <small>${facts.dataset}</small>`,
    origin: both('analysis.origin', { about: inBoth((l) => analysis.about[l]), date: facts.date }),
    nav: html``,
    main: html`<section id="said"><p>${inBoth((l) => found.sentence(l))}</p><div class="scroll">${svg}</div></section><section id="figures"><h2>${both('analysis.figures')}</h2>${tables}</section>`,
    footer: both('analysis.footer'),
    data: { charts: { analysis: found.chart }, analysis: found.data },
  })
}

function tableOf(name: string, head: readonly string[], rows: Figures['rows']): Html {
  const cell = (v: Plain) =>
    html`<td${typeof v === 'number' ? trusted(' class="n"') : null}>${typeof v === 'number' ? number(v) : (v ?? '–')}</td>`
  const heads = name === '' ? null : html`<thead><tr>${head.map((h) => html`<th>${h}</th>`)}</tr></thead>`
  return html`${name === '' ? null : html`<h3>${name}</h3>`}<div class="scroll"><table>${heads}<tbody>${rows.slice(0, MOST).map((r) => html`<tr>${r.map(cell)}</tr>`)}</tbody></table></div>${rows.length > MOST ? html`<p class="note">${both('analysis.cut', { shown: number(MOST), rows: number(rows.length) })}</p>` : null}`
}
