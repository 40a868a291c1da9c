import { expect, test } from 'vitest'
import type { Schema } from '../plan/types.ts'
import { batchOf, type Value, valueAt } from './batch.ts'
import type { Relation } from './engine.ts'
import { canHold, hold } from './held.ts'
import { createLedger } from './ledger.ts'

const schema: Schema = [
  { name: 'n', type: 'int64', nullable: true },
  { name: 'x', type: 'float64', nullable: false },
  { name: 'yes', type: 'bool', nullable: true },
]
const row = (i: number): Record<string, Value> => ({
  n: i % 7 === 0 ? null : BigInt(i) * 3_000_000_000n,
  x: i / 3,
  yes: i > 70_000 && i % 3 === 0 ? null : i % 2 === 0,
})

test.each([0, 1, 2048, 65_536, 150_001])(
  '%d rows are held as they were, whole and by column, as often as asked',
  async (total) => {
    const cuts = [2048, 1, 700, 65_536, 3]
    let closed = false
    const source: Relation = {
      place: 'host',
      schema,
      rows: total,
      async *batches() {
        for (let at = 0, k = 0; at < total; k++) {
          const n = Math.min(cuts[k % cuts.length] as number, total - at)
          yield batchOf(
            schema,
            Array.from({ length: n }, (_, i) => row(at + i)),
          )
          at += n
        }
      },
      close: () => void (closed = true),
    }
    const ledger = createLedger()
    const held = await hold(source, ledger)
    expect([held.rows, closed]).toEqual([total, true])
    expect(ledger.total().copied).toBeGreaterThanOrEqual(total * (8 + 8 + 1))
    for (const names of [undefined, ['yes', 'n']]) {
      let at = 0
      for await (const batch of held.batches(names)) {
        expect(batch.schema.map((f) => f.name)).toEqual(names ?? ['n', 'x', 'yes'])
        for (let i = 0; i < batch.rows; i++, at++) {
          const want = row(at)
          const wrong = batch.schema.filter(
            (f, c) => valueAt(batch.columns[c] as (typeof batch.columns)[number], i) !== want[f.name],
          )
          if (wrong.length > 0) expect([at, wrong]).toEqual([])
        }
      }
      expect(at).toBe(total)
    }
  },
)

test('what has no fixed width is not held', () => {
  expect(canHold(schema)).toBe(true)
  expect(canHold([...schema, { name: 's', type: 'string', nullable: true }])).toBe(false)
})
