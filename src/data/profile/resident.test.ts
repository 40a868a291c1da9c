import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runPlan } from '../../engines/plans.ts'
import { call, col, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { differences } from './conformance.ts'
import { type ProfileOptions, profile } from './profile.ts'
import { access, close, context, duckdb, folder, inBatches, onDevice, type Told, tableOf } from './testing.ts'

afterAll(close)

let files = 0
const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const mixed = (i: number) => Math.sin(i * 3.7) * 1000

describe.each([
  ['the batch engine', inBatches],
  ['the device', onDevice],
] as const)('asked of %s', (_, way) => {
  const same = async (given: Node, total: number, sample: number, options: ProfileOptions = {}): Promise<Told> => {
    const file = join(folder, `${files++}.parquet`)
    await runPlan({ ...context(), duckdb }, given, { parquet: file })
    const table = build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema: given.schema })
    const here = await profile(table, access, options)
    const there = await way(table, total, sample, options)
    expect(here.rows).toBe(total)
    expect(differences(there.found, here, { sampled: total <= sample })).toEqual([])
    return there
  }

  test('numbers, truth, words and moments, few and many, with a target, parts and a calendar', async () => {
    const n = 5500
    const ids = range(n)
    const table = tableOf({
      same: ['float64', ids.map((i) => mixed(i % 4500))],
      own: ['float64', ids.map((i) => (i % 7 === 0 ? null : mixed(i)))],
      i: ['int64', ids.map((i) => String(Math.round(mixed(i) / 100)))],
      b: ['bool', ids.map((i) => (i % 11 === 0 ? null : mixed(i * 2) > 100))],
      s: ['string', ids.map((i) => (i % 13 === 0 ? null : ` w${i % 10} `))],
      t: ['timestamp', ids.map((i) => String(i * 60_000_000))],
      late: ['bool', ids.map((i) => mixed(i % 4500) + mixed(i * 5) > 100)],
    })
    const parts = { first: call('lt', col('i'), lit('0', 'int64')) }
    const { elsewhere } = await same(table, n, 1000, { target: 'late', parts, calendar: 't' })
    expect(elsewhere).toEqual([])
  }, 120_000)

  test('hostile columns: nothing there, NaN and infinities, one value, beyond 2⁵³, the largest doubles', async () => {
    const n = 5500
    const ids = range(n)
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, 0, -0]
    const table = tableOf({
      none: ['float64', []],
      noWord: ['string', []],
      noTime: ['timestamp', []],
      few: ['float64', ids.map((i) => odd[i % odd.length])],
      many: ['float64', ids.map((i) => (i % 50 < 3 ? odd[i % odd.length] : mixed(i)))],
      huge: ['float64', ids.map((i) => mixed(i) * 1e304)],
      one: ['int64', ids.map(() => '7')],
      big: ['int64', ids.map((i) => String(9007199254740993n + BigInt(i) * 1000n))],
      bigger: ['int64', ids.map((i) => String(i % 2 === 0 ? 9223372036854775807n : -9223372036854775808n))],
      day: ['date', ids.map((i) => i % 4000)],
      yes: ['bool', ids.map(() => true)],
      y: ['float64', ids.map((i) => (i % 10 < 6 ? odd[i % 6] : mixed(i * 2)))],
    })
    await same(table, n, 500, { target: 'y' })
  }, 120_000)

  test('ten thousand words come with their counts; a table that is no larger than the sample comes whole', async () => {
    const words = range(12_000).map((i) => `${i % 10_000} ${'ab가'.repeat(i % 5)}`)
    await same(tableOf({ words: ['string', words] }), 12_000, 1000)
    const few = { i: 'int64', f: 'float64', s: 'string', b: 'bool', t: 'timestamp', d: 'date' } as const
    const of = (rows: number) =>
      tableOf(
        Object.fromEntries(
          Object.entries(few).map(([name, type]) => [
            name,
            [type, range(rows).map((i) => ({ int64: String(i), float64: i / 2, string: `s${i}`, bool: i % 2 === 0, timestamp: String(i * 1e6), date: i })[type])] as const,
          ]),
        ),
      ) // biome-ignore format: one line
    await same(of(1), 1, 100, { target: 'b' })
    await same(of(40), 40, 100, { target: 'b' })
    await same(of(0), 0, 100, { target: 'b' })
  }, 120_000)

  test('what is not computed there is read of the table, and named', async () => {
    const ids = range(300)
    const table = tableOf({
      a: ['string', ids.map((i) => `a${i % 7}`)],
      list: ['bytes', ids.map((i) => (i % 3 === 0 ? null : '00ff'))],
      x: ['int64', ids.map((i) => String(i % 50))],
      late: ['bool', ids.map((i) => i % 3 === 0)],
    })
    const { elsewhere } = await same(table, 300, 100, { target: 'late' })
    expect(elsewhere).toEqual(['list'])
  }, 60_000)
})
