import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { checkExpectations } from '../../src/data/quality/check.ts'
import { expectations, expectOf } from '../../src/data/quality/expect.ts'
import type { Expected } from '../../src/data/quality/said.ts'
import { valueAt } from '../../src/engines/batch.ts'
import { testContext } from '../../src/engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../src/engines/duckdb/index.ts'
import { isGaps, type Sink } from '../../src/engines/engine.ts'
import { rowOf } from '../../src/plan/columns/column.ts'
import type { Literal } from '../../src/plan/expr.ts'
import { type Node, plan } from '../../src/plan/nodes.ts'
import { scan } from '../../src/plan/table.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'temp') })
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (n: Node, sink: Sink) => {
  const prepared = duckdb.prepare(plan(n))
  if (isGaps(prepared)) throw new Error('a gap')
  return prepared.run(testContext(), sink)
}
const collect = async (n: Node) => {
  const rows = []
  for await (const b of (await run(n, 'batches')).batches())
    for (let i = 0; i < b.rows; i++)
      rows.push(Object.fromEntries(b.columns.map((c, k) => [b.schema[k]?.name ?? '', valueAt(c, i)])))
  return rows
}

const COLUMNS = { id: 'int64', line: 'int64', city: 'string', price: 'float64', paid: 'float64' } as const
type Orders = typeof COLUMNS
const cities = ['Seoul', 'Busan', 'Jeju', '대전', 'P-1']
const rows: Literal[][] = Array.from({ length: 400 }, (_, i) => [
  i % 50 === 0 ? null : String(i % 390),
  String(i % 3),
  i % 11 === 0 ? null : (cities[i % 5] as string),
  i % 7 === 0 ? null : (i % 100) / 4,
  (i % 97) / 4,
])

/** One expectation in Galley's words and in the library's; `rows` where the library counts broken rows as we do. */
interface Pair {
  readonly ours: Expected
  readonly type: string
  readonly kwargs: Readonly<Record<string, unknown>>
  readonly rows: boolean
}

test('Great Expectations finds what Galley finds', { timeout: 300_000 }, async () => {
  const file = join(folder, 'orders.parquet')
  const t = scan({ kind: 'rows', rows }, COLUMNS)
  await run(t.node, { parquet: file })
  const stored = scan({ kind: 'parquet', files: [file] }, COLUMNS)
  const e = expectOf<Orders>(t.schema)
  const r = rowOf<Orders>(t.schema, 'expect')
  const pair = (ours: Expected, type: string, kwargs: Pair['kwargs'], rows = true): Pair => ({
    ours,
    type,
    kwargs,
    rows,
  })
  const shares = [1, 0.99, 0.9, 0.8, 0.5]
  const pairs: Pair[] = [
    ...shares.flatMap((mostly) => [
      pair(e.notNull(r.price, { mostly }), 'ExpectColumnValuesToNotBeNull', { column: 'price', mostly }),
      pair(e.range(r.price, { min: 2, max: 23, mostly }), 'ExpectColumnValuesToBeBetween', {
        column: 'price',
        min_value: 2,
        max_value: 23,
        mostly,
      }),
      pair(e.range(r.price, { min: 0, mostly }), 'ExpectColumnValuesToBeBetween', {
        column: 'price',
        min_value: 0,
        mostly,
      }),
      pair(e.oneOf(r.city, ['Seoul', 'Busan', '대전'], { mostly }), 'ExpectColumnValuesToBeInSet', {
        column: 'city',
        value_set: ['Seoul', 'Busan', '대전'],
        mostly,
      }),
      pair(e.pattern(r.city, '^[A-Z][a-z]+$', { mostly }), 'ExpectColumnValuesToMatchRegex', {
        column: 'city',
        regex: '^[A-Z][a-z]+$',
        mostly,
      }),
      pair(e.length(r.city, { min: 3, max: 5, mostly }), 'ExpectColumnValueLengthsToBeBetween', {
        column: 'city',
        min_value: 3,
        max_value: 5,
        mostly,
      }),
      pair(e.ordered(r.paid, r.price, { mostly }), 'ExpectColumnPairValuesAToBeGreaterThanB', {
        column_A: 'price',
        column_B: 'paid',
        or_equal: true,
        ignore_row_if: 'either_value_is_missing',
        mostly,
      }),
    ]),
    // the library counts every row of a value that stands twice, we those beyond the first
    pair(e.unique('id'), 'ExpectColumnValuesToBeUnique', { column: 'id' }, false),
    pair(e.unique('price'), 'ExpectColumnValuesToBeUnique', { column: 'price' }, false),
    pair(
      e.unique('id', 'line'),
      'ExpectCompoundColumnsToBeUnique',
      { column_list: ['id', 'line'], ignore_row_if: 'any_value_is_missing' },
      false,
    ),
    pair(
      e.unique('id', 'line', 'paid'),
      'ExpectCompoundColumnsToBeUnique',
      { column_list: ['id', 'line', 'paid'], ignore_row_if: 'any_value_is_missing' },
      false,
    ),
    pair(e.volume({ min: 400, max: 400 }), 'ExpectTableRowCountToBeBetween', { min_value: 400, max_value: 400 }, false),
    pair(e.volume({ min: 401 }), 'ExpectTableRowCountToBeBetween', { min_value: 401 }, false),
    pair(
      e.schema({ ...COLUMNS }, { order: true }),
      'ExpectTableColumnsToMatchOrderedList',
      { column_list: Object.keys(COLUMNS) },
      false,
    ),
  ]
  const list = expectations(pairs.map((p, i) => p.ours.titled(`${i} ${p.type}`)))
  const known = { started: 0, formerRows: [], former: undefined, aside: {} }
  const { verdicts } = await checkExpectations(stored.node, list, known, collect)
  const input = JSON.stringify({ file, expectations: pairs.map(({ type, kwargs }) => ({ type, kwargs })) })
  const told = execFileSync(python, [join(import.meta.dirname, 'quality.py')], {
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const theirs = JSON.parse(told.trim().split('\n').at(-1) ?? '[]') as [boolean, number | null][]
  const of = (passed: boolean | undefined, failed: number | null | undefined, p: Pair | undefined) => [
    p?.type,
    p?.kwargs['mostly'],
    passed,
    p?.rows ? failed : '–',
  ]
  expect(verdicts.map((v, i) => of(v.passed, v.failed, pairs[i]))).toEqual(
    theirs.map(([passed, failed], i) => of(passed, failed, pairs[i])),
  )
  expect(verdicts.some((v) => v.passed) && verdicts.some((v) => !v.passed)).toBe(true)
})
