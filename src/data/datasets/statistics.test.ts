import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import { call, col, type Expr, type Literal, lit } from '../../plan/expr.ts'
import { build } from '../../plan/nodes.ts'
import type { Schema } from '../../plan/types.ts'
import { statisticsOf } from './statistics.ts'
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
