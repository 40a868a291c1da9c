import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { json, jsonConnector } from '../json.ts'
import { snapshotContext } from '../testing/context.ts'
import { arraysWithin, hintOf } from './arrays.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-arrays-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(folder, 'tmp') })
afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})
const { signal } = testContext()
let files = 0
const fileOf = (text: string): string => {
  const path = join(folder, `${++files}.json`)
  writeFileSync(path, text)
  return path
}
const found = (path: string, rows = 100, options = {}) =>
  engine.session(
    testContext(),
    (query) =>
    jsonConnector.discover(path, rows, { query, signal, options, secret: () => '', temp: async () => join(folder, `t${++files}`) }), // biome-ignore format: one line
  )
const loaded = (path: string) =>
  engine.session(testContext(), (query) => {
    const spec = json(path, { id: 'int64' })
    return jsonConnector.snapshot(spec, path, snapshotContext(query, folder, { signal }))
  })

test.each([
  ['{"meta": {"n": 2}, "items": [{"id": 1}]}', ['items']],
  ['\ufeff\n{\n "data": {\n "items": [ {"id": 1} ]\n}}', ['data.items']],
  ['{"a": {"b.c": [{"x": "]}"}]}, "d": [1, [{"no": 1}]], "e/f": [{"y": 1}], "g": []}', ['/a/b.c', '/e~1f']],
  ['{"text": "[{", "\\"q\\"": [{}]}', ['"q"']],
  ['{"id": 1}\n{"items": [{"id": 1}]}', []],
  ['[{"items": [{"id": 1}]}]', []],
  ['{"items": [{"id": 1', ['items']],
  ['"text"', []],
  [`${'{"a":'.repeat(40)}[{"x": 1}]${'}'.repeat(40)}`, []],
])('arrays of objects within %s', async (text, expected) => {
  expect(await arraysWithin(fileOf(text), signal)).toEqual(expected)
})

test('what is found is what the option takes', async () => {
  const path = fileOf('{"a": {"b.c": [{"id": 1}, {"id": 2}]}}')
  const { within, rows } = await found(path)
  expect([within, rows]).toEqual([['/a/b.c'], 1])
  const inner = await found(path, 100, { at: within?.[0] })
  expect([inner.columns.map((c) => c.name), inner.rows, inner.within]).toEqual([['id'], 2, undefined])
  const [hint, several] = [hintOf(['items']), hintOf(['a', 'b'])]
  expect([hint, several]).toEqual([
    "its records seem to lie within: say at: 'items'",
    "its records may lie within: say at, one of 'a', 'b'",
  ])
})

test('the load names them where an object goes over many lines', async () => {
  const path = fileOf('{\n"items": [\n{"id": 1},\n{"id": 2}\n]}')
  const fix = expect.stringContaining("say at: 'items'; or correct the file")
  await expect(loaded(path)).rejects.toMatchObject({ code: 'SOURCE_BROKEN', fix })
})

test.each([
  '[{"id": 1}, {"id": 2}, {"id": 3, ',
  '[{"id": 1, "t": ["a"]}, {"id": 2, "t": ["b"]',
  '[{"id": 1}, {"id": 2, "t": "a]',
  '{"items": [{"id": 1}, {"id":',
])('what is cut is broken, for those who look at its beginning as for the load: %s', async (text) => {
  const path = fileOf(text)
  for (const rows of [1, 100]) await expect(found(path, rows)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  await expect(loaded(path)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
})
