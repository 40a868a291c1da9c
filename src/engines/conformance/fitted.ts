import { type BoundFit, bindFit, type Fit, type FitAbout, type FitRow, fitQueries } from '../../plan/fits/index.ts'
import type { Node } from '../../plan/nodes.ts'
import type { Value } from '../batch.ts'
import type { Engine } from '../engine.ts'
import { literalOf } from '../values.ts'
import { collect } from './compare.ts'

/** A fit bound to what its queries find on an engine. */
export async function fitted(
  engine: Engine,
  fit: Fit,
  train: Node,
  about: FitAbout = {},
  within = false,
): Promise<BoundFit> {
  const found = new Map<string, FitRow[]>()
  for (const [name, query] of fitQueries(fit, train, about, within)) {
    const rows = await collect(engine, query)
    found.set(
      name,
      rows.map((r) => Object.fromEntries(query.schema.map((f, i) => [f.name, literalOf(r[i] as Value, f.type)]))),
    )
  }
  return bindFit(fit, found, train.schema, about, within)
}
