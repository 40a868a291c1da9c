import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Value, valueAt } from '../../engines/batch.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { type Engine, isGaps } from '../../engines/engine.ts'
import { createLedger } from '../../engines/ledger.ts'
import { createReferenceEngine } from '../../engines/reference/index.ts'
import { rowOf } from '../../plan/columns/column.ts'
import { hours } from '../../plan/durations.ts'
import type { Literal } from '../../plan/expr.ts'
import { type Node, plan } from '../../plan/nodes.ts'
import { scan, type Table } from '../../plan/table.ts'
import { rejectedRows } from '../datasets/rejections.ts'
import { type Circumstances, checkExpectations } from './check.ts'
import { expectations, expectOf } from './expect.ts'
import type { Verdict } from './expectation.ts'
import { withQuarantine } from './quarantine.ts'
import type { Expect, Expected } from './said.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-quality-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: folder })
const engines: readonly Engine[] = [duckdb, createReferenceEngine()]
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const ctx = { scope: { workspace: 'w', caller: 'test' }, signal: new AbortController().signal, ledger: createLedger() }
const collectOn = (engine: Engine) => async (n: Node) => {
  const prepared = engine.prepare(plan(n))
  if (isGaps(prepared)) throw new Error(JSON.stringify(prepared))
  const rows: Record<string, Value>[] = []
  for await (const batch of (await prepared.run(ctx, 'batches')).batches())
    for (let i = 0; i < batch.rows; i++)
      rows.push(Object.fromEntries(batch.columns.map((c, k) => [batch.schema[k]?.name ?? '', valueAt(c, i)])))
  return rows
}

const ORDERS = {
  id: 'int64',
  line: 'int32',
  city: 'string',
  price: 'float64',
  paid: 'float64',
  tax: 'float64',
  at: 'timestamp',
} as const
type Orders = typeof ORDERS
const AT = Date.UTC(2026, 0, 2)
const micros = (hour: number) => String((AT + hour * 3_600_000) * 1000)
const rows: Literal[][] = [
  ['1', 1, 'Seoul', 10, 12, 2, micros(-30)],
  ['1', 2, 'Busan', 20, 21, 1, micros(-20)],
  ['2', 1, 'Seoul', null, 5, 1, micros(-10)],
  ['2', 1, 'Jeju', 5, 4, 1, micros(-5)],
  [null, 1, null, -1, null, 0, micros(-4)],
]
const from = (list: Literal[][]): Table<Orders> => scan({ kind: 'rows', rows: list }, ORDERS)
const KNOWN: Circumstances = { started: AT, formerRows: [], former: undefined, aside: {} }

const checkOn = async (
  engine: Engine,
  t: Table<Orders>,
  say: (r: ReturnType<typeof rowOf<Orders>>, e: Expect<Orders>) => readonly Expected[],
  known: Partial<Circumstances> = {},
): Promise<readonly Verdict[]> => {
  const list = expectations(say(rowOf<Orders>(t.schema, 'expect'), expectOf<Orders>(t.schema)))
  return (await checkExpectations(t.node, list, { ...KNOWN, ...known }, collectOn(engine))).verdicts
}
const told = (v: readonly Verdict[]) => v.map((x) => [x.title, x.passed, x.failed, x.rows])

describe.each(engines)('expectations on $name', (engine) => {
  const check = (
    say: (r: ReturnType<typeof rowOf<Orders>>, e: Expect<Orders>) => readonly Expected[],
    known: Partial<Circumstances> = {},
    list = rows,
  ) => checkOn(engine, from(list), say, known)

  test('of rows: nulls are good where nothing is said of them, and mostly counts those asked about', async () => {
    const verdicts = await check((r, e) => [
      e.notNull(r.price),
      e.notNull(r.price, { mostly: 0.8 }),
      e.range(r.price, { min: 0 }),
      e.range(r.price, { min: 0, mostly: 0.75 }),
      e.range(r.price, { min: 0, mostly: 0.76 }),
      e.oneOf(r.city, ['Seoul', 'Busan']),
      e.pattern(r.city, '^[A-Z][a-z]+$'),
      e.length(r.city, { min: 5, max: 6 }),
      e.ordered(r.price, r.paid),
      e.sum([r.price, r.tax], r.paid, { tolerance: 0.5 }),
      e.that('whole lines', r.line.gt(0)),
    ])
    expect(told(verdicts)).toEqual([
      ['price is not null', false, 1, 5],
      ['price is not null, in 80 % of the rows', true, 1, 5],
      ['price is at least 0', false, 1, 5],
      ['price is at least 0, in 75 % of the rows', true, 1, 4],
      ['price is at least 0, in 76 % of the rows', false, 1, 4],
      ['city is one of Seoul, Busan', false, 1, 5],
      ['city matches ^[A-Z][a-z]+$', true, 0, 5],
      ['city has 5 to 6 characters', false, 1, 5],
      ['price ≤ paid', false, 1, 5],
      ['price + tax = paid', false, 1, 5],
      ['whole lines', true, 0, 5],
    ])
  })

  test('keys of one column and of several; a null breaks a key alone', async () => {
    const verdicts = await check((_, e) => [e.unique('id'), e.unique('id', 'line'), e.key('id'), e.unique('at')])
    expect(told(verdicts)).toEqual([
      ['id is unique', false, 2, 4],
      ['id, line are unique', false, 1, 4],
      ['id is the key', false, 3, 5],
      ['at is unique', true, 0, 5],
    ])
    expect(verdicts[1]?.examples).toHaveLength(2)
    expect(verdicts[1]?.examples?.[0]).toContain('id=2, line=1')
  })

  test('what is referred to is joined in the same plan, however often it stands there', async () => {
    const cities = scan({ kind: 'rows', rows: [['Seoul'], ['Seoul'], ['Busan'], [null]] }, { name: 'string' })
    const verdicts = await check((_, e) => [
      e.references('city', cities, 'name'),
      e.references('city', cities, 'name', { mostly: 0.75 }).titled('most cities are known'),
    ])
    expect(told(verdicts)).toEqual([
      ['city is in name of another table', false, 1, 4],
      ['most cities are known', true, 1, 4],
    ])
    // what is asked about, and no other column of the row
    expect(verdicts[0]?.examples).toEqual(['city=Jeju'])
  })

  test('of the table: how fresh, how many, which columns', async () => {
    const verdicts = await check(
      (_, e) => [
        e.fresh('at', hours(4)),
        e.fresh('at', hours(3)),
        e.volume({ min: 5, max: 5 }),
        e.volume({ min: 6 }),
        e.volume({ change: 0.5 }),
        e.volume({ change: 0.4 }).warn(),
        e.schema({ ...ORDERS }),
        e.schema({ id: 'int64', city: 'int64', note: 'string' }, { extra: true }),
        e.schema({ id: 'int64' }).titled('only an id'),
      ],
      { formerRows: [10, 9, 11] },
    )
    expect(verdicts.map((v) => v.passed)).toEqual([true, false, true, false, true, false, true, false, false])
    expect(verdicts[1]?.found).toBe('the newest is 4 h old')
    expect(verdicts[5]).toMatchObject({ severity: 'warn', found: '5 rows, 10 in the middle of the last 3' })
    expect(verdicts[7]?.found).toBe("'city' is a string, not a int64; 'note' is missing")
    expect(verdicts[8]?.found).toContain("'city', 'price'")
  })

  test('distributed as before: by tenths, along a column, by name', async () => {
    const many = (shift: number, seoul: number): Literal[][] =>
      Array.from({ length: 400 }, (_, i) => [
        String(i),
        1,
        i % 10 < seoul ? 'Seoul' : 'Busan',
        i + shift,
        1,
        1,
        micros(-1),
      ])
    const say = (_: unknown, e: Expect<Orders>) => [
      e.steady('price'),
      e.steady('price', { measure: 'ks' }),
      e.steady('city', { measure: 'chi2' }),
      e.steady('at', { measure: 'ks' }),
    ]
    const same = await check(say, { former: from(many(0, 5)).node }, many(2, 5))
    expect(same.map((v) => v.passed)).toEqual([true, true, true, true])
    const other = await check(say, { former: from(many(0, 5)).node }, many(200, 8))
    expect(other.map((v) => v.passed)).toEqual([false, false, false, true])
    expect(other[1]?.measured).toBeCloseTo(0.5, 1)
    expect(other[0]?.found).toContain('most at > 359')
    const first = await check(say)
    expect(first[0]).toMatchObject({ passed: true, found: 'there is no version before to compare with' })
  })

  test('set aside: every row goes by the first that it breaks, the rest of the table holds', async () => {
    const t = from(rows)
    const cities = scan({ kind: 'rows', rows: [['Seoul'], ['Busan']] }, { name: 'string' })
    const list = expectations([
      expectOf<Orders>(t.schema).range(rowOf<Orders>(t.schema, 'x').price, { min: 0 }).quarantine(),
      expectOf<Orders>(t.schema).references('city', cities, 'name').quarantine(),
      expectOf<Orders>(t.schema).unique('id').quarantine(),
    ])
    const kept = withQuarantine(t.node, list)
    expect(kept.schema).toEqual(t.schema)
    const collect = collectOn(engine)
    expect((await collect(kept)).map((r) => r['id'])).toEqual(expect.arrayContaining([1n, 2n]))
    const aside = await collect(rejectedRows(kept) as Node)
    expect(aside.map((r) => r['reason']).sort()).toEqual([
      'city is in name of another table',
      'id is unique',
      'price is at least 0',
    ])
    expect(aside.map((r) => String(r['row'])).filter((row) => row.includes('__'))).toEqual([])
    const counts = { 'city is in name of another table': 1, 'id is unique': 1, 'price is at least 0': 1 }
    const { verdicts } = await checkExpectations(kept, list, { ...KNOWN, aside: counts }, collect)
    expect(told(verdicts).map(([, ...rest]) => rest)).toEqual([
      [true, 1, 3],
      [true, 1, 3],
      [true, 1, 3],
    ])
  })

  test('more set aside than mostly allows does not pass', async () => {
    const say = (r: ReturnType<typeof rowOf<Orders>>, e: Expect<Orders>) => [
      e.range(r.price, { min: 0, mostly: 0.7 }).quarantine(),
      e.range(r.price, { min: 0, mostly: 0.9 }).titled('strict').quarantine(),
    ]
    const verdicts = await check(
      say,
      { aside: { 'price is at least 0, in 70 % of the rows': 1, strict: 1 } },
      rows.slice(0, 4),
    )
    expect(verdicts.map((v) => v.passed)).toEqual([true, false])
  })

  test('a table without rows: what asks about rows holds', async () => {
    const verdicts = await check(
      (r, e) => [e.notNull(r.id), e.key('id'), e.fresh('at', hours(1)), e.volume({ min: 1 })],
      {},
      [],
    )
    expect(verdicts.map((v) => v.passed)).toEqual([true, true, false, false])
  })
})
