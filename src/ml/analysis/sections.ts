import type { MessageKey } from '../../base/i18n.ts'
import type { Profile, Warning } from '../../data/profile/types.ts'
import { LIMITS } from '../../data/profile/warnings.ts'
import { checkColumns } from '../../data/quality/checks.ts'
import type { Verdict } from '../../data/quality/expectation.ts'
import { both, code, type Fragment, type Html, html } from './html.ts'
import { compact, number, percent } from './text.ts'

/** What the report says besides the profile. */
export interface ReportFacts {
  readonly dataset: string
  /** Null for a file. */
  readonly version: number | null
  /** Where it comes from; null when it was profiled by itself. */
  readonly recipe: string | null
  readonly run: number | null
  /** ISO date and time, UTC. */
  readonly date: string
  readonly verdicts: readonly Verdict[]
  /** Rows set aside, by reason. */
  readonly rejected: Readonly<Record<string, number>>
}

export const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0)

const tile = (value: Fragment, label: Html, act = false): Html =>
  html`<div class="tile${act ? ' act' : ''}"><b>${value}</b><span>${label}</span></div>`

/** The figures at a glance. */
export function tiles(p: Profile, facts: ReportFacts): Html {
  const missing = sum(p.columns.map((c) => c.nulls))
  const set = sum(Object.values(facts.rejected))
  const checks = checkColumns(p)
  const passed = checks.filter((c) => c.offenders.length === 0).length + facts.verdicts.filter((v) => v.passed).length
  const { target } = p
  return html`<div class="tiles">
    ${tile(number(p.rows), both('report.rows'))}
    ${tile(number(p.columns.length), both('report.columns'))}
    ${tile(percent(missing, p.rows * p.columns.length), both('report.missing'))}
    ${facts.recipe === null && set === 0 ? null : tile(number(set), both('report.rejected'), facts.recipe === null)}
    ${tile(`${passed} / ${checks.length + facts.verdicts.length}`, both('report.checks'))}
    ${tile(
      number(p.warnings.length),
      both('report.findings'),
      p.warnings.some((w) => w.level === 'high'),
    )}
    ${target && target.mean !== null ? tile(target.kind === 'bool' ? percent(target.mean, 1) : compact(target.mean), both(target.kind === 'bool' ? 'report.share' : 'report.mean', { target: code(target.column) })) : null}
  </div>`
}

export function findings(p: Profile): Html {
  const list = p.warnings.map(
    (w) => html`<li><span class="tag ${w.level}">${both(`level.${w.level}`)}</span><div>${sentence(w)}</div></li>`,
  )
  const nothing = both(p.rows === 0 ? 'report.empty' : 'findings.none')
  return html`<section id="findings"><h2>${both('findings.title')}</h2>${list.length > 0 ? html`<ul class="findings">${list}</ul>` : html`<p class="note">${nothing}</p>`}</section>`
}

/** Names and values in a warning are set as code; the rest of the sentence is ours. */
function sentence(w: Warning): Html {
  const params = Object.fromEntries(
    Object.entries(w.params).map(([name, v]) => [
      name,
      w.code.startsWith('personal') && name === 'kind'
        ? both(`personal.${v}` as MessageKey)
        : typeof v === 'number'
          ? number(v)
          : ['target', 'value', 'part'].includes(name)
            ? code(v)
            : v,
    ]),
  )
  const [first = '', second = ''] = w.columns
  return both(`warning.${w.code}`, { ...params, column: code(first), other: code(second) })
}

export function quality(p: Profile, facts: ReportFacts): Html {
  const verdict = (v: Verdict) =>
    html`<tr><td>${v.title}${v.found ? html`<br><small>${v.found}</small>` : null}</td><td class="n">${number(v.failed)}</td><td class="n">${v.passed ? html`<span class="ok">${both('quality.pass')}</span>` : html`<span class="${v.severity === 'warn' ? 'look' : 'bad'}">${both(v.severity === 'warn' ? 'quality.look' : 'quality.fail')}</span>`}</td></tr>`
  const expectations =
    facts.verdicts.length > 0
      ? html`<table><thead><tr><th>${both('quality.expectation')}</th><th class="n">${both('quality.failed')}</th><th class="n">${both('quality.verdict')}</th></tr></thead><tbody>${facts.verdicts.map(verdict)}</tbody></table>`
      : html`<p class="note">${both('quality.noExpectations')}</p>`
  const checks = checkColumns(p).map(
    (c) =>
      html`<tr><td>${both(`check.${c.check}`, { limit: LIMITS.nulls * 100 })}</td><td>${c.offenders.slice(0, 6).map((o) => html`${code(o)} `)}${c.offenders.length > 6 ? '…' : ''}</td><td class="n">${c.columns - c.offenders.length} / ${c.columns}</td><td class="n">${c.offenders.length === 0 ? html`<span class="ok">${both('quality.pass')}</span>` : html`<span class="look">${both('quality.look')}</span>`}</td></tr>`,
  )
  return html`<section id="quality"><h2>${both('quality.title')}</h2><div class="pair">
    ${
      facts.recipe === null
        ? sum(Object.values(facts.rejected)) === 0
          ? null
          : html`<div><h3>${both('quality.rejected')}</h3>${rejected(facts.rejected)}</div>`
        : html`<div><h3>${both('quality.expectations')}</h3>${expectations}
      <h3>${both('quality.rejected')}</h3>${rejected(facts.rejected)}</div>`
    }
    <div><h3>${both('quality.checks')}</h3><table><thead><tr><th>${both('quality.check')}</th><th>${both('quality.offenders')}</th><th class="n">${both('quality.columns')}</th><th class="n">${both('quality.verdict')}</th></tr></thead><tbody>${checks}</tbody></table>
      ${parts(p)}</div>
  </div></section>`
}

function rejected(reasons: ReportFacts['rejected']): Html {
  const list = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  if (list.length === 0) return html`<p class="note">${both('quality.noRejected')}</p>`
  const most = list[0]?.[1] ?? 1
  return html`<table><tbody>${list.map(([reason, n]) => html`<tr><td>${reason}</td><td style="width:40%">${bar(n / most)}</td><td class="n">${number(n)}</td></tr>`)}</tbody></table>`
}

export const bar = (share: number): Html =>
  html`<span class="bar" style="margin-top:8px"><i style="width:${Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10}%"></i></span>`

function parts(p: Profile): Html | null {
  if (p.parts.length === 0) return null
  const { target } = p
  const mean = (m: number | null) => (m === null ? '–' : target?.kind === 'bool' ? percent(m, 1) : compact(m))
  const rows = p.parts.map(
    (part) =>
      html`<tr><td>${part.name === null ? both('quality.noPart') : code(part.name)}</td><td class="n">${number(part.rows)}</td><td class="n">${percent(part.rows, p.rows)}</td>${target ? html`<td class="n">${mean(part.mean)}</td>` : null}</tr>`,
  )
  const heading = target
    ? html`<th class="n">${both(target.kind === 'bool' ? 'report.share' : 'report.mean', { target: code(target.column) })}</th>`
    : null
  return html`<h3>${both('quality.parts')}</h3><table><thead><tr><th>${both('quality.part')}</th><th class="n">${both('report.rows')}</th><th></th>${heading}</tr></thead><tbody>${rows}</tbody></table>`
}
