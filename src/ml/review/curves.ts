import { type Html, html } from '../analysis/html.ts'
import { number } from '../analysis/text.ts'
import type { Scaling } from '../evaluation/scaling.ts'
import * as charts from './charts.ts'
import type { Evaluation, ParameterCurve } from './evaluation.ts'
import { figure, section } from './parts.ts'
import type { Draw } from './sections.ts'
import { inBoth, metricName, say } from './words.ts'

const lossName = (metric: string) =>
  metric === 'auc' ? say('curve.lacks') : metric === 'ndcg10' ? say('curve.lacksOrder') : metricName(metric)

/** What more rows would give. */
export async function curve(e: Evaluation, draw: Draw): Promise<Html | null> {
  const c = e.curve
  if (!c || c.points.length < 2) return null
  const points = c.points.map(({ rows, ...p }) => ({ at: rows, ...p }))
  return section(
    'curve',
    say('nav.curve'),
    html`<p class="note">${say(c.of === undefined ? 'curve.note' : 'curve.note.leader', { metric: lossName(c.metric), trainer: c.of ?? '' })}</p>
    <div class="pair"><figure>${LEGEND}${await draw('learning', charts.learning(points), 'learning curve')}<p>${law(c.quality, 'rows', points)}</p></figure>
    <figure><figcaption>${say('curve.seconds')}</figcaption>${await draw('seconds', charts.seconds(points), 'seconds')}<p>${time(c.seconds, 'rows')}</p></figure></div>`,
  )
}

/** What a larger or smaller model would give, by each parameter that was asked about. */
export async function scaling(e: Evaluation, draw: Draw): Promise<Html | null> {
  if (!e.scaling || e.scaling.length === 0) return null
  const drawn = await Promise.all(e.scaling.map((c) => parameter(c, draw)))
  return section('scaling', say('nav.scaling'), html`${drawn}`)
}

async function parameter(c: ParameterCurve, draw: Draw): Promise<Html> {
  const { parameter: name, points } = c
  const now = c.now === null ? say('scaling.default') : html`${String(Number(c.now.toPrecision(6)))}`
  return html`<p class="note">${say('scaling.note', { parameter: html`<b>${name}</b>`, now, metric: lossName(c.metric) })}</p>
    <div class="pair"><figure>${LEGEND}${await draw(`scaling-${name}`, charts.learning(points, '~g'), `loss by ${name}`)}<p>${law(c.quality, name, points)}</p></figure>
    <figure><figcaption>${say('curve.seconds')}</figcaption>${await draw(`scaling-${name}-seconds`, charts.seconds(points), `seconds by ${name}`)}<p>${time(c.seconds, name)}</p></figure></div>`
}

const LEGEND = html`<figcaption><i class="dot"></i>${say('curve.validate')}<i class="dot two"></i>${say('curve.train')}</figcaption>`

/** How a loss goes on beside what was measured last; `of` is `rows`, or the name of a parameter. */
function law(found: Scaling, of: string, points: readonly { readonly at: number; readonly value: number }[]): Html {
  const rows = of === 'rows'
  if (!found.tells) return say(rows ? 'curve.cannot' : 'scaling.cannot', { why: inBoth(found.why), of })
  const { a, b, c, exponent, twice } = found.law
  const last = points.reduce((most, p) => (p.at > most.at ? p : most))
  return say(rows ? 'curve.law' : 'scaling.law', {
    ...{ a: figure(a), b: figure(b), c: figure(c), low: figure(exponent[0]), high: figure(exponent[1]), of },
    ...{ rows: number(twice.rows), value: figure(twice.value), from: figure(twice.low), to: figure(twice.high) },
    ...{ most: number(last.at), came: figure(last.value) },
  })
}

function time(found: Scaling, of: string): Html {
  const rows = of === 'rows'
  if (!found.tells) return say('curve.noTime', { why: inBoth(found.why) })
  const { b, twice } = found.law
  return say(rows ? 'curve.time' : 'scaling.time', {
    ...{ rows: number(twice.rows), value: figure(twice.value), from: figure(twice.low), to: figure(twice.high) },
    ...{ power: figure(-b), of },
  })
}
