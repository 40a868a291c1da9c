import { type ColumnProfile, QUANTILES } from '../../data/profile/types.ts'
import { both, code, type Fragment, type Html, html, shorten, trusted } from './html.ts'
import { compact, number, percent } from './text.ts'

/** One column: a line of figures with a small chart, and what opens below it. */
export function columnRow(c: ColumnProfile, rows: number, mini: Html | null, full: Html | null): Html {
  const type = c.unit === null ? c.type : `${c.type}, ${c.unit}`
  return html`<details><summary>
    <div>${code(c.name)}<small>${type}${c.description === null ? null : ` · ${shorten(c.description, 80)}`}</small></div>
    <div>${mini}</div>
    <div${c.nulls === 0 ? trusted(' class="zero"') : null}>${percent(c.nulls, rows)}</div>
    <div>${c.distinct === null ? '–' : c.distinctError ? html`≈ ${compact(c.distinct)}<small>± ${percent(c.distinctError, 1)}</small>` : number(c.distinct)}</div>
    ${range(c)}
  </summary><div class="detail"><div>${full}${outside(c)}${c.number ? top(c) : null}</div><div>${facts(c)}${hints(c)}${c.number ? null : top(c)}</div></div></details>`
}

export const columnHead: Html = html`<div class="row"><div>${both('column.name')}</div><div>${both('column.distribution')}</div><div>${both('column.missing')}</div><div>${both('column.distinct')}</div><div class="range"><div>${both('column.low')}</div><div>${both('column.typical')}</div><div>${both('column.high')}</div></div></div>`

function range(c: ColumnProfile): Html {
  if (c.number) {
    const s = c.number
    return html`<div class="range"><div>${compactOr(s.min)}<small>5 % ${compactOr(s.quantiles[1])}</small></div><div>${compactOr(s.quantiles[3])}<small>x̄ ${compactOr(s.mean)} ± ${compactOr(s.stddev)}</small></div><div>${compactOr(s.max)}<small>95 % ${compactOr(s.quantiles[5])}</small></div></div>`
  }
  if (c.time) return html`<div class="range two"><div>${moment(c.time.min)}</div><div>${moment(c.time.max)}</div></div>`
  if (c.trues !== null)
    return html`<div class="range"><div>${percent(c.trues, c.count)}<small>${both('column.trues')}</small></div></div>`
  const first = c.top[0]
  if (first)
    return html`<div class="range"><div class="v" style="grid-column:1/-1">${shorten(first.value, 40)}<small>${both('column.top')} · ${percent(first.count, c.count)}</small></div></div>`
  return html`<div class="range"><div style="grid-column:1/-1"><small>${c.kind === 'text' && c.count > 0 ? both('column.unique') : null}</small></div></div>`
}

/** A date above its time. */
function moment(iso: string): Html {
  const [date = '', time] = iso.split('T')
  return html`${date}<small>${time?.replace('Z', ' UTC')}</small>`
}

const compactOr = (x: number | null | undefined): string => (x === null || x === undefined ? '–' : compact(x))

function outside(c: ColumnProfile): Html | null {
  const h = c.histogram
  return h && h.below + h.above > 0
    ? html`<p class="note">${both('column.outside', { below: number(h.below), above: number(h.above) })}</p>`
    : null
}

function facts(c: ColumnProfile): Html | null {
  const line = (label: Fragment, value: Fragment) => html`<tr><td>${label}</td><td class="n">${value}</td></tr>`
  if (c.number) {
    const s = c.number
    const accuracy =
      s.quantileError === 0 ? both('column.exact') : both('column.within', { error: compact(s.quantileError) })
    const quantiles = QUANTILES.map(
      (p, i) => html`<tr><td>${Math.round(p * 100)} %</td><td class="n">${number(s.quantiles[i] ?? null)}</td></tr>`,
    )
    return html`<table><thead><tr><th>${both('column.quantiles')}</th><th class="n">${accuracy}</th></tr></thead><tbody>
      ${line(both('column.low'), number(s.min))}${quantiles}${line(both('column.high'), number(s.max))}
      ${line(both('column.mean'), number(s.mean))}${line(both('column.stddev'), number(s.stddev))}${s.zeros === null ? null : line(both('column.zeros'), number(s.zeros))}
      ${s.nan > 0 ? line('NaN', number(s.nan)) : null}${s.infinite > 0 ? line('±∞', number(s.infinite)) : null}</tbody></table>`
  }
  if (c.text)
    return html`<table><tbody>${line(both('column.length'), c.text.shortest === c.text.longest ? number(c.text.longest) : `${number(c.text.shortest)}–${number(c.text.longest)}`)}${line(both('column.emptyText'), number(c.text.empty))}</tbody></table>`
  return null
}

/** Shapes of texts, and what speaks for personal data. */
function hints(c: ColumnProfile): Html | null {
  const { personal, patterns = [] } = c
  if (!personal && patterns.length === 0) return null
  const person = personal
    ? html`<tr><td><span class="bad">${both('column.personal')}</span> ${both(`personal.${personal.kind}`)}</td><td class="n">${personal.share > 0 ? percent(personal.share, 1) : both('column.byName')}</td></tr>`
    : null
  const shapes = patterns.map(
    (s) => html`<tr><td class="v">${shorten(s.pattern, 44)}</td><td class="n">${percent(s.share, 1)}</td></tr>`,
  )
  const head = shapes.length > 0 ? html`<thead><tr><th>${both('column.patterns')}</th><th></th></tr></thead>` : null
  return html`<table>${head}<tbody>${shapes}${person}</tbody></table>`
}

function top(c: ColumnProfile): Html | null {
  if (c.top.length === 0) return null
  const rows = c.top
    .slice(0, c.number ? 7 : 10)
    .map(
      (t) =>
        html`<tr><td class="v">${t.value === '' ? '␀' : shorten(t.value, 60)}</td><td class="n">${number(t.count)}</td><td class="n">${percent(t.count, c.count)}</td></tr>`,
    )
  return html`<table><thead><tr><th>${both('column.top')}</th><th></th><th></th></tr></thead><tbody>${rows}</tbody></table>`
}
