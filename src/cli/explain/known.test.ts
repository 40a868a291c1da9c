import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { SourceSpec } from '../../data/connectors/connector.ts'
import { values } from '../../data/connectors/generate/makers.ts'
import { generate } from '../../data/connectors/generate.ts'
import { json } from '../../data/connectors/json.ts'
import { testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { sourceRows } from './known.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-known-'))
const duckdb = createDuckdbEngine({ memoryMiB: 128, threads: 1, temp: join(folder, 'tmp') })
afterAll(async () => {
  await duckdb.close()
  rmSync(folder, { recursive: true, force: true })
})
const known = (spec: SourceSpec) =>
  sourceRows({ id: 's', kind: 'source', inputs: [], spec }, folder, duckdb, testContext())

test('what is generated is known exactly', async () => {
  const spec = generate('orders', { rows: 1_234_567, seed: 1, columns: { id: values.sequence() } })
  expect(await known(spec)).toEqual({ rows: { rows: 1_234_567, exact: true }, bytes: 0 })
})

test('records within another value are measured, not its lines', async () => {
  const of = (n: number) =>
    `{"meta": {"of": "it [ \\" {"}, "data": {"items": [${Array.from({ length: n }, (_, i) => `{"id": ${10_000 + i}, "t": ["]}", {"x": 1}]}`).join(',\n')}]}}`
  writeFileSync(join(folder, 'few.json'), of(37))
  writeFileSync(join(folder, 'many.json'), of(60_000))
  const spec = (path: string, at = 'data.items') => json(path, { id: 'int64' }, { at })
  expect((await known(spec('few.json')))?.rows).toEqual({ rows: 37, exact: true })
  const many = (await known(spec('many.json')))?.rows
  expect(many?.exact).toBe(false)
  expect(Math.abs((many?.rows ?? 0) - 60_000)).toBeLessThan(1000)
  expect(await known(spec('few.json', 'data.other'))).toBeUndefined()
})
