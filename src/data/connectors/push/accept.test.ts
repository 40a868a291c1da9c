import { appendFileSync, readdirSync } from 'node:fs'
import { int64, tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { afterAll, describe, expect, test } from 'vitest'
import { openStore } from '../../../store/store.ts'
import { openGuard } from '../guard/open.ts'
import { push } from '../push.ts'
import { acceptBatch } from './accept.ts'
import { keyOf } from './key.ts'
import { pushedIn } from './pushed.ts'
import { columns, pieces, ROW, testPush } from './testing.ts'

const { store, scope, other, duckdb, signal, opened, send, rowsOf, close } = await testPush()
afterAll(close)

test('the same again gives the same answer and adds nothing; other content under its key is refused', async () => {
  await opened('again')
  const first = await send('again', 'k1', ROW)
  expect(first).toMatchObject({ replayed: false, batch: { number: 1, rows: 1, broken: 0, key: 'k1' } })
  expect(await send('again', 'k1', ROW)).toEqual({ ...first, replayed: true })
  await expect(send('again', 'k1', `${ROW}\n`)).rejects.toMatchObject({
    code: 'BATCH_DIFFERS',
    status: 422,
    details: { batch: 1 },
  })
  await expect(send('again', 'k1', ROW, 'text/csv')).rejects.toMatchObject({ code: 'BATCH_DIFFERS' })
  expect((await send('again', 'k2', ROW)).batch.number).toBe(2)
  expect((await rowsOf('again')).rows).toBe(2)
})

test('at once under one key, one is taken in; another process that was first is answered the same', async () => {
  await opened('at-once')
  const got = await Promise.allSettled(Array.from({ length: 5 }, () => send('at-once', 'k', ROW)))
  // one that came when the first was answered is answered the same
  const answered = got.flatMap((g) => (g.status === 'fulfilled' ? [g.value] : []))
  expect(answered.filter((a) => !a.replayed)).toHaveLength(1)
  expect(new Set(answered.map((a) => a.batch.number))).toEqual(new Set([1]))
  for (const g of got) if (g.status === 'rejected') expect(g.reason).toMatchObject({ code: 'BATCH_BUSY', status: 409 })
  const second = await openStore({ home: store.home.path })
  try {
    const both = await Promise.all([send('at-once', 'k9', ROW), send('at-once', 'k9', ROW, undefined, second)].map((p) => p.catch((e: { code: string }) => e.code))) // biome-ignore format: one line
    expect(both.filter((b) => typeof b !== 'string').length).toBeGreaterThan(0)
  } finally {
    await second.close()
  }
  expect((await rowsOf('at-once')).rows).toBe(2)
})

test('many at once to many keys: each is there once, numbered without gaps', async () => {
  await opened('many')
  await Promise.all(Array.from({ length: 30 }, (_, i) => send('many', `k${i}`, `{"id": ${i}}`)))
  const { all, parts } = await rowsOf('many')
  expect(all.map((r) => Number(r['id'])).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i))
  expect(parts.map((p) => Number(p.id))).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
})

test('broken rows are set aside with their batch and counted; too many, or nothing but them, are refused', async () => {
  await opened('broken', { mostBroken: 1 })
  const lines = [ROW, '{"id": "x"}', '{"id": 3, "price": "1.25"}'].join('\n')
  expect(await send('broken', 'a', lines)).toMatchObject({
    batch: { rows: 2, broken: 1, rejected: { 'broken record (is not of type int64)': 1 } },
  })
  await expect(send('broken', 'b', `${lines}\n{"id": 1.5}`)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  await expect(send('broken', 'c', '{"id": "x"}')).rejects.toMatchObject({ code: 'SOURCE_BROKEN', status: 422 })
  const got = await rowsOf('broken')
  expect([got.rows, got.rejected]).toEqual([2, { 'broken record (is not of type int64)': 1 }])
  expect(got.aside).toMatchObject([{ batch: 1, column: 'id', row: '{"id": "x"}' }])
  // what was refused is not on record: the key is free
  expect((await send('broken', 'c', ROW)).batch).toMatchObject({ number: 2, rows: 1 })
})

test.each([
  ['application/json', `[${ROW}]`],
  ['application/json; charset=utf-8', ROW],
  ['text/csv', 'id,price,note\n1,2.50,가\n'],
])('a batch of %s', async (type, text) => {
  const name = `of-${type.replace(/[^a-z]/g, '')}`
  await opened(name)
  expect((await send(name, 'k', text, type)).batch).toMatchObject({ rows: 1, broken: 0 })
  expect((await rowsOf(name)).all).toEqual([{ id: '1', price: '2.50', note: '가' }])
})

test('what is no batch is refused in words of the sender, and leaves nothing', async () => {
  await opened('refused')
  const refused = async (text: string, type: string, code: string) => {
    const error = await send('refused', 'k', text, type).then(
      () => undefined,
      (e: { code: string; message: string; fix: string }) => e,
    )
    expect(error).toMatchObject({ code })
    expect(`${error?.message} ${error?.fix}`).not.toContain(store.home.path)
  }
  await refused(ROW, 'text/plain', 'MEDIA_TYPE_REFUSED')
  await refused('', 'application/json', 'SOURCE_BROKEN')
  await refused('[{"id": 1}', 'application/json', 'SOURCE_BROKEN')
  await refused('note\nx\n', 'text/csv', 'PLAN_UNKNOWN_COLUMN')
  await refused('{}', 'application/json', 'PLAN_UNKNOWN_COLUMN')
  await refused('x'.repeat((1 << 20) + 1), 'text/csv', 'BODY_TOO_LARGE')
  await refused('ARROW1', 'application/vnd.apache.arrow.stream', 'SOURCE_BROKEN')
  await expect(send('nowhere', 'k', ROW)).rejects.toMatchObject({
    code: 'SOURCE_UNKNOWN',
    fix: expect.stringContaining('galley sources open'),
  })
  const elsewhere = acceptBatch(
    { store, duckdb, scope: other, signal },
    { source: 'refused', key: 'k', mediaType: 'text/csv', bytes: pieces('id\n1\n'), limit: 100 },
  )
  await expect(elsewhere).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' })
  expect((await store.sources.batches(scope, 'refused')).items).toEqual([])
  expect(readdirSync(store.home.tmp.path)).toEqual([])
})

test('columns come and go, a type that batches have stays; files that were changed are told', async () => {
  const open = (now: Record<string, 'int64' | 'string'>) =>
    store.sources.open(scope, { name: 'evolving', columns: now, options: { broken: 'skip' } })
  await open({ id: 'int64', note: 'int64' })
  await open({ id: 'int64', note: 'string' })
  await send('evolving', 'a', '{"id": 1, "note": "x"}')
  await open({ id: 'int64', price: 'string' })
  await expect(open({ id: 'int64', note: 'int64' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await send('evolving', 'b', '{"id": 2, "price": "3"}')
  await open({ ...columns, price: 'string' } as never)
  const pushed = pushedIn(store, scope)
  for await (const { files } of pushed.from('evolving', 1)) appendFileSync(files[0]?.path as string, 'x')
  await expect(rowsOf('evolving')).rejects.toMatchObject({ code: 'SOURCE_SCHEMA' })
  const as = { id: 'int64', price: 'string', note: 'string' } as const
  expect((await rowsOf('evolving', as, ['000000000001'])).all).toEqual([{ id: '1', price: null, note: 'x' }])
  await expect(rowsOf('evolving', as)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
})

describe('columns that the source has not', () => {
  const MISSPELT = '{"id": 2, "pirce": "1.25", "note": "x", "nul": null}'
  const lines = [ROW, MISSPELT, '{"id": 3, "pirce": "2.25"}'].join('\n')

  test('refuse the batch and name the nearest, unless it is said otherwise', async () => {
    await opened('strict')
    for (const text of [lines, `[${lines.replaceAll('\n', ',')}]`])
      await expect(send('strict', 'k', text)).rejects.toMatchObject({
        code: 'SOURCE_SCHEMA',
        what: "the batch has 'pirce', which no column has, and 1 more: nul",
        fix: expect.stringContaining("did you mean 'price' for 'pirce'?"),
        details: { unknown: { pirce: 2, nul: 1 } },
      })
    const csv = send('strict', 'k', 'id,price,note,notes\n1,2.50,가,나\n', 'text/csv')
    await expect(csv).rejects.toMatchObject({ code: 'SOURCE_SCHEMA', fix: expect.stringContaining("'note' for 'notes'") }) // biome-ignore format: one line
    expect((await store.sources.batches(scope, 'strict')).items).toEqual([])
    // a column that was declared before is known, and so is one that is null in this batch
    await store.sources.open(scope, { name: 'strict', columns: { id: 'int64', old: 'string' }, options: { broken: 'skip' } }) // biome-ignore format: one line
    await send('strict', 'a', '{"id": 1, "old": "x"}')
    await store.sources.open(scope, { name: 'strict', columns, options: { broken: 'skip' } })
    expect((await send('strict', 'b', '{"id": 1, "old": "x"}')).batch).toMatchObject({ rows: 1, unknown: {} })
  })

  test("are counted in the answer and left out, with 'evolve'", async () => {
    await opened('loose', { onSchemaChange: 'evolve' })
    const first = await send('loose', 'a', lines)
    expect(first.batch).toMatchObject({ rows: 3, broken: 0, unknown: { pirce: 2, nul: 1 } })
    expect(await send('loose', 'a', lines)).toEqual({ ...first, replayed: true })
    const csv = await send('loose', 'b', 'id,price,notes\n1,2.50,가\nx,1,y\n', 'text/csv')
    expect(csv.batch).toMatchObject({ rows: 1, broken: 1, unknown: { notes: 1 } })
    const { all } = await rowsOf('loose')
    expect(all.map((r) => [r['id'], r['price']])).toEqual([
      ['1', '2.50'],
      ['2', null],
      ['3', null],
      ['1', '2.50'],
    ])
  })

  test("set their rows aside with the reason, with 'quarantine'", async () => {
    await opened('aside', { onSchemaChange: 'quarantine', mostBroken: 3 })
    const reason = "has the key 'pirce', which no column has"
    const { batch } = await send('aside', 'a', `${lines}\nno JSON`)
    expect(batch).toMatchObject({
      ...{ rows: 1, broken: 3, unknown: { pirce: 2, nul: 1 } },
      rejected: { [`broken record (${reason})`]: 2, 'broken record (is no JSON)': 1 },
    })
    const { all, aside } = await rowsOf('aside')
    expect([all.length, aside[0]]).toMatchObject([1, { batch: 1, reason, row: MISSPELT }])
    await expect(send('aside', 'b', 'id,price,note,notes\n1,2,x,y\n', 'text/csv')).rejects.toMatchObject({
      code: 'SOURCE_SCHEMA',
    })
    await expect(send('aside', 'c', MISSPELT)).rejects.toMatchObject({ code: 'SOURCE_BROKEN' })
  })

  test('are told of Arrow too', async () => {
    await store.sources.open(scope, { name: 'arrow', columns: { id: 'int64' }, options: {} })
    const of = tableFromArrays({ id: [7n, 8n], nid: [1n, 2n] }, { types: { id: int64(), nid: int64() } })
    const table = tableToIPC(of, { format: 'stream' })
    const ARROW = 'application/vnd.apache.arrow.stream'
    const arrow = (key: string) => send('arrow', key, Buffer.from(table ?? []), ARROW)
    await expect(arrow('a')).rejects.toMatchObject({ code: 'SOURCE_SCHEMA', fix: expect.stringContaining("'id' for 'nid'") }) // biome-ignore format: one line
    await store.sources.open(scope, { name: 'arrow', columns: { id: 'int64' }, options: { onSchemaChange: 'evolve' } })
    expect((await arrow('a')).batch).toMatchObject({ rows: 2, unknown: { nid: 2 } })
  })
  test('are no option of another spelling', () => {
    expect(() => push('x', columns, { onSchemaChange: 'ignore' as never })).toThrow(
      expect.objectContaining({ code: 'RECIPE_INVALID' }),
    )
  })
})

test('keys are as the draft has them', () => {
  expect([keyOf('"a b"'), keyOf('"a\\"\\\\"'), keyOf(' abc ')]).toEqual(['a b', 'a"\\', 'abc'])
  for (const bad of [undefined, '', '""', '"a', 'a b', '"가"', 'x'.repeat(256)])
    expect(() => keyOf(bad)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }))
})

test('more at once than can wait are asked to come again; the others are taken in', async () => {
  await opened('busy')
  let go = () => {}
  const gone = new Promise<void>((resolve) => {
    go = resolve
  })
  async function* slow() {
    await gone
    yield* pieces(ROW)
  }
  const sends = Array.from({ length: 66 }, (_, i) => {
    const sent = { source: 'busy', key: `k${i}`, mediaType: 'application/json', bytes: slow(), limit: 1000 }
    return acceptBatch({ store, duckdb, scope, signal }, sent).then(
      () => 'taken',
      (e: { code: string; status: number; details: unknown }) => [e.code, e.status, e.details],
    )
  })
  expect(await Promise.race(sends)).toEqual(['SOURCE_BUSY', 503, { retryAfter: 1 }])
  go()
  const answers = await Promise.all(sends)
  expect(answers.filter((a) => a === 'taken').length).toBe(64)
  expect((await store.sources.get(scope, 'busy')).batches).toBe(64)
}, 60_000)

test('a batch that takes what opens it with it costs an answer, not the server', async () => {
  await opened('hostile')
  const temp = () => store.home.tmp.file('.opened')
  const strict = openGuard({ temp, memoryMiB: 256, threads: 1, limits: () => ({ memoryMiB: 1, cpuSeconds: 60, seconds: 60 }) }) // biome-ignore format: one line
  const sent = { source: 'hostile', mediaType: 'application/jsonl', limit: 1000 }
  const at = { store, duckdb, scope, signal }
  const refused = acceptBatch({ ...at, guard: strict }, { ...sent, key: 'k', bytes: pieces(ROW) })
  await expect(refused).rejects.toMatchObject({ code: 'SOURCE_HOSTILE', what: expect.stringContaining('the batch') })
  await strict.close()
  expect((await store.sources.batches(scope, 'hostile')).items).toEqual([])
  const idle = openGuard({ temp, memoryMiB: 256, threads: 1, idleMs: 50 })
  for (const key of ['k', 'l']) {
    await acceptBatch({ ...at, guard: idle }, { ...sent, key, bytes: pieces(ROW) })
    // the process goes, and another opens what comes next
    await expect.poll(() => readdirSync(store.home.tmp.path), { timeout: 10_000 }).toEqual([])
  }
  await idle.close()
})
