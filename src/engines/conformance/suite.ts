import { afterAll, describe, expect, test } from 'vitest'
import { call, col, lit } from '../../plan/expr.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { type Engine, isGaps } from '../engine.ts'
import { CASES } from './cases/index.ts'
import { asBag, collect, comparePlans, line, testContext } from './compare.ts'
import { rowsOf } from './vectors.ts'

/** A case that an engine can't pass. It runs all the same and must fail: one that starts to pass fails the suite. */
export interface DeclaredGap {
  readonly case: string
  readonly kind: 'todo' | 'impossible'
  readonly reason: string
}

/** The one suite that every engine passes: hand-written cases, then generated plans compared with the reference. */
export function engineConformance(
  name: string,
  make: () => Engine,
  options: { gaps?: readonly DeclaredGap[]; takes?: (n: Node) => boolean; runs?: number; seed?: number } = {},
): void {
  const engine = make()
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
  test(`${name}: batches have the columns that are asked for, and rows where none is`, async () => {
    const ROWS = 3000
    const input = rowsOf(
      { i: 'int64', s: 'string' },
      Array.from({ length: ROWS }, (_, i) => [String(i), `s${i}`]),
    )
    const some = build({ op: 'filter', input, predicate: call('ge', col('i'), lit('1000', 'int64')) })
    const prepared = engine.prepare(plan(some))
    if (isGaps(prepared)) throw new Error(`gap: ${JSON.stringify(prepared)}`)
    const relation = await prepared.run(testContext(), 'batches')
    for (const wanted of [[], ['s'], ['s', 'i']]) {
      let rows = 0
      for await (const batch of relation.batches(wanted)) {
        expect(batch.schema.map((f) => f.name)).toEqual(wanted)
        expect(batch.columns.map((c) => c.length)).toEqual(wanted.map(() => batch.rows))
        rows += batch.rows
      }
      expect(rows).toBe(ROWS - 1000)
    }
    relation.close()
  })
  const runs = options.runs ?? 1000
  const seed = options.seed ?? 20010101
  test(`${name}: ${runs} generated plans agree with the reference (seed ${seed})`, { timeout: 240_000 }, async () => {
    await comparePlans(engine, { runs, seed, takes: options.takes })
  })
}
