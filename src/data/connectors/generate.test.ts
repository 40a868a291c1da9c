import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { days, minutes, seconds } from '../../plan/durations.ts'
import { connectorConformance } from './conformance.ts'
import type { SourceSpec } from './connector.ts'
import { type ValueMaker, values } from './generate/makers.ts'
import { rowsOf } from './generate/sql.ts'
import { generate, generateConnector } from './generate.ts'
import { snapshotContext } from './testing/context.ts'
import type { Cells, Columns } from './testing/rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-generate-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Tables of the suite, by place: each column as the values that come again and again, or as the numbers from 0. */
const tables = new Map<string, { columns: Columns; rows: Cells }>()
function makerOf(type: Columns[string], cells: readonly (string | null)[]): ValueMaker {
  if (type === 'int64' && cells.length > 100 && cells.every((v, i) => v === String(i)))
    return values.sequence({ start: 0 })
  let period = 1
  while (cells.some((v, i) => v !== cells[i % period])) period++
  return values.cycle(type, cells.slice(0, period))
}
connectorConformance('generate', {
  connector: generateConnector,
  place: (name) => name,
  spec(path, columns): SourceSpec {
    const table = tables.get(path)
    if (!table) return { connector: 'generate', path, columns, options: {} }
    const entries = Object.entries(table.columns)
    const made = entries.map(
      ([n, type], i) =>
        [
          n,
          makerOf(
            type,
            table.rows.map((r) => r[i] ?? null),
          ),
        ] as const,
    )
    return { ...generate(path, { rows: table.rows.length, columns: Object.fromEntries(made) }), columns }
  },
  async write(path, columns, rows) {
    tables.set(path, { columns, rows })
  },
})

const query = <T = Record<string, unknown>>(sql: string) =>
  engine.session(testContext(), (run) => run(sql)) as Promise<T[]>
const customers = generate('customers', {
  rows: 1000,
  seed: 7,
  columns: { id: values.pattern('C-####-??'), name: values.koreanName(), address: values.koreanAddress() },
})
const orders = generate('orders', {
  rows: 20_000,
  seed: 7,
  columns: {
    id: values.sequence({ start: 100, step: 2 }),
    customer: values.references(customers, 'id'),
    n: values.uniform('int64', { min: -5, max: 5 }),
    price: values.uniform('decimal(9, 2)', { min: 0.5, max: 99.99 }),
    share: values.uniform('float64', { min: 2, max: 3 }),
    z: values.normal({ mean: 10, sd: 2 }),
    city: values.choice(['서울', '부산', "대'구"], { weights: [8, 0, 2], nulls: 0.1 }),
    size: values.choice([1, 2, 3]),
    paid: values.chance(0.25),
    at: values.times({ start: '2026-01-01 00:00:00', every: minutes(1), jitter: seconds(59) }),
    day: values.times({ start: '2026-01-01', every: days(1), as: 'date' }),
  },
})
const made = (spec: SourceSpec, from = 0, to = Number(spec.options['rows']), only?: readonly string[]) => {
  const { seed, columns } = spec.options as unknown as { seed: number; columns: Record<string, ValueMaker> }
  return rowsOf({ name: spec.path, seed, columns }, spec.columns, [from, to], only)
}

test('parts that are made apart, in any order, are the rows that all together are', async () => {
  const whole = await query(`${made(orders)}`)
  expect(whole.length).toBe(20_000)
  const cuts = [0, 1, 333, 9_999, 19_999, 20_000]
  const parts: Record<string, unknown>[][] = []
  for (let i = cuts.length - 1; i > 0; i--) parts[i - 1] = await query(made(orders, cuts[i - 1], cuts[i]))
  expect(parts.flat()).toEqual(whole)
  const again = { ...orders, options: { ...orders.options, seed: 8 } }
  expect((await query(made(again)))[5]).not.toEqual(whole[5])
})

/** murmur3's finaliser over the low word of a row and a word of its stream, then over that, the high word and another. */
function draw(stream: readonly (string | number)[], row: number): number {
  const words = createHash('sha256').update(stream.join('\0')).digest()
  const finalise = (h: number) => {
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    return (h ^ (h >>> 16)) >>> 0
  }
  const low = finalise(((row >>> 0) ^ words.readUInt32BE(0)) >>> 0)
  return finalise((low ^ Math.floor(row / 2 ** 32) ^ words.readUInt32BE(4)) >>> 0)
}
const wide = (stream: readonly (string | number)[], row: number) =>
  (draw([...stream, 'a'], row) >>> 5) * 2 ** 26 + (draw([...stream, 'b'], row) >>> 6)

test('values are those of the formula, in plain JavaScript, also far down', async () => {
  for (const from of [0, 2 ** 33 + 5]) {
    const rows = await query(made(orders, from, from + 300, ['id', 'n', 'price', 'share', 'paid', 'city']))
    for (const [i, r] of rows.entries()) {
      const u = (column: string) => wide(['orders', 7, column, 'value'], from + i) / 2 ** 53
      expect(r['id']).toBe(String(100 + 2 * (from + i)))
      expect(r['n']).toBe(String(-5 + Math.floor(u('n') * 11)))
      expect(r['share']).toBe(2 + u('share'))
      expect(Number(r['price'])).toBeCloseTo((50 + Math.floor(u('price') * 9950)) / 100, 9)
      expect(r['paid']).toBe(u('paid') < 0.25)
      const isNull = draw(['orders', 7, 'city', 'null'], from + i) < Math.round(0.1 * 2 ** 32)
      expect(r['city']).toBe(isNull ? null : u('city') < 0.8 ? '서울' : "대'구")
    }
  }
})

test('values are spread as they are said to be', async () => {
  const [s = {}] = await query(
    `SELECT count(DISTINCT id) AS ids, min(n) AS least, max(n) AS most, min(price)::DOUBLE AS low, max(price)::DOUBLE AS high, avg(z) AS mean, stddev(z) AS sd,
     count(*) FILTER (WHERE city IS NULL) AS nulls, count(*) FILTER (WHERE city = '서울') AS seoul, count(*) FILTER (WHERE city = '부산') AS none,
     count(*) FILTER (WHERE paid) AS paid, count(DISTINCT size) AS sizes, max(day) AS last, count(DISTINCT customer) AS customers FROM (${made(orders)})`,
  )
  const within = (value: unknown, from: number, to: number) => {
    expect(Number(value)).toBeGreaterThanOrEqual(from)
    expect(Number(value)).toBeLessThanOrEqual(to)
  }
  expect([s['ids'], s['least'], s['most'], s['sizes'], s['none']]).toEqual(['20000', '-5', '5', '3', '0'])
  within(s['low'], 0.5, 0.6)
  within(s['high'], 99.9, 99.99)
  within(s['mean'], 9.94, 10.06)
  within(s['sd'], 1.95, 2.05)
  within(s['nulls'], 1850, 2150)
  within(s['seoul'], 14_100, 14_700)
  within(s['paid'], 4800, 5200)
  expect(s['last']).toBe('2080-10-03')
  // each order is of a customer that there is
  const [lost] = await query(
    `SELECT count(*) AS n FROM (${made(orders)}) ANTI JOIN (${made(customers)}) AS c ON customer = c.id`,
  )
  expect(lost).toEqual({ n: '0' })
  within(s['customers'], 980, 1000)
  const [one] = await query<{ id: string; name: string; address: string }>(made(customers, 0, 1))
  expect(one?.id).toMatch(/^C-\d{4}-[A-Z]{2}$/)
  expect(one?.name).toMatch(/^[가-힣]{3}$/)
  expect(one?.address).toMatch(/^[가-힣]+시 [가-힣]+구 [가-힣]+(로|길) \d+$/)
})

test('streams: of many rows none is held; it stops when it is asked to', { timeout: 120_000 }, async () => {
  const spec = generate('many', { rows: 5_000_000, columns: { id: values.sequence(), n: values.uniform('int32', { min: 0, max: 9 }) } }) // biome-ignore format: one line
  const run = (name: string, signal: AbortSignal) =>
    engine.session({ ...testContext(), signal }, (q) => {
      const at = join(folder, name)
      mkdirSync(at)
      const done: number[] = []
      const progress = ({ done: n }: { done: number }) => void done.push(n)
      return generateConnector
        .snapshot(spec, 'many', snapshotContext(q, at, { progress, signal }))
        .then((got) => ({ got, done }))
    })
  const before = process.memoryUsage().rss
  const { got, done } = await run('whole', new AbortController().signal)
  expect([got.rows, got.files.length, done]).toEqual([5_000_000, 3, [2_000_000, 4_000_000, 5_000_000]])
  expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20)
  const list = got.files.map((f) => `'${f}'`).join(', ')
  const [all] = await query(
    `SELECT count(*) AS n, count(DISTINCT id) AS ids, max(id) AS last FROM read_parquet([${list}])`,
  )
  expect(all).toEqual({ n: '5000000', ids: '5000000', last: '5000000' })
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 100)
  await expect(run('stopped', controller.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('what can not be generated is refused where it is declared', () => {
  const refused = (work: () => unknown) => expect(work).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
  refused(() => generate('x', { rows: 0, columns: {} }))
  refused(() => generate('x', { rows: 1.5, columns: {} }))
  refused(() => values.uniform('int32', { min: 0, max: 2 ** 31 }))
  refused(() => values.uniform('int64', { min: 3, max: 2 }))
  refused(() => values.uniform('int64', { min: 0.5, max: 2 }))
  refused(() => values.choice(['a', 'b'], { weights: [1] }))
  refused(() => values.choice([1.5]))
  refused(() => values.times({ start: 'yesterday', every: days(1) }))
  refused(() => values.chance(1.1))
  refused(() => values.sequence({ nulls: 2 }))
  refused(() => values.references(customers, 'ids' as never))
  refused(() => values.pattern(''))
})
