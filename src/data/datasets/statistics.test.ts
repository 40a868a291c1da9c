import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import { call, col, type Expr, type Literal, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { type Schema, type Type, typeName } from '../../plan/types.ts'
import { fileStatistics, statisticsOf } from './statistics.ts'
import { workOf } from './work.ts'

const temp = mkdtempSync(join(tmpdir(), 'galley-statistics-'))
const duckdb = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp })
afterAll(async () => {
  await duckdb.close()
  rmSync(temp, { recursive: true, force: true })
})
const work = workOf({
  ...{ duckdb, signal: new AbortController().signal, ledger: createLedger() },
  scope: { workspace: 't', caller: 't' },
})

test('nulls, NaN and bounds by column; an infinity, a long text and a list give none', async () => {
  const schema: Schema = [
    { name: 'i', type: 'int64', nullable: true },
    { name: 'f', type: 'float64', nullable: true },
    { name: 'g', type: 'float64', nullable: true },
    { name: 's', type: 'string', nullable: true },
    { name: 'long', type: 'string', nullable: true },
    { name: 'm', type: { decimal: [6, 2] }, nullable: true },
    { name: 'd', type: 'date', nullable: true },
    { name: 'l', type: { list: 'int64' }, nullable: true },
    { name: 'none', type: 'timestamp', nullable: true },
  ]
  const rows: Literal[][] = [
    ['9007199254740993', 2.5, 1, '서울', 'x'.repeat(200), '12.50', 3, ['1'], null],
    ['-4', 1.5, 2, 'Busan', 'y', '-1.25', -3, null, null],
    [null, null, 0, null, 'z', null, null, [], null],
  ]
  const scan = build({ op: 'scan', from: { kind: 'rows', rows }, schema })
  const number = (value: number) => lit(value, 'float64')
  const instead = (name: string, when: Expr, value: Expr): [string, Expr] => [
    name,
    { op: 'case', when: [[when, value]], otherwise: col(name) },
  ]
  const wild = build({
    op: 'derive',
    input: scan,
    columns: [
      instead('g', call('eq', col('g'), number(1)), call('div', number(1), number(0))),
      instead('f', call('isNull', col('f')), call('div', number(0), number(0))),
    ],
  })
  expect(await statisticsOf(work, wild)).toEqual({
    rows: 3,
    columns: {
      i: { nulls: 1, min: '-4', max: '9007199254740993' },
      f: { nulls: 0, nan: 1, min: 1.5, max: 2.5 },
      g: { nulls: 0, min: null, max: null },
      s: { nulls: 1, min: 'Busan', max: '서울' },
      long: { nulls: 0, min: null, max: null },
      m: { nulls: 1, min: '-1.25', max: '12.50' },
      d: { nulls: 1, min: -3, max: 3 },
      l: { nulls: 1 },
      none: { nulls: 3, min: null, max: null },
    },
  })
})

/** Literals of a type, with what is odd among them. */
function literalsOf(type: Type): fc.Arbitrary<Literal> {
  const number = (most: number) => fc.oneof(fc.integer({ min: -most, max: most }), fc.constantFrom(-most, most, 0))
  const float = fc.oneof(
    fc.double({ noNaN: true }),
    fc.constantFrom<Literal>('NaN', 'Infinity', '-Infinity', -0, 5e-324),
  )
  const micros = (most: bigint) => fc.bigInt({ min: -most, max: most }).map(String)
  const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constantFrom('', '서울', 'x'.repeat(300), '가'.repeat(200), '\u0000')) // biome-ignore format: one line
  const some = ((): fc.Arbitrary<Literal> => {
    switch (type) {
      case 'int32':
        return number(2 ** 31 - 1)
      case 'int64':
        return micros(2n ** 63n - 1n)
      case 'float32':
        return fc.oneof(fc.float({ noNaN: true }), fc.constantFrom<Literal>('NaN', 'Infinity'))
      case 'float64':
        return float
      case 'bool':
        return fc.boolean()
      case 'string':
        return text
      case 'date':
        return fc.oneof(number(20_000), number(700_000))
      case 'timestamp':
      case 'local timestamp':
        return fc.oneof(micros(10n ** 15n), micros(6n * 10n ** 16n))
      case 'duration':
        return micros(10n ** 12n)
      case 'bytes':
        return fc.constantFrom('', 'AAEC')
      default:
        return 'decimal' in (type as object) ? number(9999).map((x) => (x / 100).toFixed(2)) : fc.array(number(9).map(String)) // biome-ignore format: one line
    }
  })()
  return fc.option(some, { freq: 4 })
}

/** A file of the numbers from 0 on. */
async function rangeFile(folder: string, rows: number): Promise<string> {
  const path = join(folder, 'range.parquet')
  const ctx = { ...{ signal: new AbortController().signal, ledger: createLedger() }, scope: { workspace: 't', caller: 't' } } // biome-ignore format: one line
  await duckdb.session(ctx, (query) => query(`COPY (SELECT i AS n FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet)`)) // biome-ignore format: one line
  return path
}
const scanned = (path: string): Node =>
  build({
    op: 'scan',
    from: { kind: 'parquet', files: [path] },
    schema: [{ name: 'n', type: 'int64', nullable: true }],
  })

describe("a file's footer says what a pass over its rows says", () => {
  const SCHEMA: Schema = [
    ...(['int32', 'int64', 'float32', 'float64', 'bool', 'string', 'date', 'timestamp', 'local timestamp'] as const),
    ...([{ decimal: [6, 2] }, { decimal: [38, 3] }, 'duration', 'bytes', { list: 'int64' }] as const),
  ].map((type) => ({ name: `of ${typeName(type)}`, type, nullable: true }))
  const checked = async (root: Node) => {
    const path = join(temp, 'data.parquet')
    await work.write(root, path)
    const scan = build({ op: 'scan', from: { kind: 'parquet', files: [path] }, schema: root.schema })
    const said = await fileStatistics(work, path, root.schema)
    expect(said).toEqual(await statisticsOf(work, scan))
    return said
  }
  test('of every type, with nulls, NaN, infinities, far years and long texts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(...SCHEMA.map((f) => literalsOf(f.type))), { maxLength: 12 }),
        async (rows) => {
          await checked(build({ op: 'scan', from: { kind: 'rows', rows: rows as Literal[][] }, schema: SCHEMA }))
        },
      ),
      { numRuns: 60 },
    )
  })
  test('over several row groups, one of them without a value', async () => {
    const numbers = scanned(await rangeFile(temp, 150_000))
    const n = col('n')
    const late: Expr = { op: 'case', when: [[call('gt', n, lit('70000', 'int64')), n]], otherwise: lit(null, 'int64') }
    const nan: Expr = { op: 'case', when: [[call('eq', n, lit('149999', 'int64')), call('div', lit(0, 'float64'), lit(0, 'float64'))]], otherwise: { op: 'cast', arg: n, to: 'float64', onError: 'fail' } } // biome-ignore format: one line
    const found = await checked(build({ op: 'derive', input: numbers, columns: [['late', late], ['nan', nan]] })) // biome-ignore format: one line
    expect(found).toMatchObject({
      rows: 150_000,
      columns: {
        n: { nulls: 0, min: '0', max: '149999' },
        late: { nulls: 70_001, min: '70001', max: '149999' },
        nan: { nulls: 0, nan: 1, min: 0, max: 149_998 },
      },
    })
  })
})
