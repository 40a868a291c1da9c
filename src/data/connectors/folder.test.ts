import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { resolveSecret } from '../../base/secrets.ts'
import { collect, testContext } from '../../engines/conformance/compare.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { build } from '../../plan/nodes.ts'
import { parseType } from '../../plan/types.ts'
import { csv } from './csv.ts'
import { type FolderOptions, folder, folderConnector } from './folder.ts'
import { type Position, together } from './parts/pieces.ts'
import { readParts } from './parts/read.ts'

const root = mkdtempSync(join(tmpdir(), 'galley-folder-'))
const engine = createDuckdbEngine({ memoryMiB: 256, threads: 2, temp: join(root, 'duckdb') })
afterAll(async () => {
  await engine.close()
  rmSync(root, { recursive: true, force: true })
})
const columns = { id: 'int64', text: 'string' } as const
const schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true }))
let drafts = 0
let place = ''
beforeEach(() => {
  place = join(root, `t${++drafts}`)
  mkdirSync(join(place, 'in', 'deep'), { recursive: true })
})
const put = (name: string, text: string) => writeFileSync(join(place, 'in', name), text)

/** A run of the source: what it gives, and how many rows were read now. */
async function run(
  options: FolderOptions & { broken?: 'skip' },
  before?: Position,
  pattern = 'in/**/*.csv',
  listed = () => {},
) {
  const path = join(place, pattern)
  const spec = folder(pattern, csv, columns, { settle: 0, ...options })
  const read: string[] = []
  const { scope, signal } = testContext()
  const connector = {
    ...folderConnector,
    snapshot: (...[s, p, ctx]: Parameters<typeof folderConnector.snapshot>) => {
      listed()
      read.push(...(ctx.parts ?? []).map((part) => part.id.slice(place.length + 4)))
      return folderConnector.snapshot(s, p, ctx)
    },
  }
  const position = await engine.session(testContext(), (query) =>
    readParts({
      connector,
      spec,
      path,
      ctx: { scope, signal, query, secret: resolveSecret, progress: () => {} },
      position: before,
      place: { draft: () => join(place, `draft-${++drafts}`), target: (id) => join(place, 'kept', id) },
    }),
  )
  const all = together(position.pieces)
  const rows = await collect(engine, build({ op: 'scan', from: { kind: 'parquet', files: all.files }, schema }))
  return { position, read: read.sort(), ...all, rows: rows.map((r) => r[0]).sort(), values: rows }
}

test('a file that goes while the folder is read is told as that, and left out by the next run', async () => {
  put('a.csv', 'id,text\n1,x\n')
  put('b.csv', 'id,text\n2,y\n')
  const goes = run({}, undefined, 'in/*.csv', () => rmSync(join(place, 'in', 'b.csv')))
  await expect(goes).rejects.toMatchObject({ code: 'SOURCE_MISSING', what: expect.stringContaining('b.csv went while'), fix: expect.stringContaining('run again') }) // biome-ignore format: one line
  expect((await run({}, undefined, 'in/*.csv')).rows).toEqual([1n])
})

test('files that are new or changed are read, those that are gone are left out, the rest stands', async () => {
  put('a.csv', 'id,text\n1,x\n')
  put('deep/b.csv', 'id,text\n2,y\n')
  put('.hidden.csv', 'id,text\n9,z\n')
  const first = await run({})
  expect([first.rows, first.read]).toEqual([
    [1n, 2n],
    ['a.csv', 'deep/b.csv'],
  ])
  const again = await run({}, first.position)
  expect([again.rows, again.read, again.hash]).toEqual([[1n, 2n], [], first.hash])
  put('c.csv', 'id,text\n3,z\n')
  const more = await run({}, again.position)
  expect([more.rows, more.read]).toEqual([[1n, 2n, 3n], ['c.csv']])
  appendFileSync(join(place, 'in', 'c.csv'), '4,w\n')
  const changed = await run({}, more.position)
  expect([changed.rows, changed.read]).toEqual([[1n, 2n, 3n, 4n], ['c.csv']])
  rmSync(join(place, 'in', 'c.csv'))
  expect((await run({}, changed.position)).rows).toEqual([1n, 2n])
  // what is damaged is read again
  writeFileSync(first.position.pieces[0]?.files[0] as string, 'gone')
  expect((await run({}, first.position)).rows).toEqual([1n, 2n])
})

test('a file that is still written to is left for the next run; one that is renamed to its place is read', async () => {
  put('old.csv', 'id,text\n1,x\n')
  utimesSync(join(place, 'in', 'old.csv'), 1e9, 1e9)
  put('now.csv', 'id,text\n2,')
  expect((await run({ settle: 60 })).rows).toEqual([1n])
  const [spec, path] = [folder('in/*.csv', csv, columns, { settle: 60 }), join(place, 'in/*.csv')]
  const told = () => folderConnector.fingerprint(spec, path, { signal: testContext().signal, secret: resolveSecret })
  expect((await told()).left).toBe(`${join(place, 'in/now.csv')}, written to within the last 60 s (settle)`)
  put('too.csv', 'id,text\n')
  expect((await told()).left).toMatch(/^2 files \(the first .*[.]csv\), written to/)
  rmSync(join(place, 'in/too.csv'))
  put('beside.part', 'id,text\n3,x\n')
  utimesSync(join(place, 'in', 'beside.part'), 1e9, 1e9)
  renameSync(join(place, 'in', 'beside.part'), join(place, 'in', 'moved.csv'))
  expect((await run({ settle: 60 })).rows).toEqual([1n, 3n])
})

test('columns that change overnight stop the run, are nulls, or set the file aside', async () => {
  put('a.csv', 'id,text\n1,x\n')
  put('b.csv', 'id,txt\n2,y\n')
  await expect(run({})).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN', fix: "did you mean 'txt'?" })
  expect((await run({ onSchemaChange: 'evolve' })).values.map((r) => r[1])).toEqual(['x', null])
  const aside = await run({ onSchemaChange: 'quarantine' })
  expect([aside.rows, aside.rejected]).toEqual([[1n], { 'file with other columns': 1 }])
})

test('broken files are set aside with their reasons, up to a limit; broken rows with their file', async () => {
  put('a.csv', 'id,text\n1,x\nnone,y\n')
  put('b.csv', '')
  await expect(run({ broken: 'skip' })).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  const got = await run({ broken: 'skip', brokenFiles: 'quarantine' })
  expect([got.rows, got.rejected['broken file']]).toEqual([[1n], 1])
  const kept = await engine.session(testContext(), (query) =>
    query(`SELECT file, reason FROM '${got.quarantined[0]}' ORDER BY file`),
  )
  expect(kept).toEqual([
    { file: join(place, 'in', 'a.csv'), reason: expect.stringContaining('int64') },
    { file: join(place, 'in', 'b.csv'), reason: expect.stringContaining('is empty') },
  ])
  const limited = run({ broken: 'skip', brokenFiles: 'quarantine', mostBrokenFiles: '10%' })
  await expect(limited).rejects.toMatchObject({ code: 'SOURCE_BROKEN', why: expect.stringContaining('is empty') })
  await expect(run({}, undefined, 'nowhere/*.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
  expect(() => folder('x', csv, columns, { onSchemaChange: 'maybe' as 'stop' })).toThrow(
    expect.objectContaining({ code: 'RECIPE_INVALID' }),
  )
})
