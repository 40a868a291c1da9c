import { GalleyError } from '../../base/errors.ts'
import type { Scope } from '../../base/scope.ts'
import type { DuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps } from '../../engines/engine.ts'
import type { Ledger } from '../../engines/ledger.ts'
import { call, col, lit } from '../../plan/expr.ts'
import { build, plan } from '../../plan/nodes.ts'
import { momentOf } from '../../plan/states.ts'
import { stepOf } from '../../runs/inline.ts'
import type { DatasetSpec, Recipe } from '../../runs/specs.ts'
import type { DatasetOutput } from '../../runs/steps/dataset.ts'
import { type History, readHistory } from './replay.ts'
import type { ServeOutput } from './step.ts'

interface Month {
  readonly galley: { readonly duckdb: DuckdbEngine }
  readonly scope: Scope
  readonly recipe: Recipe
  readonly served: ServeOutput
  readonly dataset: DatasetOutput
  readonly signal: AbortSignal
  readonly ledger: Ledger
}

/** A column of the read rows: whether the row belongs to the test part. */
const ASKED = '_asked'

/**
 * The test part in order of its moments, with what its records need and when each became known; and the rows before it
 * that become known only after the history that the endpoint starts from.
 */
export async function testMonth({ galley, scope, recipe, served, dataset, signal, ledger }: Month): Promise<History> {
  const spec = stepOf(recipe, dataset.name).spec as DatasetSpec
  const test = spec.split?.['test']
  const moment = spec.moment
  if (!test || !moment)
    throw new GalleyError('RECIPE_INVALID', {
      what: 'a rehearsal needs a test part and a moment',
      fix: 'give the dataset split and moment',
    })
  const { online, until = {} } = served.config
  const [state] = online.states
  const known = state ? momentOf(state) : moment
  const type = dataset.schema.find((f) => f.name === known)?.type as 'timestamp' | 'local timestamp'
  const after = state ? call('ge', col(known), lit(String(until[state.id] ?? 0), type)) : test
  const columns = [
    ...new Set([moment, known, ...online.input.map((f) => f.name), ...online.feedInput.map((f) => f.name)]),
  ]
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: dataset.files }, schema: dataset.schema })
  const rows = build({
    op: 'select',
    input: build({ op: 'filter', input: scan, predicate: call('or', test, after) }),
    columns: [...columns.map((c) => [c, col(c)] as const), [ASKED, test] as const],
  })
  const sorted = build({ op: 'sort', input: rows, keys: [{ by: col(moment), descending: false }] })
  const prepared = galley.duckdb.prepare(plan(sorted))
  if (isGaps(prepared))
    throw new GalleyError('ENGINE_GAP', { what: 'the test month can not be read', why: JSON.stringify(prepared) })
  return readHistory(await prepared.run({ scope, signal, ledger }, 'batches'), { at: moment, known, asked: ASKED })
}
