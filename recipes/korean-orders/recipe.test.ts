import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { collect } from '../../src/engines/conformance/compare.ts'
import { openGalley } from '../../src/main.ts'
import { build } from '../../src/plan/nodes.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import recipe from './recipe.ts'

const home = mkdtempSync(join(tmpdir(), 'galley-korean-orders-'))
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))

test('420 messy lines are 412 checked rows, and 8 that are kept aside with their reasons', async () => {
  const galley = await openGalley({ ...readConfig({}), home, log: 'silent' })
  try {
    const { outputs } = await run(galley.ware, await galley.scope(), recipe, {
      folder: home,
      signal: new AbortController().signal,
      on: () => {},
    })
    const raw = outputs.get('orders-raw') as SourceOutput
    const clean = outputs.get('orders-clean') as TableOutput
    const orders = outputs.get('orders') as DatasetOutput
    expect([raw.rows, raw.encoding, Object.values(raw.rejected)]).toEqual([419, 'CP949', [1]])
    expect(clean.rejected).toEqual({
      '금액이 아님 (not an amount)': 1,
      '날짜가 아님 (not a date)': 1,
      '수량이 없음 (no quantity)': 1,
    })
    expect(orders).toMatchObject({
      rows: 412,
      version: 1,
      rejected: { 'id is the key': 2, 'amount is at least 0': 1, 'customer is not null': 1 },
    })
    expect(orders.verdicts.every((v) => v.passed)).toBe(true)
    const { files, schema } = orders
    const rows = await collect(galley.duckdb, build({ op: 'scan', from: { kind: 'parquet', files }, schema }))
    const day = BigInt(Date.UTC(2026, 3, 21)) * 1000n
    expect(rows[0]).toEqual([
      'A00001',
      day,
      '최지호',
      '010-2475-9313',
      '서울',
      '캠핑 의자',
      2n,
      79_800n,
      '부재 시 문 앞',
    ])
    // blanks around a region and money in other hands are gone; what begins with = or + is the text that it was
    expect(new Set(rows.map((r) => String(r[4]).trim() === r[4])).size).toBe(1)
    expect(rows.some((r) => r[8] === '=연락 주세요') && rows.some((r) => r[8] === '+82로 전화')).toBe(true)
  } finally {
    await galley.close()
  }
})
