import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Node } from '../../plan/nodes.ts'
import { plan } from '../../plan/nodes.ts'
import { printPlan } from '../../plan/print.ts'
import { type Value, valueAt } from '../batch.ts'
import { type Engine, isGaps, type RunContext } from '../engine.ts'
import { createLedger } from '../ledger.ts'
import { createReferenceEngine } from '../reference/index.ts'
import { CASES } from './cases/index.ts'
import { plans } from './generate.ts'

/** A case that an engine can't pass. It runs all the same and must fail: one that starts to pass fails the suite. */
export interface DeclaredGap {
  readonly case: string
  readonly kind: 'todo' | 'impossible'
  readonly reason: string
}

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
const line = (row: readonly Value[]): string => row.map(show).join(' | ')
/** Relations have no order unless sorted: compared as bags of lines. */
export const asBag = (rows: readonly (readonly Value[])[]): string[] => rows.map(line).sort()

/** The one suite that every engine passes: hand-written cases, then generated plans compared with the reference. */
export function engineConformance(
  name: string,
  make: () => Engine,
  options: { gaps?: readonly DeclaredGap[]; takes?: (n: Node) => boolean; runs?: number; seed?: number } = {},
): void {
  const engine = make()
  const reference = createReferenceEngine()
  afterAll(() => engine.close())
  describe(`${name}: cases`, () => {
    for (const c of CASES) {
      const gap = options.gaps?.find((g) => g.case === c.name)
      test(gap ? `${c.name} (gap: ${gap.reason})` : c.name, async () => {
        const attempt = async () => {
          if (c.fails) {
            await expect(collect(engine, c.plan)).rejects.toMatchObject({ code: c.fails })
            return
          }
          const rows = await collect(engine, c.plan)
          if (c.ordered) expect(rows.map(line)).toEqual(c.gives?.map(line))
          else expect(asBag(rows)).toEqual(asBag(c.gives ?? []))
        }
        if (gap) await expect(attempt(), 'a declared gap passes now: remove it').rejects.toThrow()
        else await attempt()
      })
    }
  })
  test(`${name}: generated plans agree with the reference`, { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (root) => {
        if (options.takes && !options.takes(root)) return
        const want = await collect(reference, root)
        const got = await collect(engine, root)
        const ordered = root.op === 'sort' || root.op === 'limit'
        expect(ordered ? got.map(line) : asBag(got), printPlan(root)).toEqual(ordered ? want.map(line) : asBag(want))
      }),
      { numRuns: options.runs ?? 300, seed: options.seed ?? 20010101 },
    )
  })
}
