import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GalleyError } from '../../base/errors.ts'
import { type Agg, call, type Expr } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { printPlan } from '../../plan/print.ts'
import { rewrite } from '../../plan/walk.ts'
import { type Value, valueAt } from '../batch.ts'
import { type Engine, isGaps, type RunContext } from '../engine.ts'
import { createLedger } from '../ledger.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { plans } from './generate.ts'

/** A context for tests: workspace `test`, never cancelled. */
export const testContext = (): RunContext => ({
  scope: { workspace: 'test', caller: 'test' },
  signal: new AbortController().signal,
  ledger: createLedger(),
})

/** All rows of a node as arrays of values. @throws when the engine declares a gap */
export async function collect(engine: Engine, root: Node): Promise<Value[][]> {
  const prepared = engine.prepare(plan(root))
  if (isGaps(prepared)) throw new Error(`gap: ${JSON.stringify(prepared)}`)
  const relation = await prepared.run(testContext(), 'batches')
  const out: Value[][] = []
  for await (const batch of relation.batches())
    for (let row = 0; row < batch.rows; row++) out.push(batch.columns.map((c) => valueAt(c, row)))
  relation.close()
  return out
}

/** All rows of a node, or nothing where a value of some column can't be computed. */
export async function collectSound(engine: Engine, root: Node): Promise<Value[][] | undefined> {
  try {
    return await collect(engine, root)
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'VALUE_INVALID') return undefined
    throw error
  }
}

function show(v: Value): string {
  if (v instanceof Uint8Array) return `bytes ${Buffer.from(v).toString('hex')}`
  if (v !== null && typeof v === 'object')
    return Array.isArray(v)
      ? `[${v.map(show).join(', ')}]`
      : `{ ${Object.entries(v)
          .map(([k, x]) => `${k}: ${show(x)}`)
          .join(', ')} }`
  return typeof v === 'bigint'
    ? `${v}n`
    : typeof v === 'number'
      ? Object.is(v, -0)
        ? '0'
        : String(v)
      : JSON.stringify(v)
}
export const line = (row: readonly Value[]): string => row.map(show).join(' | ')
/** Relations have no order unless sorted: compared as bags of lines. */
export const asBag = (rows: readonly (readonly Value[])[]): string[] => rows.map(line).sort()

/** The rows of a plan (in order where it has one), or the code that it fails with. */
async function outcome(engine: Engine, root: Node): Promise<readonly string[]> {
  try {
    const rows = await collect(engine, root)
    return root.op === 'sort' || root.op === 'limit' ? rows.map(line) : asBag(rows)
  } catch (error) {
    if (error instanceof GalleyError && error.code === 'VALUE_INVALID') return [error.code]
    throw error
  }
}

/** The plan with null in the place of every failure. */
function forgiving(root: Node): Node {
  const orNull = (e: Expr): Expr => call('orNull', e)
  const agg = (a: Agg): Agg => ({ ...a, arg: a.arg && orNull(a.arg) })
  return rewrite(root, (n) => {
    switch (n.op) {
      case 'filter':
      case 'reject':
        return build({ ...n, predicate: orNull(n.predicate) })
      case 'select':
      case 'derive':
        return build({ ...n, columns: n.columns.map(([name, e]) => [name, orNull(e)] as const) })
      case 'aggregate':
      case 'rolling':
        return build({ ...n, aggs: n.aggs.map(([name, a]) => [name, agg(a)] as const) })
      default:
        return n
    }
  })
}

/** Plans of one seed: the next ones have the next, so that a long comparison goes on where it was left. */
const SEEDED = 500

/** What is compared: `runs` plans from the `from`-th on (a multiple of 500), and who is told how many there were. */
export interface Comparison {
  readonly runs: number
  readonly from?: number
  readonly seed: number
  readonly takes?: ((n: Node) => boolean) | undefined
  readonly plans?: fc.Arbitrary<Node>
  compared?(plans: number): void
}

/** Compares an engine with the reference on generated plans. @throws with the smallest plan that it finds to differ */
export async function comparePlans(engine: Engine, { runs, from = 0, ...how }: Comparison): Promise<void> {
  for (let at = from; at < runs; at += SEEDED) {
    await compareSome(engine, { ...how, runs: Math.min(SEEDED, runs - at), seed: how.seed + Math.floor(at / SEEDED) })
    how.compared?.(Math.min(at + SEEDED, runs))
  }
}

async function compareSome(engine: Engine, options: Omit<Comparison, 'from' | 'compared'>): Promise<void> {
  const reference = createReferenceEngine()
  await fc.assert(
    fc.asyncProperty(options.plans ?? plans, async (root) => {
      if (options.takes && !options.takes(root)) return
      const want = await outcome(reference, root)
      const got = await outcome(engine, root)
      // an engine need not compute what can't change the result, and then does not see that it fails
      const unseen = want[0] === 'VALUE_INVALID' && got[0] !== 'VALUE_INVALID'
      const right = unseen ? await outcome(reference, forgiving(root)) : want
      assert.deepEqual(
        got,
        right,
        `${printPlan(root)}\nreference: ${right.join('\n')}\n${engine.name}: ${got.join('\n')}`,
      )
    }),
    { numRuns: options.runs, seed: options.seed },
  )
}
