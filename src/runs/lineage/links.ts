import type { SourceSpec } from '../../data/connectors/connector.ts'
import { withQuarantine } from '../../data/quality/quarantine.ts'
import { columnsOf } from '../../plan/expr.ts'
import { fitReads } from '../../plan/fits/index.ts'
import { lineageOf, type Origin } from '../../plan/lineage.ts'
import { isOpaque, opaqueSchema } from '../inline.ts'
import type {
  DatasetSpec,
  ForecastSpec,
  LearnSpec,
  OnnxSpec,
  PlanSpec,
  Recipe,
  ServeSpec,
  Step,
  TrainSpec,
} from '../specs.ts'

/** A column of a step's output, or with null what the step makes as a whole: a table's rows, a model, an endpoint. */
export interface Place {
  readonly recipe: string
  readonly step: string
  /** The kind of the step: `source`, `table`, `dataset`, `train` … */
  readonly kind: string
  readonly column: string | null
}

/** One place enters another. `how`: OpenLineage's names for columns; `TARGET`, `FEATURE`, `PROCESS`, `SPLIT`, `MODEL`, `ENTRY`, `REPORT` beyond. */
export interface Link {
  readonly from: Place
  readonly to: Place
  readonly how: readonly string[]
}

/** Every link of a recipe, read from its plans; nothing is run. */
export function linksOf(recipe: Recipe): Link[] {
  const steps = new Map(recipe.steps.map((s) => [s.id, s]))
  const place = (id: string, column: string | null): Place => ({
    recipe: recipe.name,
    step: id,
    kind: steps.get(id)?.kind ?? 'source',
    column,
  })
  return recipe.steps.flatMap((step) => {
    const to = (column: string | null) => place(step.id, column)
    const enters = (id: string, column: string | null, how: string): Link => ({
      from: place(id, column),
      to: to(null),
      how: [how],
    })
    const { plan, expect = [] } = step.spec as Partial<DatasetSpec>
    if (plan) {
      // rows that an expectation sets aside are not in the dataset: what it looks at decides which are
      const { columns, rows } = lineageOf(withQuarantine(plan.root, expect))
      const from = (o: Origin, at: Place): Link => ({ from: place(o.name, o.column), to: at, how: o.how })
      return [
        ...[...columns].flatMap(([name, origins]) => origins.map((o) => from(o, to(name)))),
        ...rows.map((o) => from(o, to(null))),
      ]
    }
    if (step.kind === 'either')
      return step.inputs.flatMap((id) => columnsOfStep(step).map((column): Link => ({ from: place(id, column), to: to(column), how: ['IDENTITY'] }))) // biome-ignore format: one line
    // whatever a program makes of what it reads
    if (step.kind === 'process')
      return step.inputs.flatMap((id) =>
        columnsOfStep(steps.get(id)).flatMap((column) => [
          enters(id, column, 'PROCESS'),
          ...columnsOfStep(step).map((made): Link => ({ from: place(id, column), to: to(made), how: ['PROCESS'] })),
        ]),
      )
    if (step.kind === 'forecast') return forecast(step as Step<ForecastSpec>, place)
    if (step.kind === 'learn') return learnt(step as Step<LearnSpec>, steps, place)
    // what people say of rows is made of none of them
    if (step.kind === 'approval') return []
    if (step.kind === 'train') return trained(step as Step<TrainSpec>, steps, enters)
    if (step.kind === 'onnx')
      return [
        ...trained({ ...(step as Step<OnnxSpec>), inputs: step.inputs.slice(0, 1) }, steps, enters),
        ...step.inputs.slice(1).map((id) => enters(id, null, 'MODEL')),
      ]
    if (step.kind === 'serve') {
      const { entry, input } = step.spec as ServeSpec
      return [
        ...step.inputs.map((id) => enters(id, null, 'MODEL')),
        ...input.map((column) => enters(entry, column, 'ENTRY')),
      ]
    }
    return step.inputs.flatMap((id) => columnsOfStep(steps.get(id)).map((column) => enters(id, column, 'REPORT')))
  })
}

/** Columns that a learner is told of go into all that it gives; those of rows go through as they are. */
function learnt(
  step: Step<LearnSpec>,
  steps: ReadonlyMap<string, Step>,
  place: (id: string, column: string | null) => Place,
): Link[] {
  const read = Object.values(step.spec.columns).flat()
  return step.inputs.flatMap((id) => {
    const before = step.spec.of === 'rows' ? columnsOfStep(steps.get(id)) : []
    const made = [null, ...columnsOfStep(step).filter((c) => !before.includes(c))]
    return [
      ...before.map((c): Link => ({ from: place(id, c), to: place(step.id, c), how: ['IDENTITY'] })),
      ...read.flatMap((c) =>
        made.map((to): Link => ({ from: place(id, c), to: place(step.id, to), how: ['FEATURE'] })),
      ),
    ]
  })
}

/** The series' columns go through; they, the times and the target go into all else. */
function forecast(
  { id, inputs, spec }: Step<ForecastSpec>,
  place: (id: string, column: string | null) => Place,
): Link[] {
  const { series, time, target } = spec
  const made = [null, ...spec.schema.map((f) => f.name).filter((c) => !series.includes(c))]
  return inputs.flatMap((from) => [
    ...series.map((c): Link => ({ from: place(from, c), to: place(id, c), how: ['IDENTITY'] })),
    ...[...series, time, target].flatMap((c) =>
      made.map((to): Link => ({ from: place(from, c), to: place(id, to), how: ['FEATURE'] })),
    ),
  ])
}

function trained(
  { inputs, spec }: Pick<Step<TrainSpec | OnnxSpec>, 'inputs' | 'spec'>,
  steps: ReadonlyMap<string, Step>,
  enters: (id: string, column: string, how: string) => Link,
): Link[] {
  return inputs.flatMap((id) => {
    const own = new Set(columnsOfStep(steps.get(id)))
    const { split } = (steps.get(id)?.spec ?? {}) as Partial<DatasetSpec>
    // a column that a fit makes stands for those that it is computed from
    const read = new Set([...spec.features, ...spec.fit.flatMap(fitReads)].filter((c) => own.has(c)))
    return [
      ...(spec.target === null ? [] : [enters(id, spec.target, 'TARGET')]),
      ...[...read].map((column) => enters(id, column, 'FEATURE')),
      ...columnsOf(...Object.values(split ?? {})).map((column) => enters(id, column, 'SPLIT')),
    ]
  })
}

/** The columns that a step gives; none for a model or an endpoint. */
export function columnsOfStep(step: Step | undefined): string[] {
  if (!step) return []
  const { plan } = step.spec as Partial<PlanSpec>
  if (plan) return plan.root.schema.map((f) => f.name)
  if (isOpaque(step)) return opaqueSchema(step).map((f) => f.name)
  return step.kind === 'source' ? Object.keys((step.spec as SourceSpec).columns) : []
}
