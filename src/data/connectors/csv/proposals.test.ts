import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resolveSecret } from '../../../base/secrets.ts'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { rowOf } from '../../../plan/columns/column.ts'
import { build } from '../../../plan/nodes.ts'
import { csvConnector } from '../csv.ts'

const root = mkdtempSync(join(tmpdir(), 'galley-proposals-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(root, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(root, { recursive: true, force: true })
})

const JAN_2 = 1767312000000000n

test.each([
  ['2026.01.02', JAN_2],
  ['2026/01/02', JAN_2],
  ['20260102', JAN_2],
  ['2026년 01월 02일', JAN_2],
  ['2026-1-2', JAN_2],
  ['2026/1/2', JAN_2],
  ['2026.1.02', JAN_2],
  ['2026. 1. 2.', JAN_2],
  ['2026. 1. 2', JAN_2],
  ['2026년 1월 2일', JAN_2],
  ['2026년1월2일', JAN_2],
  ['"1,234.5"', 1234.5],
  ['"₩1,234"', 1234],
  ['"1,234원"', 1234],
  ['$12.50', 12.5],
])('%s is proposed as what it means, and the proposal gives it', async (written, value) => {
  const path = join(root, 'a.csv')
  writeFileSync(path, `x,y\n${written},1\n`)
  const { signal } = testContext()
  const ctx = { signal, secret: resolveSecret, options: {}, temp: async () => join(root, 'temp') }
  const found = await engine.session(testContext(), (query) => csvConnector.discover(path, 100, { ...ctx, query }))
  const { type, derive, evidence } = found.columns[0] as (typeof found.columns)[number]
  expect([type, evidence]).toEqual(['string', expect.stringMatching(/days|numbers/)])
  const schema = [{ name: 'x', type: 'string' as const, nullable: true }]
  // what is printed is what a recipe says
  const made = new Function('r', `return ${derive}`)(rowOf(schema, 'test')) as { expr: never }
  const scan = build({ op: 'scan', from: { kind: 'rows', rows: [[written.replaceAll('"', '')]] }, schema })
  const rows = await collect(engine, build({ op: 'select', input: scan, columns: [['v', made.expr]] }))
  expect(rows).toEqual([[value]])
})

test.each([
  ['2026.02.30', /no value/],
  ['2026-2-30', /no value/],
  ['2026-1-123', /no value/],
  ['24.1.5', /years of two digits/],
  ['1/5/24', /no value/],
])('of %s nothing is proposed that would fail', async (written, says) => {
  const path = join(root, 'b.csv')
  writeFileSync(path, `x\n${written}\n`)
  const { signal } = testContext()
  const ctx = { signal, secret: resolveSecret, options: {}, temp: async () => join(root, 'temp') }
  const found = await engine.session(testContext(), (query) => csvConnector.discover(path, 100, { ...ctx, query }))
  expect(found.columns[0]?.derive).toBeUndefined()
  expect(found.columns[0]?.evidence).toMatch(says)
})
