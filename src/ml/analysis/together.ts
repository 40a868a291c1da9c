import type { Pairs, Profile } from '../../data/profile/types.ts'
import { correlations } from './heatmaps.ts'
import { both, code, type Html, html } from './html.ts'
import type { Chart } from './render.ts'
import { bar } from './sections.ts'
import { number, percent } from './text.ts'

/** How columns go together in the sample: ranks, categories, what is missing together, rows that repeat. */
export async function togetherSection(
  p: Profile,
  draw: (id: string, chart: Chart, label: string) => Promise<Html>,
): Promise<Html | null> {
  const s = p.sampled
  if (!s || p.rows === 0) return null
  const matrix = async (id: 'spearman' | 'cramersV', pairs: Pairs) =>
    pairs.columns.length < 2
      ? null
      : html`<h3>${both(`together.${id}`)}</h3><div class="scroll">${await draw(id, correlations({ ...pairs, missing: [], skipped: [] }), id)}</div>`
  const sets = s.missing.map(
    (m) =>
      html`<tr><td>${m.columns.slice(0, 8).map((c) => html`${code(c)} `)}${m.columns.length > 8 ? '…' : ''}</td><td style="width:30%">${bar(m.share)}</td><td class="n">${percent(m.share, 1)}</td></tr>`,
  )
  const missing =
    sets.length > 0 ? html`<h3>${both('together.missing')}</h3><table><tbody>${sets}</tbody></table>` : null
  const { share, exact } = s.duplicates
  const repeated = html`<p class="note">${both(exact ? 'together.duplicates' : 'together.duplicatesAbout', { percent: percent(share, 1) })}</p>`
  const matrices = [await matrix('spearman', s.spearman), await matrix('cramersV', s.cramersV)]
  if (matrices.every((m) => m === null) && missing === null && share === 0) return null
  return html`<section id="together"><h2>${both('together.title')}</h2><p class="note">${both(s.rows === p.rows ? 'together.whole' : 'together.sample', { n: number(s.rows) })}</p>${matrices}${missing}${repeated}</section>`
}
