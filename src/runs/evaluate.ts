import { GalleyError } from '../base/errors.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { fieldOf, isDecimal, isNumeric, isTemporal, type Schema, typeName } from '../plan/types.ts'
import type { Declaring } from './flow.ts'
import { BINARY } from './goal.ts'
import type { Kitchen, Model } from './kitchen.ts'
import type { EvaluateOptions } from './options.ts'
import type { Candidate, DatasetSpec, EvaluateSpec, OnnxSpec, Step, TrainSpec } from './specs.ts'
import { costsOf } from './threshold.ts'

const OPTIONS = ['purpose', 'segments', 'groups', 'costs', 'against', 'curves', 'scaling', 'resamples', 'confidence', 'seed', 'timeout'] as const // biome-ignore format: one line

const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line

/** The verb of steps that judge a model on rows that it has not seen, and write its card. */
export function evaluating(
  { add }: Pick<Declaring, 'add'>,
  stepOf: (id: string) => Step | undefined,
): Pick<Kitchen, 'evaluate'> {
  const trained = (id: string, model: Model | undefined): Step<TrainSpec> => {
    const step = typeof model?.step === 'string' ? stepOf(model.step) : undefined
    if (step?.kind === 'train') return step as Step<TrainSpec>
    if (step?.kind === 'onnx') return judged(id, step as Step<OnnxSpec>)
    throw refuse(`'${id}' is given no model to judge`, 'evaluate() takes a name and what k.train() or k.onnx() gave', `write k.evaluate('${id}', model, { … })`) // biome-ignore format: one line
  }
  return {
    evaluate(id, model, options = {}) {
      optionsOf(options, OPTIONS, `evaluate '${id}'`)
      const train = trained(id, model)
      const dataset = train.inputs[0] ?? ''
      const { schema } = (stepOf(dataset) as Step<DatasetSpec>).spec.plan.root
      if ((options.curves || options.scaling) && train.kind === 'onnx') throw refuse(`'${id}' can't tell what more rows, or another size, would give`, `'${train.id}' was made elsewhere, and can't be trained again here`, 'leave curves and scaling out') // biome-ignore format: one line
      const { against, inputs } = rivalOf(id, train, options.against, (m) => trained(id, m))
      const binary = (train.spec.goal ?? BINARY).kind === 'binary'
      const spec: EvaluateSpec = {
        ...(options.purpose === undefined ? {} : { purpose: purposeOf(id, options.purpose) }),
        segments: columnsOf(id, 'segments', options.segments, schema),
        groups: columnsOf(id, 'groups', options.groups, schema),
        ...(options.costs === undefined ? {} : { costs: costsOf(id, options.costs, binary) }),
        ...(against ? { against } : {}),
        curves: options.curves ?? false,
        ...(options.scaling === undefined ? {} : { scaling: scalingOf(id, options.scaling) }),
        resamples: whole(id, 'resamples', options.resamples ?? 1000, 100, 10_000),
        confidence: confidenceOf(id, options.confidence ?? 0.95),
        seed: whole(id, 'seed', options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
      }
      add(id, 'evaluate', [dataset, train.id, ...inputs], spec, options)
    },
  }
}

/** A model that was made elsewhere, of which it is known what was to be said. @throws RECIPE_INVALID */
function judged(id: string, step: Step<OnnxSpec>): Step<TrainSpec> {
  const { target } = step.spec
  if (target === null) throw refuse(`'${id}' can't judge '${step.id}'`, 'it has no target', `name the column of what was to be said: target`) // biome-ignore format: one line
  return { ...step, spec: { ...step.spec, target } }
}

/** What it is held against: a candidate that is trained for it, or another model of the same rows. */
function rivalOf(
  id: string,
  train: Step<TrainSpec>,
  given: EvaluateOptions['against'],
  trained: (m: Model) => Step<TrainSpec>,
): { readonly against?: Candidate; readonly inputs: readonly string[] } {
  if (given === undefined) return { against: { trainer: 'baseline', params: {} }, inputs: [] }
  if ('trainer' in given) return { against: { trainer: given.trainer, params: given.params }, inputs: [] }
  const other = trained(given)
  const same = other.inputs[0] === train.inputs[0] && other.spec.target === train.spec.target
  if (!same || other.id === train.id)
    throw refuse(
      `'${id}' can't hold '${train.id}' against '${other.id}'`,
      other.id === train.id ? 'it is the same model' : 'they learn from other datasets, or another target',
      'name a model of the same dataset and target, or a candidate: against: baseline()',
    )
  if (JSON.stringify(other.spec.goal ?? BINARY) !== JSON.stringify(train.spec.goal ?? BINARY))
    throw refuse(`'${id}' can't hold '${train.id}' against '${other.id}'`, 'they have other goals', 'name a model of the same goal') // biome-ignore format: one line
  return { inputs: [other.id] }
}

function scalingOf(id: string, given: Readonly<Record<string, readonly number[]>>): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(given).map(([name, values]) => {
      const fit = Array.isArray(values) && values.length > 1 && values.every((x) => Number.isFinite(x) && x > 0)
      if (!fit || new Set(values).size < values.length)
        throw refuse(`'${id}' can't be learnt again by '${name}'`, 'it takes two different numbers above 0 or more, and five to tell how it goes on', `write scaling: { ${name}: [4, 8, 16, 32, 64] }`) // biome-ignore format: one line
      return [name, values.toSorted((a, b) => a - b)]
    }),
  )
}

function columnsOf(id: string, option: string, given: readonly string[] | undefined, schema: Schema): string[] {
  if (given !== undefined && !(Array.isArray(given) && given.every((c) => typeof c === 'string')))
    throw refuse(`'${id}' is given no list of columns as ${option}`, 'rows are told apart by columns', `write ${option}: ['city']`) // biome-ignore format: one line
  for (const name of given ?? []) {
    const { type } = fieldOf(schema, name, `${option} of '${id}'`)
    if (type === 'string' || type === 'bool' || isTemporal(type) || (isNumeric(type) && !isDecimal(type))) continue
    throw refuse(`'${id}' can't tell rows apart by '${name}': it is a ${typeName(type)}`, 'it takes a text, a bool, a number or a time', 'derive such a column in the dataset') // biome-ignore format: one line
  }
  return [...new Set(given ?? [])]
}

function purposeOf(id: string, given: NonNullable<EvaluateOptions['purpose']>): NonNullable<EvaluateSpec['purpose']> {
  const said = typeof given === 'string' ? { en: given, ko: given } : given
  if (typeof said?.en === 'string' && typeof said.ko === 'string' && Object.keys(said).length === 2)
    return { en: said.en, ko: said.ko }
  throw refuse(`'${id}' is given no purpose in words`, 'a card says what a model is for', "write purpose: 'who may leave next month', or { en: '…', ko: '…' }") // biome-ignore format: one line
}

function whole(id: string, option: string, given: number, least: number, most: number): number {
  if (Number.isSafeInteger(given) && given >= least && given <= most) return given
  throw refuse(`'${id}' is given ${String(given)} as '${option}'`, `it is a whole number from ${least} to ${most}`, 'correct it') // biome-ignore format: one line
}

function confidenceOf(id: string, given: number): number {
  if (given >= 0.5 && given <= 0.999) return given
  throw refuse(`'${id}' is given ${String(given)} as 'confidence'`, 'it is a share from 0.5 to 0.999', 'write for instance 0.95') // biome-ignore format: one line
}
