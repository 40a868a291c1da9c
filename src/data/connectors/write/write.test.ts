import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { collect, testContext } from '../../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../../engines/duckdb/index.ts'
import { isGaps } from '../../../engines/engine.ts'
import { build, plan } from '../../../plan/nodes.ts'
import { parseType, type TypeName } from '../../../plan/types.ts'
import { connector } from '../index.ts'
import { snapshotContext } from '../testing/context.ts'
import { COLUMNS, ROWS, VALUES } from '../testing/rows.ts'
import { exportTable, writerFor } from './export.ts'

const root = mkdtempSync(join(tmpdir(), 'galley-write-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(root, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(root, { recursive: true, force: true })
})
const schema = Object.entries<TypeName>(COLUMNS).map(([name, type]) => ({
  name,
  type: parseType(type),
  nullable: true,
}))
const source = join(root, 'source.parquet')

/** The suite's rows as a step keeps them. */
async function table() {
  const lines = [Object.keys(COLUMNS), ...ROWS].map((r) =>
    r.map((c) => (c === null ? '' : `"${c.replaceAll('"', '""')}"`)).join(','),
  )
  const path = join(root, 'a.csv')
  writeFileSync(path, `${lines.join('\n')}\n`)
  const csv = await connector('csv')
  const spec = { connector: 'csv', path, columns: COLUMNS, options: {} }
  const got = await engine.session(testContext(), (query) => csv.snapshot(spec, path, snapshotContext(query, root)))
  const prepared = engine.prepare(plan(build({ op: 'scan', from: { kind: 'parquet', files: got.files }, schema })))
  if (isGaps(prepared)) throw new Error('no plan')
  await prepared.run(testContext(), { parquet: source })
  return { files: [source], schema }
}

test.each(['out.csv', 'out.jsonl', 'out.parquet', 'out.arrow', 'out.sqlite'])(
  '%s holds what its connector reads back',
  async (name) => {
    const path = join(root, name)
    const kind = writerFor(path)
    expect(await exportTable(await table(), { path, kind }, engine, testContext())).toBe(ROWS.length)
    const spec = { connector: kind, path, columns: COLUMNS, options: kind === 'sqlite' ? { from: 'data' } : {} }
    const reader = await connector(kind)
    const got = await engine.session(testContext(), (query) =>
      reader.snapshot(spec, path, snapshotContext(query, root, { keep: async (n) => join(root, `${kind}-${n}`) })),
    )
    expect(await collect(engine, build({ op: 'scan', from: { kind: 'parquet', files: got.files }, schema }))).toEqual(
      VALUES,
    )
  },
)

test('nothing of a file that could not be written is left, and none that is there is replaced unasked', async () => {
  const path = join(root, 'kept.csv')
  writeFileSync(path, 'precious')
  const given = await table()
  await expect(exportTable(given, { path, kind: 'csv' }, engine, testContext())).rejects.toMatchObject({
    code: 'USAGE_INVALID',
  })
  const ctx = { ...testContext(), signal: AbortSignal.abort() }
  const nowhere = { path: join(root, 'none', 'out.csv'), kind: 'csv' }
  await expect(exportTable(given, nowhere, engine, testContext())).rejects.toMatchObject({ code: 'USAGE_INVALID', what: expect.stringContaining('there is no folder') }) // biome-ignore format: one line
  await expect(exportTable(given, { path, kind: 'csv', overwrite: true }, engine, ctx)).rejects.toMatchObject({
    code: 'CANCELLED',
  })
  const bytes = [{ name: 'b', type: 'bytes' as const, nullable: true }]
  await expect(
    exportTable({ files: [source], schema: bytes }, { path, kind: 'csv', overwrite: true }, engine, testContext()),
  ).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' })
  expect(readdirSync(root).filter((n) => n.includes('.part-'))).toEqual([])
  expect(() => writerFor('out.parqet')).toThrow(expect.objectContaining({ fix: "did you mean '.parquet'?" }))
})
