import { code, type Html, html } from '../analysis/html.ts'
import type { Chart } from '../analysis/render.ts'
import { number } from '../analysis/text.ts'
import type { Segments } from '../evaluation/segments.ts'
import * as charts from './charts.ts'
import type { Evaluation } from './evaluation.ts'
import { bounds, figure, level, percentOf, placed, section, tableOf, tile, valued } from './parts.ts'
import { inBoth, metricName, say } from './words.ts'

export type Draw = (id: string, chart: Chart, label: string) => Promise<Html>

/** Metrics that are shares. */
const SHARES = new Set([
  'accuracy',
  'balancedAccuracy',
  'precision',
  'precision5',
  'precision10',
  'recall',
  'rate',
  'mape',
])
const shown = (metric: string) => (SHARES.has(metric) ? percentOf : figure)
const small = (p: number | null) => (p === null ? '–' : p < 0.001 ? '< 0.001' : p.toFixed(3))

/** The figures at a glance. */
export function tiles(e: Evaluation): Html {
  const { metric } = e.main
  const main = e.test.metrics[metric]
  const difference = e.against?.metrics[metric]?.difference
  const worse = e.segments.flatMap((s) => s.segments).filter((s) => s.worse).length
  const suspects = e.leaks.alone.filter((a) => a.suspect !== null).length
  const signed = (x: number | null) => (x !== null && x > 0 ? `+${figure(x)}` : figure(x))
  return html`<div class="tiles">
    ${tile(html`${figure(main?.value ?? null)} ${main ? bounds(main) : null}`, say('tile.main', { metric: metricName(metric) }))}
    ${e.against && difference ? tile(html`${signed(difference.value)} ${bounds(difference, signed)}`, say('tile.gain', { metric: metricName(metric), other: e.against.name })) : null}
    ${tile(number(e.test.rows), e.test.positives === undefined ? say('tile.rows') : say('tile.rate', { share: percentOf(e.test.positives / e.test.rows) }))}
    ${e.calibration ? tile(figure(e.calibration.before.error), say('tile.calibration')) : null}
    ${e.segments.length > 0 ? tile(worse, say('tile.worse'), worse > 0) : null}
    ${tile(suspects, say('tile.suspects'), suspects > 0)}
  </div>`
}

export function purpose(e: Evaluation): Html {
  const { model, goal, classes = [], threshold } = e
  const target = code(model.target)
  const learns =
    goal.kind === 'binary'
      ? say('purpose.learns', { target })
      : goal.kind === 'multiclass'
        ? say('purpose.classes', { target, classes: classes.slice(0, 20).join(', ') })
        : goal.kind === 'ranking'
          ? say('purpose.ranking', { target, group: code(goal.group) })
          : say('purpose.number', { target, objective: goal.objective })
  const names = html`${model.features.slice(0, 30).map((f, i) => html`${i > 0 ? ', ' : ''}${code(f)}`)}${model.features.length > 30 ? ' …' : ''}`
  const rows = e.split.map(
    (s) =>
      html`<tr><td>${say(`part.${s.part as 'train' | 'validate' | 'test'}`)}</td><td>${whichRows(s)}</td><td class="n">${number(s.rows)}</td></tr>`,
  )
  return section(
    'purpose',
    say('nav.purpose'),
    html`<p>${e.purpose ? inBoth(e.purpose) : say('purpose.none')}</p>
    <p class="note">${learns} ${threshold === null ? null : say(e.chosenBy === undefined ? 'purpose.threshold' : `purpose.threshold.${e.chosenBy}`, { threshold: figure(threshold) })} ${say('purpose.features', { n: model.features.length, names })}</p>
    <h3>${say('purpose.data')} · ${code(`${e.dataset.name}@${e.dataset.version}`)}</h3>${tableOf([say('split.part'), say('split.which'), say('split.rows')], rows, 2)}`,
  )
}

/** A part's rows in words where these say it all; their condition, for who wants it exactly, is folded away. */
function whichRows({ condition, drawn }: Evaluation['split'][number]): Html {
  if (!drawn) return html`<code>${condition}</code>`
  const by = html`${drawn.by.map((name, i) => html`${i > 0 ? ', ' : ''}${code(name)}`)}`
  return html`<details><summary>${say('split.drawn', { share: percentOf(drawn.to - drawn.from), by })}</summary><code>${condition}</code></details>`
}

export function quality(e: Evaluation): Html {
  const names = Object.keys(e.test.metrics).sort((a, b) => Number(b === e.main.metric) - Number(a === e.main.metric))
  const rows = names.map(
    (m) =>
      html`<tr><td>${m === e.main.metric ? html`<b>${metricName(m)}</b>` : metricName(m)}</td><td class="n">${valued(e.validate.metrics[m], shown(m))}</td><td class="n"><b>${shown(m)(e.test.metrics[m]?.value ?? null)}</b></td><td class="n">${e.test.metrics[m] ? bounds(e.test.metrics[m], shown(m)) : null}</td></tr>`,
  )
  const { against } = e
  const drawn = { confidence: +(e.confidence * 100).toFixed(1), resamples: number(e.resamples) }
  const note = e.goal.kind === 'ranking' ? say('quality.orders', { ...drawn, judged: number(e.test.judged ?? 0), groups: number(e.test.groups ?? 0) }) : say('quality.note', drawn) // biome-ignore format: one line
  const beside = against
    ? Object.entries(against.metrics).map(
        ([m, d]) =>
          html`<tr><td>${metricName(m)}</td><td class="n">${shown(m)(d.first)}</td><td class="n">${shown(m)(d.second)}</td><td class="n">${valued(d.difference, shown(m))}</td><td class="n">${small(d.p)}</td></tr>`,
      )
    : []
  const decisions = against?.decisions
  return section(
    'quality',
    say('nav.quality'),
    html`<p class="note">${note}</p>
    <div class="pair"><div>${tableOf([say('quality.metric'), say('quality.validate'), say('quality.test'), say('quality.interval')], rows)}</div>
    ${
      against
        ? html`<div><h3>${say('against.title', { other: html`<b>${against.name}</b>` })}</h3>${tableOf([say('quality.metric'), say('against.model'), against.name, say('against.difference'), 'p'], beside)}
    <p>${inBoth(against.sentence)}</p>${decisions ? html`<p class="note">${say('against.decisions', { first: number(decisions.firstOnly), second: number(decisions.secondOnly), other: against.name, p: small(decisions.p) })}</p>` : null}</div>`
        : null
    }</div>`,
  )
}

export async function calibration(e: Evaluation, draw: Draw): Promise<Html | null> {
  const c = e.calibration
  if (!c) return null
  const best = c.tried.reduce<(typeof c.tried)[number] | null>((a, b) => (a === null || (b.logLoss ?? 9) < (a.logLoss ?? 9) ? b : a), null) // biome-ignore format: one line
  const chart = await draw('calibration', charts.reliability(c.before.bins, best?.calibration.bins ?? []), 'calibration') // biome-ignore format: one line
  const row = (name: Html, error: number | null, brier: number | null, loss: number | null) =>
    html`<tr><td>${name}</td><td class="n">${figure(error)}</td><td class="n">${figure(brier)}</td><td class="n">${figure(loss)}</td></tr>`
  const rows = [
    row(say('calibration.as'), c.before.error, c.brier, c.logLoss),
    ...c.tried.map((t) => row(say(`calibration.${t.how.by}`), t.calibration.error, t.brier, t.logLoss)),
  ]
  return section(
    'calibration',
    say('nav.calibration'),
    html`<p class="note">${say('calibration.note')}</p><div class="side"><figure><figcaption><i class="dot"></i>${say('calibration.as')}${best ? html`<i class="dot two"></i>${say(`calibration.${best.how.by}`)}` : null}</figcaption>${chart}</figure>
    <div>${tableOf(['', metricName('calibrationError'), metricName('brier'), metricName('logLoss')], rows)}<p class="note">${say('calibration.learnt')}</p>${c.parts ? html`<p class="note">${say('calibration.parts', { reliability: figure(c.parts.reliability), resolution: figure(c.parts.resolution), uncertainty: figure(c.parts.uncertainty), within: figure(c.parts.within) })}</p>` : null}</div></div>`,
  )
}

export function segments(e: Evaluation): Html | null {
  if (e.segments.length === 0) return null
  const any = e.segments.some((s) => s.segments.some((x) => x.worse))
  return section(
    'segments',
    say('nav.segments'),
    html`<p class="note">${say(e.goal.kind === 'ranking' ? 'segments.orders' : 'segments.note', { metric: metricName(e.segments[0]?.metric ?? '') })}</p>${any ? null : html`<p>${say('segments.none')}</p>`}<div class="pair">${e.segments.map(ofColumn)}</div>`,
  )
}

function ofColumn({ column, metric, segments: all }: Segments): Html {
  const ends = all.flatMap((s) => [s.metric.low, s.metric.high, s.rest].flatMap((x) => (x === null ? [] : [x])))
  const [from, to] = [Math.min(...ends), Math.max(...ends)]
  const rows = all.map(
    (s) =>
      html`<tr><td>${level(s)}</td><td class="n">${number(s.rows)}</td><td class="n">${figure(s.metric.value)}</td><td>${placed(s.metric, from, to, s.rest, s.worse)}</td><td class="n">${s.worse ? html`<span class="bad">${say('segments.worse')}</span>` : s.metric.value === null ? html`<span class="zero">${say('segments.few')}</span>` : null}</td></tr>`,
  )
  return html`<div><h3>${code(column)}</h3>${tableOf([say('segments.segment'), say('split.rows'), metricName(metric), '', ''], rows)}</div>`
}

export function fairness(e: Evaluation): Html | null {
  if (e.fairness.length === 0) return null
  const each = e.fairness.map((f) => {
    const rows = f.groups.map(
      (g) =>
        html`<tr><td>${level(g)}</td><td class="n">${number(g.rows)}</td>${[g.selection, g.truePositiveRate, g.falsePositiveRate, g.precision].map((i) => html`<td class="n">${valued(i, percentOf)}</td>`)}<td class="n">${percentOf(g.bias)}</td></tr>`,
    )
    const gaps = (['parityDifference', 'parityRatio', 'equalOpportunity', 'equalisedOdds'] as const).map(
      (name) =>
        html`<tr><td>${say(`fairness.${name}`)}</td><td class="n">${figure(f[name].value)}</td><td class="n">${bounds(f[name])}</td></tr>`,
    )
    return html`<h3>${code(f.column)}</h3>${tableOf([say('fairness.group'), say('split.rows'), say('fairness.selection'), say('fairness.tpr'), say('fairness.fpr'), say('fairness.precision'), say('fairness.bias')], rows)}
    <div class="pair" style="margin-top:14px"><div>${tableOf(['', say('against.difference'), say('quality.interval')], gaps)}</div><p class="note">${inBoth(f.sentence)}</p></div>`
  })
  return section('fairness', say('nav.fairness'), each)
}
