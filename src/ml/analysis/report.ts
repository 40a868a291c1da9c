import { type Language, type MessageKey, text } from '../../base/i18n.ts'
import type { Correlation, Profile } from '../../data/profile/types.ts'
import { distribution, effect, overTime, topValues } from './charts.ts'
import { columnHead, columnRow } from './columns.ts'
import { calendar, correlations } from './heatmaps.ts'
import { both, code, type Html, html } from './html.ts'
import { pageOf } from './page.ts'
import { type Chart, createRenderer } from './render.ts'
import { bar, findings, quality, type ReportFacts, tiles } from './sections.ts'
import { fixed, number } from './text.ts'
import { togetherSection } from './together.ts'

/** Columns whose effect on the target is drawn; the table below holds all. */
const EFFECTS = 12
/** Columns that have charts, and that have a line: a table of thousands makes no page. All are in the embedded profile. */
const DRAWN = 200
const LISTED = 1000

/**
 * The report as one HTML file that opens from disk: charts as SVG, words in Korean and English, nothing loaded from
 * elsewhere. `language` is what it opens in where the reader's browser doesn't say.
 */
export async function renderReport(p: Profile, facts: ReportFacts, language: Language): Promise<string> {
  const render = await createRenderer()
  const charts: Record<string, Chart> = {}
  const draw: Draw = async (id, chart, label) => {
    charts[id] = chart
    return render(chart, label)
  }
  const sections = [
    findings(p),
    quality(p, facts),
    await targetSection(p, draw),
    await timeSection(p, draw),
    await correlationSection(p, draw),
    await togetherSection(p, draw),
    await columnSection(p, draw),
  ]
  const nav = (['findings', 'quality', 'target', 'time', 'correlation', 'together', 'columns'] as const)
    .filter((_, i) => sections[i])
    .map((id) => html`<a href="#${id}">${both(`report.nav.${id}`)}</a>`)
  return pageOf({
    language,
    brand: both('report.title'),
    title: `${facts.dataset}${facts.version === null ? '' : `@${facts.version}`} · Galley`,
    heading: html`${facts.dataset}${facts.version === null ? null : html`<small>@${facts.version}</small>`}`,
    origin:
      facts.recipe === null
        ? both('report.file', { date: facts.date })
        : both('report.origin', {
            recipe: html`<b>${facts.recipe}</b>`,
            run: facts.run ?? 0,
            date: facts.date,
          }),
    nav: html`${nav}`,
    main: html`${tiles(p, facts)}${sections}`,
    footer: both('footer.method'),
    data: { charts, profile: p },
  })
}

type Draw = (id: string, chart: Chart, label: string) => Promise<Html>

async function targetSection(p: Profile, draw: Draw): Promise<Html | null> {
  const { target } = p
  if (!target || target.features.length === 0) return null
  const leaks = new Set(p.warnings.filter((w) => w.code === 'leak').flatMap((w) => w.columns))
  const name = { target: code(target.column) }
  const figure = (f: (typeof target.features)[number]) =>
    html`<span>${both('target.strength')} ${f.strength === null ? '–' : f.strength.toFixed(2)}${f.correlation === null ? null : ` · r ${fixed(f.correlation, 2)}`}</span>`
  const flag = (column: string) => (leaks.has(column) ? html`<span class="leak">${both('target.leak')}</span>` : null)
  const cards: Html[] = []
  // moments are drawn over time, below
  for (const [i, f] of target.features
    .filter((x) => x.kind !== 'time' && x.bins.length > 1)
    .slice(0, EFFECTS)
    .entries())
    cards.push(
      html`<div class="card"><header><div>${code(f.column)}${flag(f.column)}</div>${figure(f)}</header>${await draw(`effect-${i}`, effect(f, target, '…'), `${target.column} / ${f.column}`)}</div>`,
    )
  const rows = target.features.map(
    (f) =>
      html`<tr><td>${code(f.column)}${flag(f.column)}</td><td style="width:38%">${bar(f.strength ?? 0)}</td><td class="n">${f.strength === null ? '–' : f.strength.toFixed(3)}</td><td class="n">${f.correlation === null ? '–' : fixed(f.correlation, 3)}</td></tr>`,
  )
  return html`<section id="target"><h2>${both('target.title', name)}</h2><p class="note">${both(target.kind === 'bool' ? 'target.share' : 'target.mean', name)}</p>
    <div class="cards">${cards}</div>
    <h3>${both('target.more')}</h3><table><thead><tr><th>${both('column.name')}</th><th></th><th class="n">${both('target.strength')}</th><th class="n">r</th></tr></thead><tbody>${rows}</tbody></table></section>`
}

async function timeSection(p: Profile, draw: Draw): Promise<Html | null> {
  const { target, calendar: c } = p
  const column =
    p.columns.find((x) => x.name === c?.column && x.histogram) ??
    p.columns.find((x) => x.kind === 'time' && x.histogram)
  const h = column?.histogram
  if (!column || !h || h.counts.length < 2) return null
  const name = { target: code(target?.column ?? '') }
  const means = target?.features.find((f) => f.column === column.name)?.bins ?? null
  const trend = await draw('time', overTime(h, means, target?.kind ?? 'number'), column.name)
  const subject = target
    ? html`<i class="dot two"></i>${both(target.kind === 'bool' ? 'time.share' : 'time.mean', name)}`
    : null
  const figures = [
    html`<figure><figcaption><i class="dot"></i>${both('time.rows', { column: code(column.name), width: widthOf(h.width) })}${subject}</figcaption><div class="scroll">${trend}</div></figure>`,
  ]
  if (c && c.cells.length > 1) {
    const kind = target?.kind ?? null
    const in2 = async (l: Language) =>
      draw(
        `calendar-${l}`,
        calendar(
          c,
          kind,
          [1, 2, 3, 4, 5, 6, 7].map((d) => text(l, `weekday.${d}` as MessageKey)),
        ),
        c.column,
      )
    const caption = both(
      kind === null ? 'time.calendarRows' : kind === 'bool' ? 'time.calendarShare' : 'time.calendarMean',
      { ...name, column: code(c.column), clock: both(c.clock === 'UTC' ? 'time.utc' : 'time.local') },
    )
    figures.push(
      html`<figure><figcaption>${caption}</figcaption><div class="scroll"><div lang="en">${await in2('en')}</div><div lang="ko">${await in2('ko')}</div></div></figure>`,
    )
  }
  return html`<section id="time"><h2>${both('time.title')}</h2>${figures}</section>`
}

/** A bucket's width in the largest unit that gives a whole number; µs. */
function widthOf(width: number): Html {
  const units = [
    [86_400e6, 'day'],
    [3600e6, 'hour'],
    [60e6, 'minute'],
    [1e6, 'second'],
  ] as const
  const [size, unit] = units.find(([u]) => width % u === 0) ?? units[3]
  return width === size ? both(`time.${unit}`) : both(`time.${unit}s`, { n: width / size })
}

async function correlationSection(p: Profile, draw: Draw): Promise<Html | null> {
  const { correlation } = p
  if (correlation.columns.length < 2) return null
  const notes = correlation.missing.map((m) => html`<br>${both(`correlation.${m.reason}`, { column: code(m.column) })}`)
  const skipped =
    correlation.skipped.length > 0 ? html`<br>${both('correlation.skipped', { n: correlation.skipped.length })}` : null
  return html`<section id="correlation"><h2>${both('correlation.title')}</h2><p class="note">${both('correlation.note')}${notes}${skipped}</p><div class="side"><div class="scroll">${await draw('correlation', correlations(correlation), 'r')}</div>${strongest(correlation)}</div></section>`
}

/** The pairs that go together most. */
function strongest(c: Correlation): Html {
  const pairs = c.columns.flatMap((a, i) => c.columns.slice(0, i).map((b, j) => ({ a, b, r: c.values[i]?.[j] ?? 0 })))
  const top = pairs
    .filter((x) => Math.abs(x.r) >= 0.1)
    .sort((x, y) => Math.abs(y.r) - Math.abs(x.r))
    .slice(0, 12)
  const rows = top.map((x) => html`<tr><td>${code(x.b)} · ${code(x.a)}</td><td class="n">${fixed(x.r, 3)}</td></tr>`)
  return html`<table><thead><tr><th>${both('correlation.pairs')}</th><th class="n">r</th></tr></thead><tbody>${rows}</tbody></table>`
}

async function columnSection(p: Profile, draw: Draw): Promise<Html> {
  const rows: Html[] = []
  for (const [i, c] of p.columns.slice(0, LISTED).entries()) {
    const mini = i < DRAWN ? distribution(c, 'mini') : null
    const full =
      i >= DRAWN
        ? null
        : c.kind === 'text' && c.top.length > 0
          ? topValues(c, 'full')
          : c.histogram
            ? distribution(c, 'full')
            : null
    rows.push(
      columnRow(
        c,
        p.rows,
        mini && (await draw(`column-${i}`, mini, c.name)),
        full && (await draw(`column-${i}-full`, full, c.name)),
      ),
    )
  }
  return html`<section id="columns"><h2>${both('report.nav.columns')}</h2><div class="cols">${columnHead}${rows}</div>${p.columns.length > LISTED ? html`<p class="note">${both('report.notDrawn', { n: number(p.columns.length - LISTED) })}</p>` : null}</section>`
}
