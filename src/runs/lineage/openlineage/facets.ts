import type { SourceSpec } from '../../../data/connectors/connector.ts'
import type { Verdict } from '../../../data/quality/expectation.ts'
import { type Schema, typeName } from '../../../plan/types.ts'
import type { Link, Place } from '../links.ts'

/** What says who made a facet, and by which schema it is read. */
export interface Facet {
  readonly _producer: string
  readonly _schemaURL: string
  readonly [field: string]: unknown
}
export type Facets = Readonly<Record<string, Facet>>

/** Who makes the events; a URI. */
export const PRODUCER = 'urn:galley'
const SPEC = 'https://openlineage.io/spec'
export const EVENT = `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`

/** The version of each facet of the specification that is written here, and its type's name there. */
const FACETS = {
  schema: ['1-2-0', 'SchemaDatasetFacet'],
  columnLineage: ['1-2-0', 'ColumnLineageDatasetFacet'],
  version: ['1-0-1', 'DatasetVersionDatasetFacet'],
  datasetType: ['1-0-1', 'DatasetTypeDatasetFacet'],
  outputStatistics: ['1-0-2', 'OutputStatisticsOutputDatasetFacet'],
  inputStatistics: ['1-0-0', 'InputStatisticsInputDatasetFacet'],
  parent: ['1-2-0', 'ParentRunFacet'],
  processing_engine: ['1-1-1', 'ProcessingEngineRunFacet'],
  errorMessage: ['1-0-1', 'ErrorMessageRunFacet'],
  tags: ['1-0-0', 'TagsRunFacet'],
  test: ['1-0-1', 'TestRunFacet'],
  jobType: ['2-0-4', 'JobTypeJobFacet'],
} as const

/** A facet as the specification has it. */
export function facet(name: keyof typeof FACETS, fields: Readonly<Record<string, unknown>>): Facet {
  const [version, type] = FACETS[name]
  return { _producer: PRODUCER, _schemaURL: `${SPEC}/facets/${version}/${type}.json#/$defs/${type}`, ...fields }
}

/** A dataset's name in the way of the specification: `file` and a path, or a server and what it has there. */
export interface Name {
  readonly namespace: string
  readonly name: string
}

/** Where a source's data lies; `own` is the namespace of Galley's own datasets. */
export function sourceName(spec: SourceSpec, path: string, own: string): Name {
  if (spec.connector === 'dataset') return { namespace: own, name: path.replace(/@[^@]*$/, '') }
  const url = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*@)?([^/?#]+)([^?#]*)/i.exec(path)
  // without what may be a password or a token
  if (url) return { namespace: `${url[1]}://${url[3]}`, name: url[4] || '/' }
  if (path.startsWith('/') || /^[a-z]:[\\/]/i.test(path)) return { namespace: 'file', name: path }
  return { namespace: spec.connector, name: path }
}

export const schemaFacet = (schema: Schema): Facet =>
  facet('schema', {
    fields: schema.map((f, i) => ({
      name: f.name,
      type: typeName(f.type),
      ordinal_position: i + 1,
      ...(f.description ? { description: f.description } : {}),
    })),
  })

/** What one of `how` is there: a value that is carried on, or one that decides which values and rows there are. */
const transformation = (how: string) =>
  DIRECT.has(how) ? { type: 'DIRECT', subtype: how } : { type: 'INDIRECT', subtype: how }
const DIRECT: ReadonlySet<string> = new Set(['IDENTITY', 'TRANSFORMATION', 'AGGREGATION'])

/** The columns that a step's output is made of; `nameOf` gives the dataset that a place is a part of. */
export function columnLineage(links: readonly Link[], nameOf: (p: Place) => Name): Facet | undefined {
  const field = ({ from, how }: Link) => ({
    ...nameOf(from),
    field: from.column ?? '',
    transformations: how.map(transformation),
  })
  const known = links.filter((l) => l.from.column !== null)
  if (known.length === 0) return undefined
  const fields: Record<string, { inputFields: unknown[] }> = Object.create(null)
  for (const link of known) if (link.to.column !== null) (fields[link.to.column] ??= { inputFields: [] }).inputFields.push(field(link)) // biome-ignore format: one line
  const rows = known.filter((l) => l.to.column === null).map(field)
  return facet('columnLineage', { fields, ...(rows.length > 0 ? { dataset: rows } : {}) })
}

/** What expectations found, as tests that a run made. */
export const testFacet = (verdicts: readonly Verdict[]): Facet =>
  facet('test', {
    tests: verdicts.map((v) => ({
      name: v.title,
      status: v.passed ? 'pass' : 'fail',
      severity: v.severity === 'warn' ? 'warn' : 'error',
      type: v.kind,
      ...(v.limit === undefined ? {} : { expected: `${v.limit}` }),
      actual: v.measured === undefined ? `${v.failed} of ${v.rows} rows` : `${v.measured}`,
    })),
  })
