import { sha256 } from '../../../base/hash.ts'
import type { SourceSpec } from '../../../data/connectors/connector.ts'
import type { Verdict } from '../../../data/quality/expectation.ts'
import type { Schema } from '../../../plan/types.ts'
import type { Run } from '../../../store/runs.ts'
import type { Step as StepRecord } from '../../../store/steps.ts'
import type { Recipe, Step } from '../../specs.ts'
import { linksOf, type Place } from '../links.ts'
import { columnLineage, EVENT, type Facets, facet, type Name, PRODUCER, schemaFacet, sourceName, testFacet } from './facets.ts' // biome-ignore format: one line

/** An event of OpenLineage 2-0-2, plain JSON. */
export interface LineageEvent {
  readonly eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT'
  /** ISO 8601, UTC. */
  readonly eventTime: string
  readonly producer: string
  readonly schemaURL: string
  readonly run: { readonly runId: string; readonly facets: Facets }
  readonly job: Name & { readonly facets: Facets }
  readonly inputs: readonly (Name & { readonly facets: Facets; readonly inputFacets?: Facets })[]
  readonly outputs: readonly (Name & { readonly facets: Facets; readonly outputFacets?: Facets })[]
}

/** A run as it is recorded, and what its events are made of besides. */
export interface Recorded {
  readonly run: Run
  readonly steps: readonly StepRecord[]
  /** The workspace's namespace: its jobs and datasets are named within it. */
  readonly namespace: string
  /** Galley's version. */
  readonly version: string
}

/** What a step's record says of its output, whatever kind it is of. */
interface Found {
  readonly name?: string
  readonly version?: number | string
  readonly endpoint?: string
  readonly generation?: number
  readonly hash?: string
  readonly path?: string
  readonly schema?: Schema
  readonly rows?: number
  readonly bytes?: number
  readonly files?: readonly string[]
  readonly verdicts?: readonly Verdict[]
  readonly computed?: { readonly by: string }
}

/**
 * What a run says of itself to a catalogue of lineage: that it and each of its steps began and ended, what they read and
 * made, and of which columns every column is made. All of it is read from the record, so it can be told again.
 */
export function eventsOf(told: Recorded): LineageEvent[] {
  const { run, namespace, version } = told
  const recipe = run.recipeJson as Recipe | null
  if (!recipe) return []
  const job = (name: string, jobType: string): LineageEvent['job'] => ({
    namespace,
    name,
    facets: { jobType: facet('jobType', { processingType: 'BATCH', integration: 'GALLEY', jobType }) },
  })
  const engine = facet('processing_engine', { name: 'galley', version })
  const whole = { job: job(recipe.name, 'RECIPE'), runId: uuid(run.id) }
  const parent = facet('parent', { run: { runId: whole.runId }, job: { namespace, name: recipe.name } })
  const event = (
    eventType: LineageEvent['eventType'],
    at: number,
    of: Pick<LineageEvent, 'run' | 'job'> & Partial<LineageEvent>,
  ): LineageEvent => ({
    eventType,
    eventTime: new Date(at).toISOString(),
    ...{ producer: PRODUCER, schemaURL: EVENT, inputs: [], outputs: [] },
    ...of,
  })
  const own = (more: Facets = {}) => ({
    run: { runId: whole.runId, facets: { processing_engine: engine, ...more } },
    job: whole.job,
  })
  const about = describer(recipe, told)
  const steps = told.steps.flatMap((record): LineageEvent[] => {
    const step = recipe.steps.find((s) => s.id === record.id)
    if (!step || record.started === null) return []
    const of = (facets: Facets) => ({
      run: { runId: uuidOf(`${run.id} ${step.id}`), facets: { parent, processing_engine: engine, ...facets } },
      job: job(`${recipe.name}.${step.id}`, step.kind.toUpperCase()),
    })
    const began = event('START', record.started, of({}))
    if (record.ended === null || !(record.status in ENDS)) return [began]
    const { facets, inputs, outputs } = about(step, record)
    const made = record.status === 'done' ? outputs : []
    const end = ENDS[record.status as keyof typeof ENDS]
    return [began, event(end, record.ended, { ...of(facets), inputs, outputs: made })]
  })
  const last = run.ended === null || !(run.status in ENDS) ? [] : [event(ENDS[run.status as keyof typeof ENDS], run.ended, own(failed(run.error)))] // biome-ignore format: one line
  return [event('START', run.started, own()), ...steps, ...last]
}

const ENDS = { done: 'COMPLETE', failed: 'FAIL', cancelled: 'ABORT' } as const

/** What to say of a step that ended: what it read, what it made and what it found. */
function describer(recipe: Recipe, { steps, namespace }: Recorded) {
  const links = linksOf(recipe)
  const found = new Map(steps.map((s) => [s.id, (s.output ?? {}) as Found]))
  const name = (step: Step): Name => ({ namespace, name: nameOf(recipe, step) })
  const byId = new Map(recipe.steps.map((s) => [s.id, s]))
  const placed = (p: Place): Name => name(byId.get(p.step) as Step)
  const facetsOf = (step: Step, o: Found): Facets => ({
    ...(o.schema ? { schema: schemaFacet(o.schema) } : {}),
    ...(versionOf(o) ? { version: facet('version', { datasetVersion: versionOf(o) }) } : {}),
    datasetType: facet('datasetType', { datasetType: TYPES[step.kind] ?? 'JOB_OUTPUT' }),
  })
  const counts = (o: Found) => ({
    ...(o.rows === undefined ? {} : { rowCount: o.rows }),
    ...(o.bytes === undefined ? {} : { size: o.bytes }),
  })
  return (step: Step, record: StepRecord): Pick<LineageEvent, 'inputs' | 'outputs'> & { facets: Facets } => {
    const own = found.get(step.id) ?? {}
    const tags = [
      ...(record.cached ? [['cached', 'true']] : []),
      ...(own.computed ? [['computed_by', own.computed.by]] : []),
    ].map(([key, value]) => ({ key, value, source: 'GALLEY' }))
    const facets: Facets = {
      ...(tags.length > 0 ? { tags: facet('tags', { tags }) } : {}),
      ...(own.verdicts && own.verdicts.length > 0 ? { test: testFacet(own.verdicts) } : {}),
      ...failed(record.error),
    }
    const from = step.inputs.map((id) => {
      const input = byId.get(id) as Step
      const o = found.get(id) ?? {}
      return { ...name(input), facets: facetsOf(input, o), inputFacets: { inputStatistics: facet('inputStatistics', counts(o)) } } // biome-ignore format: one line
    })
    const spec = step.spec as SourceSpec
    const outside =
      step.kind === 'source' ? [{ ...sourceName(spec, own.path ?? spec.path, namespace), facets: {} }] : []
    const columns =
      step.kind === 'source'
        ? copied(step, sourceName(spec, own.path ?? spec.path, namespace))
        : columnLineage(
            links.filter((l) => l.to.step === step.id),
            placed,
          )
    return {
      facets,
      inputs: [...outside, ...from],
      outputs: [
        {
          ...name(step),
          facets: { ...facetsOf(step, own), ...(columns ? { columnLineage: columns } : {}) },
          outputFacets: {
            outputStatistics: facet('outputStatistics', {
              ...counts(own),
              ...(own.files ? { fileCount: own.files.length } : {}),
            }),
          },
        },
      ],
    }
  }
}

/** What a step makes, for those who know catalogues by such words. */
const TYPES: Readonly<Record<string, string>> = {
  source: 'TABLE',
  table: 'TABLE',
  dataset: 'TABLE',
  train: 'MODEL',
  learn: 'TABLE',
  serve: 'ENDPOINT',
  analyse: 'REPORT',
}
/** Versions that others name are named as they are called; what is within a recipe, after it. */
const nameOf = (recipe: Recipe, step: Step): string =>
  step.kind === 'dataset' ? step.id : step.kind === 'train' || step.kind === 'onnx' ? `models/${step.id}` : step.kind === 'serve' ? `endpoints/${step.id}` : `${recipe.name}.${step.id}` // biome-ignore format: one line
const versionOf = (o: Found): string | undefined =>
  o.version === undefined ? (o.generation === undefined ? o.hash : `${o.generation}`) : `${o.version}`

/** A source's columns are those that lie outside, each as it is. */
const copied = (step: Step, outside: Name) =>
  columnLineage(
    Object.keys((step.spec as SourceSpec).columns).map((column) => {
      const place: Place = { recipe: '', step: step.id, kind: 'source', column }
      return { from: place, to: place, how: ['IDENTITY'] }
    }),
    () => outside,
  )

function failed(error: unknown): Facets {
  const { code, what, why } = (error ?? {}) as { code?: string; what?: string; why?: string }
  if (!what) return {}
  const message = `${code ?? 'STEP_FAILED'}: ${what}${why ? `: ${why}` : ''}`
  return { errorMessage: facet('errorMessage', { message, programmingLanguage: 'TypeScript' }) }
}

/** 32 hexadecimal digits as a UUID. */
const uuid = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
/** A text as a UUID of version 8: whatever its maker says. */
function uuidOf(text: string): string {
  const hex = sha256(text)
  return uuid(`${hex.slice(0, 12)}8${hex.slice(13, 16)}a${hex.slice(17)}`)
}
