import { relative } from 'node:path'
import { hashJson } from '../../../base/hash.ts'
import { runPlan } from '../../../engines/plans.ts'
import { col } from '../../../plan/expr.ts'
import { build } from '../../../plan/nodes.ts'
import { fieldOf } from '../../../plan/types.ts'
import type { Output, StepKind } from '../../../runs/kind.ts'
import type { StatisticsSpec } from '../../../runs/specs.ts'
import type { DatasetOutput } from '../../../runs/steps/dataset.ts'
import { isPageKept, keepPage } from '../kept.ts'
import { columnsOf } from './batches.ts'
import { givenOf } from './given.ts'
import { analysisOf } from './index.ts'
import { renderAnalysis } from './page.ts'

export interface StatisticsOutput extends Output {
  readonly analysis: string
  /** The HTML file as a blob, and where a browser opens it. */
  readonly page: string
  readonly path: string
  readonly bytes: number
  /** Figures, chart and the sentence in both languages as a blob of JSON. */
  readonly figures: string
  readonly sentence: { readonly en: string; readonly ko: string }
}

const NAME = 'statistics.html'

/** Asks a dataset's rows a statistical question, and keeps the answer: figures, a chart, and a sentence that says what they do not show. */
export const statisticsStep: StepKind<StatisticsSpec, StatisticsOutput> = {
  kind: 'statistics',
  module: import.meta.url,
  // the page names the version, which may be another of the same content
  async identity(spec, { step, input }) {
    const { name, version } = input<DatasetOutput>(step.inputs[0] ?? '')
    return { spec, name, version }
  },
  async run(ctx) {
    const { analysis: name, asked } = ctx.step.spec
    const data = ctx.input<DatasetOutput>(ctx.step.inputs[0] ?? '')
    const analysis = await analysisOf(name)
    const used = [...new Set(Object.keys(analysis.columns).flatMap((role) => [asked[role] ?? []].flat().map(String)))]
    for (const column of used) fieldOf(data.schema, column, `statistics '${ctx.step.id}'`)
    const rows = build({ op: 'scan', from: { kind: 'parquet', files: data.files }, schema: data.schema })
    const chosen = build({ op: 'select', input: rows, columns: used.map((c) => [c, col(c)] as const) })
    const columns = used.length === 0 ? {} : await columnsOf((await runPlan(ctx, chosen, 'batches')).batches())
    const found = analysis.run(givenOf(analysis, columns, asked))
    const sentence = { en: found.sentence('en'), ko: found.sentence('ko') }
    const date = new Date(ctx.started).toISOString().slice(0, 16).replace('T', ' ')
    const page = await renderAnalysis(analysis, found, { dataset: `${data.name}@${data.version}`, date }, 'en')
    const figures = { analysis: name, asked, data: found.data, chart: found.chart, sentence }
    const kept = await keepPage(ctx, NAME, page, figures)
    const output: StatisticsOutput = {
      ...{ hash: hashJson(found.data), analysis: name, sentence },
      ...{ page: kept.page.hash, path: kept.path, bytes: kept.page.bytes, figures: kept.json.hash },
    }
    return {
      output,
      async publish(tx) {
        const details = { dataset: data.name, version: data.version, analysis: name, path: relative(ctx.store.home.path, kept.path) } // biome-ignore format: one line
        const about = { run: ctx.run.id, step: ctx.step.id, details }
        const add = (kind: string, file: string, mediaType: string, { hash, bytes }: typeof kept.page) =>
          tx.artifacts.add(ctx.scope, { ...about, kind, name: file, mediaType, blob: hash, bytes })
        await add('statistics', NAME, 'text/html', kept.page)
        await add('figures', 'statistics.json', 'application/json', kept.json)
        return output
      },
    }
  },
  present: (o, ctx) => isPageKept({ path: o.path, bytes: o.bytes, page: o.page, json: o.figures }, ctx),
  summary: (o) => o.sentence.en,
}
