import type { Relation } from '../../engines/engine.ts'
import { canHold, hold } from '../../engines/held.ts'
import { runPlan } from '../../engines/plans.ts'
import { col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { groupColumns } from '../../runs/grouped.ts'
import type { StepContext } from '../../runs/kind.ts'
import type { TrainSpec } from '../../runs/specs.ts'

/** The parts as numbers. Learning begins with the training rows, while the others are still computed. */
export interface Matrices {
  readonly train: Relation
  /** For trainers that look at it: reading it waits until it is there. */
  readonly validate: Relation
  validated(): Promise<Relation>
  tested(): Promise<Relation>
  /** Ends what is still computed. */
  close(): Promise<void>
}

/** Rows of all parts together are held in memory up to this size; beyond it they are read from a file on every pass. */
const HELD_BYTES = 512 * 2 ** 20

/** Reads features, target, weight and groups of each part; `total` is the rows of all parts. */
export async function matricesOf(
  ctx: StepContext<TrainSpec>,
  parts: Readonly<Record<'train' | 'validate' | 'test', Node>>,
  features: readonly string[],
  total: number,
): Promise<Matrices> {
  const own = new AbortController()
  const within = { ...ctx, signal: AbortSignal.any([ctx.signal, own.signal]) }
  const read = (part: Node) => matrixOf(within, part, features, total)
  const train = await read(parts.train)
  const validate = read(parts.validate)
  const test = validate.then(() => read(parts.test))
  // whoever needs them is told of a failure; a trainer may fail first
  for (const part of [validate, test]) part.catch(() => undefined)
  return {
    train,
    validate: later(train.schema, validate),
    validated: () => validate,
    tested: () => test,
    async close() {
      own.abort()
      train.close()
      for (const part of await Promise.allSettled([validate, test])) if (part.status === 'fulfilled') part.value.close()
    },
  }
}

/** The same of one part. */
export async function matrixOf(
  ctx: Pick<StepContext<TrainSpec>, 'duckdb' | 'scope' | 'signal' | 'ledger' | 'step' | 'store'>,
  part: Node,
  features: readonly string[],
  total: number,
): Promise<Relation> {
  const { duckdb, scope, signal, ledger } = ctx
  const work = { duckdb, scope, signal, ledger }
  const { target, weight } = ctx.step.spec
  const others = [target, ...(weight === undefined ? [] : [weight]), ...groupColumns(ctx.step.spec)]
  const columns = [...new Set([...features, ...others])].map((name) => [name, col(name)] as const)
  const select = build({ op: 'select', input: part, columns })
  // the same rows in the same order: the same model, to the bit
  const keys = select.schema.map((f) => ({ by: col(f.name), descending: false }))
  const sorted = build({ op: 'sort', input: select, keys })
  if (canHold(sorted.schema) && total * sorted.schema.length * 8 <= HELD_BYTES)
    return hold(await runPlan(work, sorted, 'batches'), ledger)
  return runPlan(work, sorted, { parquet: ctx.store.home.tmp.file('.matrix.parquet') })
}

/** A relation that is still computed. How many rows it has is not known before. */
function later(schema: Relation['schema'], relation: Promise<Relation>): Relation {
  return {
    place: 'host',
    schema,
    rows: Number.NaN,
    async *batches(columns) {
      yield* (await relation).batches(columns)
    },
    close: () => void relation.then((r) => r.close()).catch(() => undefined),
  }
}
