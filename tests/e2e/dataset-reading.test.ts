import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { readIpc } from '../../src/engines/arrow/index.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { csv, dataset, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { call, col, lit } from '../../src/plan/expr.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import { type Client, createClient } from '../../src/sdk/index.ts'
import { galley as command } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-reading-'))
const home = join(folder, 'home')
const signal = new AbortController().signal
let galley: Galley
let client: Client
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home, log: 'silent', threads: 2 })
  const app = galley.app()
  client = createClient({ url: 'http://in.process', fetch: (request) => app.fetch(request) })
  const lines = (from: number, to: number) =>
    Array.from(
      { length: to - from },
      (_, i) => `${from + i},${(from + i) % 3 === 0 ? '=1+1' : `"a, b ${from + i}"`},${(from + i) / 2}\n`,
    ).join('')
  for (const [from, to] of [
    [0, 1200],
    [1200, 2500],
    [2500, 3000],
  ] as const) {
    writeFileSync(join(folder, 'log.csv'), `id,text,x\n${lines(from, to)}-${from + 1},bad,1\n`)
    await ran(
      recipe('log', (k) => {
        const source = k.source('lines', csv('log.csv', { id: 'int64', text: 'string', x: 'float64' }))
        const clean = k.step('clean', source.reject((r) => r.id.lt(0), 'negative')) // biome-ignore format: one line
        k.dataset('log', clean.reject((r) => r.id.eq(7), 'seven'), { write: 'append' }) // biome-ignore format: one line
      }),
    )
  }
}, 60_000)
afterAll(async () => {
  await galley.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const ran = async (r: ReturnType<typeof recipe>) =>
  (await run(galley.ware, await galley.scope(), r, { folder, signal, on: () => {} })).outputs
const bytesOf = async (of: Promise<{ bytes: AsyncIterable<Uint8Array> }>) => {
  const pieces: Uint8Array[] = []
  for await (const piece of (await of).bytes) pieces.push(piece)
  return Buffer.concat(pieces)
}
const over = (n: string) => JSON.stringify(call('ge', col('id'), lit(n, 'int64')))

describe('rows', () => {
  test('come page by page in the order of the version, each once, with projection and condition', async () => {
    const ids: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await client.datasets.rows({
        name: 'log',
        columns: 'id',
        where: over('1000'),
        limit: 333,
        ...(cursor ? { cursor } : {}),
      })
      expect(page.schema.map((f) => f.name)).toEqual(['id'])
      ids.push(...page.items.map((r) => r['id']))
      cursor = page.next
    } while (cursor)
    expect(ids).toEqual(Array.from({ length: 2000 }, (_, i) => 1000 + i))
  })
  test('are chosen by a condition as it is typed, too', async () => {
    const where = 'id >= 1000 and id < 1010 and text is not null'
    const page = await client.datasets.rows({ name: 'log', columns: 'id', where })
    expect(page.items.map((r) => r['id'])).toEqual([1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009])
    const text = (
      await bytesOf(client.datasets.export({ name: 'log', columns: 'id', where, format: 'csv' }))
    ).toString()
    expect(text.split('\n')).toHaveLength(12)
    await expect(client.datasets.rows({ name: 'log', where: 'idd > 1' })).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' }) // biome-ignore format: one line
    await expect(client.datasets.rows({ name: 'log', where: 'id >' })).rejects.toMatchObject({ code: 'PLAN_INVALID', fix: expect.stringContaining('write for instance') }) // biome-ignore format: one line
  })
  test('of a page that goes on are of its version, whatever is published meanwhile; tags lead to theirs', async () => {
    await client.datasets.tag({ name: 'log', body: { tag: 'prod', version: 1 } })
    const first = await client.datasets.rows({ name: 'log@prod', limit: 500 })
    await client.datasets.tag({ name: 'log', body: { tag: 'prod', version: 3 } })
    const last = await client.datasets.rows({ name: 'log@prod', limit: 500, cursor: first.next ?? '' })
    expect([first.version, last.version, last.items[0]?.['id']]).toEqual([1, 1, 501])
    expect((await client.datasets.get({ name: 'log@prod' })).version).toBe(3)
    expect((await client.datasets.tags({ name: 'log' })).items).toMatchObject([{ tag: 'prod', version: 3 }])
  })
  test.each([
    [{ columns: 'idd' }, 'PLAN_UNKNOWN_COLUMN'],
    [{ columns: '["id",3]' }, 'REQUEST_INVALID'],
    [{ where: '{"op":"col","name":"id"}' }, 'PLAN_TYPE_MISMATCH'],
    [{ where: '{"op":"sql","text":"1"}' }, 'PLAN_INVALID'],
    [{ where: '{' }, 'REQUEST_INVALID'],
    [{ cursor: 'rubbish' }, 'REQUEST_INVALID'],
  ])('%o is refused', async (query, code) => {
    await expect(client.datasets.rows({ name: 'log', ...query })).rejects.toMatchObject({ code })
    if (!('cursor' in query))
      await expect(client.datasets.export({ name: 'log', format: 'csv', ...query })).rejects.toMatchObject({ code })
  })
  test('go out as Arrow, JSON lines and CSV; a formula stays as it is unless it is to be safe', async () => {
    const arrow = readIpc(
      new Uint8Array(await bytesOf(client.datasets.export({ name: 'log', format: 'arrow', limit: 1500 }))),
      createLedger(),
    )
    expect([...arrow.batches()].reduce((n, b) => n + b.rows, 0)).toBe(1500)
    const lines = (
      await bytesOf(client.datasets.export({ name: 'log@1', format: 'json', where: over('1199') }))
    ).toString()
    expect(JSON.parse(lines)).toEqual({ id: 1199, text: 'a, b 1199', x: 599.5 })
    const text = async (safe?: 'true') =>
      (
        await bytesOf(client.datasets.export({ name: 'log', format: 'csv', limit: 2, ...(safe ? { safe } : {}) }))
      ).toString()
    expect(await text()).toBe('id,text,x\n0,=1+1,0\n1,"a, b 1",0.5\n')
    expect(await text('true')).toBe('id,text,x\n0,\'=1+1,0\n1,"a, b 1",0.5\n')
  })
  test('that were set aside are found under the name of a dataset, a table and a source', async () => {
    const negative = await client.datasets.rejected({ name: 'clean' })
    expect(negative).toMatchObject({ of: 'table clean', rejected: { negative: 1 } })
    expect(negative.items).toEqual([{ reason: 'negative', row: expect.stringContaining('id=-2501') }])
    expect(await client.datasets.rejected({ name: 'log@1' })).toMatchObject({
      of: 'log@1',
      items: [{ reason: 'seven' }],
    })
    expect(await client.datasets.rejected({ name: 'log' })).toMatchObject({ of: 'log@3', items: [] })
    await expect(client.datasets.rejected({ name: 'nothing' })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
  })
})

test('another recipe reads a version by name, and runs again when the tag has moved', async () => {
  const reader = recipe('reader', (k) => {
    const log = k.source('past', dataset('log@live', { id: 'int64', x: 'float64' }))
    k.dataset('seen', log.filter((r) => r.id.lt(5000))) // biome-ignore format: one line
  })
  await client.datasets.tag({ name: 'log', body: { tag: 'live', version: 1 } })
  const rows = async () => (await ran(reader)).get('seen') as unknown as DatasetOutput
  expect([(await rows()).rows, (await rows()).version]).toEqual([1199, 1])
  await client.datasets.tag({ name: 'log', body: { tag: 'live', version: 2 } })
  expect([(await rows()).rows, (await rows()).version]).toEqual([2499, 2])
  const wrong = recipe('wrong', (k) => void k.dataset('bad', k.source('past', dataset('log', { id: 'string' }))))
  await expect(ran(wrong)).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' })
  const none = recipe('none', (k) => void k.dataset('bad', k.source('past', dataset('log@old', { id: 'int64' }))))
  await expect(ran(none)).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
})

test('the command line prints, exports, tags and finds damage', async () => {
  const table = await command(
    home,
    'datasets',
    'rows',
    'log',
    '--where',
    "id >= 2998 and text != '=1+1'",
    '--columns',
    'id,text',
  )
  expect(
    table.out
      .trim()
      .split('\n')
      .map((l) => l.trim()),
  ).toEqual(['   id  text', '2,998  a, b 2998', '2,999  a, b 2999'].map((l) => l.trim()))
  const file = join(folder, 'out.csv')
  expect((await command(home, 'datasets', 'rows', 'log@2', '--format', 'csv', '--out', file)).code).toBe(0)
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(2500)
  expect((await command(home, 'datasets', 'rows', 'log', '--where', 'idd > 3')).err).toContain('did you mean')
  expect((await command(home, 'datasets', 'tag', 'log@2', 'best')).out).toContain('log@best is log@2')
  expect((await command(home, 'datasets', 'rejected', 'clean')).out).toMatch(/rejected 1: negative[\s\S]*id=-2501/)
  expect((await command(home, 'datasets', 'scrub')).code).toBe(0)

  const { outputs } = await run(galley.ware, await galley.scope(), recipe('d', (k) => {
    k.dataset('copy', k.source('all', dataset('log', { id: 'int64' }))) // biome-ignore format: one line
  }), { folder, signal, on: () => {} }) // biome-ignore format: one line
  const kept = (outputs.get('copy') as unknown as DatasetOutput).files[0] ?? ''
  const bytes = readFileSync(kept)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(kept, bytes)
  const scrubbed = await command(home, 'datasets', 'scrub')
  expect(scrubbed).toMatchObject({
    code: 1,
    out: expect.stringMatching(/damaged {2}datasets\/.*checksum[\s\S]*used by copy@1/),
  })
  await expect(client.datasets.rows({ name: 'copy' })).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect(client.datasets.export({ name: 'copy', format: 'csv' })).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
}, 120_000)
