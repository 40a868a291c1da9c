import type { Language } from '../../base/i18n.ts'
import { code, type Html, html } from '../analysis/html.ts'
import { pageOf } from '../analysis/page.ts'
import { type Chart, createRenderer } from '../analysis/render.ts'
import { number, percent } from '../analysis/text.ts'
import * as charts from './charts.ts'
import { curve, scaling } from './curves.ts'
import type { Evaluation } from './evaluation.ts'
import { bounds, figure, section, tableOf } from './parts.ts'
import { calibration, type Draw, fairness, purpose, quality, segments, tiles } from './sections.ts'
import { metricName, say, type Word } from './words.ts'

export interface CardFacts {
  readonly recipe: string
  readonly run: number
  /** ISO date and time, UTC. */
  readonly date: string
}

/** Features that have a bar. */
const BARS = 20

/** The card as one HTML file that opens from disk, in both languages. */
export async function renderCard(e: Evaluation, facts: CardFacts, language: Language): Promise<string> {
  const render = await createRenderer()
  const drawn: Record<string, Chart> = {}
  const draw: Draw = async (id, chart, label) => {
    drawn[id] = chart
    return render(chart, label)
  }
  const sections = {
    purpose: purpose(e),
    quality: quality(e),
    calibration: await calibration(e, draw),
    segments: segments(e),
    fairness: fairness(e),
    costs: await costs(e, draw),
    features: await features(e, draw),
    curve: await curve(e, draw),
    scaling: await scaling(e, draw),
    leaks: leaks(e),
    limits: limits(e),
  }
  const there = Object.entries(sections).filter(([, s]) => s !== null)
  const { model, dataset } = e
  return pageOf({
    language,
    brand: say('card.title'),
    title: `${model.name}@${model.version} · Galley`,
    heading: html`${model.name}<small>@${model.version}</small>`,
    origin: say('card.origin', {
      recipe: html`<b>${facts.recipe}</b>`,
      ...{ run: facts.run, date: facts.date, kind: model.kind, dataset: `${dataset.name}@${dataset.version}` },
    }),
    nav: html`${there.map(([id]) => html`<a href="#${id}">${say(`nav.${id}` as Word)}</a>`)}`,
    main: html`${tiles(e)}${there.map(([, s]) => s)}`,
    footer: say('card.footer'),
    data: { charts: drawn, evaluation: e },
  })
}

async function costs(e: Evaluation, draw: Draw): Promise<Html | null> {
  const c = e.costs
  if (!c) return null
  const { threshold, test, own } = c
  const row = (name: Html, cost: Html | string, more: Html | null = null) =>
    html`<tr><td>${name}</td><td class="n">${cost}</td><td class="n">${more}</td></tr>`
  const rows = [
    row(say('costs.chosen'), html`<b>${figure(test.chosen.value)}</b>`, bounds(test.chosen)),
    ...(own ? [row(say('costs.own', { threshold: figure(own.threshold) }), figure(own.cost))] : []),
    row(say('costs.never'), figure(test.never)),
    row(say('costs.always'), figure(test.always)),
  ]
  const note = say('costs.note', { ...c.costs, threshold: figure(threshold.value), low: figure(threshold.low), high: figure(threshold.high) }) // biome-ignore format: one line
  const other = own && own.threshold !== threshold.value ? html` ${say('costs.other')}` : null
  return section(
    'costs',
    say('nav.costs'),
    html`<p class="note">${note}${other}</p>${tableOf(['', say('costs.cost'), say('quality.interval')], rows)}
    <div class="pair"><figure><figcaption>${say('costs.curve')} · ⋯ ${say('costs.never')} · - - ${say('costs.always')}</figcaption>${await draw('costs', charts.costCurve(c), 'costs')}</figure>
    <figure><figcaption>${say('costs.decision')} · <i class="dot"></i>${say('costs.model')} · - - ${say('costs.all')}</figcaption>${await draw('decision', charts.decisionCurve(c), 'net benefit')}</figure></div>`,
  )
}

async function features(e: Evaluation, draw: Draw): Promise<Html> {
  const { importance } = e
  const note = say('features.note', { metric: metricName(importance.metric), rows: number(importance.rows), repeats: importance.repeats }) // biome-ignore format: one line
  const bars = importance.features.length > 0 ? await draw('importance', charts.importances(importance.features.slice(0, BARS)), 'importance') : null // biome-ignore format: one line
  const cards: Html[] = []
  for (const [i, d] of e.dependence.entries())
    cards.push(
      html`<div class="card"><header><div>${code(d.feature)}</div></header>${await draw(`dependence-${i}`, charts.dependence(d), d.feature)}</div>`,
    )
  const of = e.dependenceOf === undefined ? null : say('features.of', { class: e.dependenceOf })
  return section(
    'features',
    say('nav.features'),
    html`<p class="note">${note}</p><div class="scroll">${bars}</div>${cards.length > 0 ? html`<p class="note" style="margin-top:18px">${say('features.dependence')} ${of}</p><div class="cards">${cards}</div>` : null}`,
  )
}

function leaks(e: Evaluation): Html {
  const { alone, repeated } = e.leaks
  const rows = alone
    .slice(0, 10)
    .map(
      (a) =>
        html`<tr><td>${code(a.feature)}</td><td class="n">${figure(a.strength)}</td><td class="n">${a.suspect === null ? html`<span class="ok">${say('leaks.ok')}</span>` : html`<span class="bad">${say(`leaks.${a.suspect}`)}</span>`}</td></tr>`,
    )
  const none = alone.every((a) => a.suspect === null) ? html`<p>${say('leaks.none')}</p>` : null
  const again = repeated.map(
    (r) =>
    say('leaks.repeated', { rows: number(r.rows), of: number(r.of), same: number(r.sameTarget), part: say(`quality.${r.part}` as Word), share: percent(r.rows, r.of) }), // biome-ignore format: one line
  )
  return section(
    'leaks',
    say('nav.leaks'),
    html`<div class="pair"><div><h3>${say('leaks.alone')}</h3><p class="note">${say('leaks.strength')}</p>${tableOf(['', '', say('leaks.high')], rows)}</div><div>${none}${again.map((a) => html`<p class="note">${a}</p>`)}</div></div>`,
  )
}

/** What was left out, and what no figure here can tell. */
function limits(e: Evaluation): Html {
  const always: Word[] = ['limits.sample', e.goal.kind === 'ranking' ? 'limits.orders' : 'limits.rows', 'limits.validate', 'limits.cause', 'limits.correlated', 'limits.leaks'] // biome-ignore format: one line
  const some: Word[] = [
    ...(e.calibration ? (['limits.error'] as const) : []),
    ...(e.segments.length > 0 ? (['limits.segments'] as const) : []),
    ...(e.fairness.length > 0 ? (['limits.fairness'] as const) : []),
    ...(e.costs ? (['limits.costs'] as const) : []),
    ...(e.curve ? (['limits.curve'] as const) : []),
    ...(e.scaling ? (['limits.scaling'] as const) : []),
  ]
  const left = Object.entries(e.leftOut).map(([id, why]) => html`<b>${say(`nav.${id}` as Word)}</b>: ${say(why as Word)}`) // biome-ignore format: one line
  const items = [
    say('limits.future', { dataset: `${e.dataset.name}@${e.dataset.version}` }),
    ...[...always, ...some].map((key) => say(key)),
    ...(e.stride > 1 ? [say('limits.stride', { n: e.stride })] : []),
    ...left,
  ]
  return section('limits', say('limits.title'), html`<ul class="limits">${items.map((i) => html`<li>${i}</li>`)}</ul>`)
}
