import { appendFileSync, readdirSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { openStore } from '../../../store/store.ts'
import { openGuard } from '../guard/open.ts'
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
  expect(got.filter((g) => g.status === 'fulfilled').length).toBe(1)
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
  await refused('a,b\n1,2\n', 'text/csv', 'PLAN_UNKNOWN_COLUMN')
  await refused('{"a": 1}', 'application/json', 'PLAN_UNKNOWN_COLUMN')
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
