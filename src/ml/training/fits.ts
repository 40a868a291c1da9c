import {
  applied,
  type BoundFit,
  bindFit,
  countsKeys,
  type Fit,
  type FitAbout,
  type FitRow,
  fitQueries,
  fitReads,
} from '../../plan/fits/index.ts'
import type { Named, Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import type { DatasetSpec, TrainSpec } from '../../runs/specs.ts'

/** What fits are told of a dataset: the target, and the column of its moments, its first instant or wall clock unless it names one. */
export function fitAbout(spec: TrainSpec, dataset: Partial<DatasetSpec> | undefined, schema: Schema): FitAbout {
  const moment = dataset?.moment ?? schema.find((f) => f.type === 'timestamp' || f.type === 'local timestamp')?.name
  return { target: spec.target, ...(moment ? { moment } : {}) }
}

/** Asks the fits' queries of the training rows and binds what they find; each sees what the ones before it gave. */
export async function fitOn(
  spec: TrainSpec,
  train: Node,
  about: FitAbout,
  ask: (query: Node) => Promise<readonly FitRow[]>,
): Promise<BoundFit[]> {
  return fitTogether(spec, train, about, async (queries) => {
    const found = new Map<string, readonly FitRow[]>()
    for (const [name, query] of queries) found.set(name, await ask(query))
    return found
  })
}

/**
 * The same with the queries of fits that do not wait for each other asked together; it asks once at least. `within`: by an
 * engine that keeps the rows. `keyed` has the queries that count the rows of a column's values.
 */
export async function fitTogether(
  spec: TrainSpec,
  train: Node,
  about: FitAbout,
  ask: (queries: Named<Node>, keyed: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, readonly FitRow[]>>,
  within = false,
): Promise<BoundFit[]> {
  const bound: BoundFit[] = []
  let rows = train
  for (let from = 0; from === 0 || from < spec.fit.length; ) {
    const some = apart(spec.fit.slice(from), rows.schema)
    const queries = some.flatMap((fit, i) =>
      fitQueries(fit, rows, about, within).map(([name, query]) => [`${i} ${name}`, query] as const),
    )
    const keyed = some.flatMap((fit, i) =>
      within && countsKeys(fit) ? fitReads(fit).map((c) => [c, `${i} ${c}`] as const) : [],
    )
    const all = await ask(queries, new Map(keyed))
    for (const [i, fit] of some.entries()) {
      const own = [...all].filter(([name]) => name.startsWith(`${i} `))
      const found = new Map(own.map(([name, r]) => [name.slice(`${i} `.length), r]))
      const made = bindFit(fit, found, rows.schema, about, within)
      bound.push(made)
      rows = applied(rows, made.serving)
    }
    from += Math.max(1, some.length)
  }
  return bound
}

/** The first fits that read columns which are there, and none that one before them may change. */
function apart(fits: readonly Fit[], schema: Schema): Fit[] {
  const read = new Set<string>()
  const some: Fit[] = []
  for (const fit of fits) {
    const own = fitReads(fit)
    if (some.length > 0 && own.some((c) => read.has(c) || !schema.some((f) => f.name === c))) break
    for (const c of own) read.add(c)
    some.push(fit)
  }
  return some
}

/**
 * Columns that the monitor knows by their values: those that fits read and that are no features. A feature is watched as the
 * model sees it, under the same name: what it was before a fit put something in its place is not what is served.
 */
export const namedColumns = ({ fit, features }: TrainSpec): string[] =>
  [...new Set(fit.flatMap((f) => f.columns))].filter((c) => !features.includes(c))
