import { relative } from 'node:path'
import { hashJson } from '../../base/hash.ts'
import type { Output, StepKind } from '../../runs/kind.ts'
import type { EvaluateSpec } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { isPageKept, keepPage } from '../analysis/kept.ts'
import { METRIC_NAMES } from '../training/judged.ts'
import type { TrainOutput } from '../training/step.ts'
import { renderCard } from './card.ts'
import { review } from './review.ts'

export interface EvaluateOutput extends Output {
  readonly model: string
  readonly version: number
  /** The card as a blob, and where a browser opens it. */
  readonly card: string
  readonly path: string
  readonly bytes: number
  /** The same as a blob of JSON. */
  readonly evaluation: string
  readonly main: { readonly metric: string; readonly value: number | null; readonly low: number | null; readonly high: number | null } // biome-ignore format: one line
  /** Segments that are worse than the rest. */
  readonly worse: number
  readonly suspects: number
}

const NAME = 'card.html'

/** Judges a model on rows that it has not seen, and writes its card: one HTML file, and all figures as JSON. */
export const evaluateStep: StepKind<EvaluateSpec, EvaluateOutput> = {
  kind: 'evaluate',
  module: import.meta.url,
  // the card names versions, which may be others of the same content
  async identity(spec, { recipe, step, input }) {
    const { name, version } = input<DatasetOutput>(step.inputs[0] ?? '')
    const models = step.inputs.slice(1).map((id) => input<TrainOutput>(id).version)
    const train = recipe.steps.find((s) => s.id === step.inputs[1])?.spec
    return { spec, recipe: recipe.name, name, version, models, train }
  },
  async run(ctx) {
    const found = await review(ctx)
    const page = await renderCard(
      found,
      {
        recipe: ctx.recipe.name,
        run: ctx.run.number,
        date: new Date(ctx.started).toISOString().slice(0, 16).replace('T', ' '),
      },
      'en',
    )
    const { page: card, json, path } = await keepPage(ctx, NAME, page, found)
    const { metric } = found.main
    const { value = null, low = null, high = null } = found.test.metrics[metric] ?? {}
    // seconds are of the machine, not of the content
    const points = found.curve?.points.map(({ seconds: _, ...p }) => p)
    const sizes = found.scaling && { scaling: found.scaling.map((s) => [s.parameter, s.points.map((p) => [p.at, p.value, p.train])]) } // biome-ignore format: one line
    const output: EvaluateOutput = {
      hash: hashJson({ ...found, curve: points ?? null, ...sizes }),
      ...{ model: found.model.name, version: found.model.version },
      ...{ card: card.hash, path, bytes: card.bytes, evaluation: json.hash },
      main: { metric, value, low, high },
      worse: found.segments.flatMap((s) => s.segments).filter((s) => s.worse).length,
      suspects: found.leaks.alone.filter((a) => a.suspect !== null).length,
    }
    return {
      output,
      async publish(tx) {
        const of = `${output.model}@${output.version}`
        const details = { model: output.model, version: output.version, path: relative(ctx.store.home.path, output.path) } // biome-ignore format: one line
        const about = { run: ctx.run.id, step: ctx.step.id, details }
        await tx.artifacts.add(ctx.scope, {
          ...{ ...about, kind: 'card', name: `${of}.html`, mediaType: 'text/html' },
          ...{ blob: card.hash, bytes: card.bytes },
        })
        await tx.artifacts.add(ctx.scope, {
          ...{ ...about, kind: 'evaluation', name: `${of}.json`, mediaType: 'application/json' },
          ...{ blob: json.hash, bytes: json.bytes },
        })
        return output
      },
    }
  },
  present: (o, ctx) => isPageKept({ path: o.path, bytes: o.bytes, page: o.card, json: o.evaluation }, ctx),
  summary({ model, version, main, worse, suspects }) {
    const three = (x: number | null) => (x === null ? '–' : String(Number(x.toPrecision(3))))
    const told = [
      `${model}@${version}`,
      `test ${METRIC_NAMES[main.metric] ?? main.metric} ${three(main.value)} (${three(main.low)} … ${three(main.high)})`,
      ...(worse > 0 ? [`${worse} ${worse === 1 ? 'segment' : 'segments'} worse`] : []),
      ...(suspects > 0 ? [`${suspects} suspect ${suspects === 1 ? 'feature' : 'features'}`] : []),
      NAME,
    ]
    return told.join('  ')
  },
}
