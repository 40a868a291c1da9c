import { applied, type BoundFit, bindFit, type FitAbout, type FitRow, fitQueries } from '../../plan/fits/index.ts'
import type { Node } from '../../plan/nodes.ts'
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
  ask: (query: Node) => Promise<FitRow[]>,
): Promise<BoundFit[]> {
  const bound: BoundFit[] = []
  let rows = train
  for (const fit of spec.fit) {
    const found = new Map<string, FitRow[]>()
    for (const [name, query] of fitQueries(fit, rows, about)) found.set(name, await ask(query))
    const made = bindFit(fit, found, rows.schema, about)
    bound.push(made)
    rows = applied(rows, made.serving)
  }
  return bound
}
