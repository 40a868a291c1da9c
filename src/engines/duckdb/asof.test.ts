import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agg, col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { collect, testContext } from '../conformance/compare.ts'
import { createDuckdbEngine } from './index.ts'

const folder = join(tmpdir(), `galley-asof-${process.pid}`)
const engine = createDuckdbEngine({ memoryMiB: 512, threads: 2, temp: folder })
const [left, right] = [join(folder, 'left.parquet'), join(folder, 'right.parquet')]

/** Rows on each side: enough that DuckDB sorts both and merges them. */
const ROWS = 20_000
const KEYS = 7
const OVER = 500
/** Row `i` of the left side has moment `i`, or none; row `j` of the right side too, with `v = j`. */
const keyOf = (i: number, every: number) => (i % every === 0 ? null : `k${i % KEYS}`)
const momentOf = (i: number, every: number) => (i % every === 0 ? null : i)

beforeAll(async () => {
  mkdirSync(folder, { recursive: true })
  const side = (file: string, names: readonly string[], noKey: number, noMoment: number) =>
    `COPY (SELECT i AS ${names[0]}, CASE WHEN i % ${noKey} <> 0 THEN 'k' || (i % ${KEYS}) END AS ${names[1]},
      CASE WHEN i % ${noKey} <> 0 THEN i % 2 END AS ${names[2]}, CASE WHEN i % ${noMoment} <> 0 THEN make_timestamp(i) END AS ${names[3]}
      FROM range(${ROWS}) t(i)) TO '${file}' (FORMAT parquet)`
  await engine.session(testContext(), async (query) => {
    await query(side(left, ['i', 'k', 'l', 't'], 11, 3))
    await query(side(right, ['v', 'rk', 'rl', 'rt'], 13, 5))
  })
})
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const scan = (file: string, names: readonly [string, string, string, string]): Node => {
  const types = ['int64', 'string', 'int64', 'timestamp'] as const
  const schema: Schema = names.map((name, i) => ({ name, type: types[i] ?? 'int64', nullable: true }))
  return build({ op: 'scan', from: { kind: 'parquet', files: [file] }, schema })
}
const probes = () => scan(left, ['i', 'k', 'l', 't'])
const events = () => scan(right, ['v', 'rk', 'rl', 'rt'])

/** The right rows that count for left row `i`, the latest first, by a look at each. */
function before(i: number, two: boolean, within: number): number[] {
  const [key, at] = [keyOf(i, 11), momentOf(i, 3)]
  const found: number[] = []
  if (key === null || at === null) return found
  for (let j = at - 1; j >= 0 && j >= at - within; j--)
    if (momentOf(j, 5) !== null && keyOf(j, 13) === key && (!two || j % 2 === i % 2)) found.push(j)
  return found
}

const by = (two: boolean) => [['k', 'rk'], ...(two ? [['l', 'rl']] : [])] as [string, string][]

test.each([
  ['one key', false, undefined],
  ['two keys', true, undefined],
  ['one key, and how old it may be', false, 4],
  ['two keys, and how old it may be', true, 9],
])('the latest row of many, with moments and keys missing on both sides: %s', async (_, two, within) => {
  const n = build({ op: 'asof', left: probes(), right: events(), by: by(two), at: 't', on: 'rt', ...(within ? { within } : {}) }) // biome-ignore format: one line
  const rows = await collect(engine, build({ op: 'select', input: n, columns: [['i', col('i')], ['v', col('v')]] })) // biome-ignore format: one line
  expect(rows.length).toBe(ROWS)
  const wrong = rows.filter(([i, v]) => {
    const [want] = before(Number(i), two, within ?? 200)
    return v !== (want === undefined ? null : BigInt(want))
  })
  expect(wrong).toEqual([])
})

test.each<[string, boolean, Agg]>([
  ['counted', false, { fn: 'count', arg: null }],
  ['counted, by two keys', true, { fn: 'count', arg: null }],
  ['its largest', false, { fn: 'max', arg: col('v') }],
  ['its largest, by two keys', true, { fn: 'max', arg: col('v') }],
])('a window over many, with moments and keys missing on both sides: %s', async (_, two, agg) => {
  const window = build({ op: 'rolling', input: events(), by: two ? ['rk', 'rl'] : ['rk'], on: 'rt', over: OVER, aggs: [['a', agg]] }) // biome-ignore format: one line
  const n = build({ op: 'asof', left: probes(), right: window, by: by(two), at: 't', on: 'rt' })
  const rows = await collect(engine, build({ op: 'select', input: n, columns: [['i', col('i')], ['a', col('a')]] })) // biome-ignore format: one line
  expect(rows.length).toBe(ROWS)
  const wrong = rows.filter(([i, a]) => {
    const inside = before(Number(i), two, OVER)
    const [largest] = inside
    return a !== (agg.fn === 'count' ? BigInt(inside.length) : largest === undefined ? null : BigInt(largest))
  })
  expect(wrong).toEqual([])
})
