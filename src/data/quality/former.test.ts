import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { rowsOf } from '../../engines/plans.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { fieldOf, parseType } from '../../plan/types.ts'
import { keptFile } from '../datasets/files.ts'
import { mergedSketch } from '../datasets/sketches/version.ts'
import { scanFiles, type Version } from '../datasets/version.ts'
import { RANK_ERROR } from '../profile/sketch/ranks.ts'
import type { Measure } from './expectation.ts'
import { binAggs, binCounts, type FormerSketch, formerOf } from './former.ts'

const ROWS = 40_000
const folder = mkdtempSync(join(tmpdir(), 'galley-former-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(folder, 'spill') })
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const COLUMNS = {
  whole: ['int64', '(hash(i) % 5000)::BIGINT'],
  gaps: ['float64', 'CASE WHEN i % 9 = 0 THEN NULL WHEN i % 10 = 0 THEN \'NaN\'::DOUBLE ELSE exp(hash(i) % 100 / 10.0) END'],
  price: ['decimal(9, 2)', '((hash(i) % 100000) / 100.0)::DECIMAL(9, 2)'],
  at: ['timestamp', "TIMESTAMP '2026-01-01' + to_seconds(hash(i) % 8000000)"],
  day: ['date', "DATE '2026-01-01' + (hash(i) % 300)::INTEGER"],
  took: ['duration', '(hash(i) % 90000000)::BIGINT'],
  few: ['int32', '(i % 3)::INTEGER'],
  none: ['float64', 'NULL::DOUBLE'],
  huge: ['float64', "CASE WHEN i % 50 = 0 THEN '-Infinity'::DOUBLE ELSE i END"],
  word: ['string', "'w' || (i % 40)"],
} as const // biome-ignore format: one line
type Name = keyof typeof COLUMNS

let version: Version
let rows: Node
beforeAll(async () => {
  const schema = Object.entries(COLUMNS).map(([name, [type]]) => ({ name, type: parseType(type), nullable: true }))
  const columns = Object.entries(COLUMNS).map(([name, [, sql]]) => `${sql} AS ${name}`)
  const files = []
  for (const part of [0, 1, 2]) {
    const path = join(folder, `part-${part}.parquet`)
    await duckdb.session(testContext(), (query) =>
      query(`COPY (SELECT ${columns.join(', ')} FROM range(${ROWS}) t(i) WHERE i % 3 = ${part}) TO '${path}' (FORMAT parquet)`),
    ) // biome-ignore format: one line
    const count = Math.floor((ROWS - part + 2) / 3)
    files.push({ ...(await keptFile(path)), path: `part-${part}.parquet`, rows: count })
  }
  version = { folder, manifest: { name: 'former', files, schema, rows: ROWS } } as unknown as Version
  rows = scanFiles(files, folder, schema)
})

const collect = (n: Node) => rowsOf({ ...testContext(), duckdb }, n)
const sketch = async (column: string): Promise<FormerSketch | undefined> => {
  const own = (await mergedSketch({ ...testContext(), duckdb }, version)).columns.get(column)
  return own && { rows: ROWS, column: own }
}
const of = (column: Name, measure: Measure, limit = 0.1) =>
  formerOf(rows, fieldOf(rows.schema, column, 'steady'), { measure, limit }, collect, sketch)

test.each<Name>(['whole', 'gaps', 'price', 'at', 'day', 'took', 'few', 'none'])(
  'a sketch says how %s was distributed, within what it may be off',
  async (column) => {
    for (const measure of ['ks', 'psi'] as const) {
      const was = (await of(column, measure)) ?? expect.unreachable()
      expect(was.error ?? 0).toBe(column === 'none' ? 0 : RANK_ERROR)
      // the same bins, counted in the rows
      const aggs = binAggs(fieldOf(rows.schema, column, 'steady'), was.bins).map((a, i) => [`b${i}`, a] as const)
      const [found] = await collect(build({ op: 'aggregate', input: rows, by: [], aggs }))
      const counts = binCounts(was.bins, aggs.map(([name]) => Number(found?.[name] ?? 0)), ROWS) // biome-ignore format: one line
      expect(was.counts.length).toBe(counts.length)
      expect(was.counts.at(-1)).toBe(counts.at(-1))
      let [sketched, counted] = [0, 0]
      for (const [i, n] of counts.entries()) {
        sketched += was.counts[i] ?? 0
        counted += n
        expect(Math.abs(sketched - counted) / ROWS).toBeLessThan(RANK_ERROR)
      }
      expect(sketched).toBe(ROWS)
    }
  },
)

test('rows are counted where a sketch does not tell: texts, infinities, and limits that it is not exact enough for', async () => {
  for (const [column, measure, limit] of [
    ['word', 'chi2', 1],
    ['word', 'psi', 0.25],
    ['huge', 'ks', 0.1],
    ['whole', 'chi2', 1],
    ['whole', 'ks', 0.01],
  ] as const) {
    const was = await of(column, measure, limit)
    const exact = await formerOf(rows, fieldOf(rows.schema, column, 'steady'), { measure, limit }, collect)
    expect(was).toEqual(exact)
    expect(was?.error).toBeUndefined()
  }
})
