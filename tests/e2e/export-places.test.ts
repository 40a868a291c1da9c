import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestServer, testServer } from '../../src/data/connectors/postgres/testing.ts'
import { KEYS, type TestObjects, testObjects } from '../../src/data/connectors/s3/testing.ts'
import { ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let written: Written
let server: TestServer
let objects: TestObjects
beforeAll(async () => {
  ;[written, server, objects] = await Promise.all([openWritten(), testServer(), testObjects()])
  await written.write('log', ['1,mon,10', '2,tue,20'], { write: 'append' })
  await written.write('log', ['3,"수, ""목""",30'], { write: 'append' })
}, 60_000)
afterAll(async () => {
  await Promise.all([written.close(), server.close(), objects.close()])
})

/** Runs the command with the secrets of both places. */
const exported = (...args: string[]) => {
  const { host, port, user, database } = server.connection
  const address = `postgres://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
  const secrets = { GALLEY_SECRET_SHOP_DB: address, GALLEY_SECRET_BUCKET: `${KEYS.id}:${KEYS.secret}` }
  const reach = { GALLEY_ALLOW_PRIVATE: objects.endpoint.slice('http://'.length) }
  return ended(start(written.home, ['export', ...args], { ...secrets, ...reach }))
}
const ids = async (table: string) =>
  (await server.sql(`SELECT id FROM ${table} ORDER BY id`)).map((r) => Number(r['id']))

test('a version goes into a table of PostgreSQL: added once, however often, or in place of what was there', async () => {
  const to = ['postgres:orders', '--connection', 'SHOP_DB']
  expect(await exported('log@1', ...to, '--append')).toMatchObject({ code: 0, out: expect.stringContaining('log@1  2 rows') }) // biome-ignore format: one line
  expect((await exported('log@1', ...to, '--append')).code).toBe(0)
  expect(await ids('orders')).toEqual([1, 2])
  expect((await exported('log@2', ...to, '--append')).code).toBe(0)
  expect(await ids('orders')).toEqual([1, 1, 2, 2, 3])
  expect((await exported('log', ...to, '--overwrite')).code).toBe(0)
  expect(await server.sql('SELECT id::int, day, n::int FROM orders ORDER BY id')).toEqual([
    { id: 1, day: 'mon', n: 10 },
    { id: 2, day: 'tue', n: 20 },
    { id: 3, day: '수, "목"', n: 30 },
  ])
  await server.sql('CREATE SCHEMA shop')
  expect((await exported('log', 'postgres:shop.log', '--connection', 'SHOP_DB', '--append')).code).toBe(0)
  expect(await ids('shop.log')).toEqual([1, 2, 3])
}, 60_000)

test('a version goes into an object, which is not replaced unless it is said', async () => {
  const to = ['s3://bucket/out/log.csv', '--connection', 'BUCKET', '--endpoint', objects.endpoint, '--region', 'eu-test-1'] // biome-ignore format: one line
  expect(await exported('log@1', ...to)).toMatchObject({ code: 0, err: '' })
  expect(objects.objects.get('out/log.csv')?.toString()).toBe('id,"day",n\n1,"mon",10\n2,"tue",20\n')
  expect(await exported('log', ...to)).toMatchObject({ code: 2, err: expect.stringContaining('--overwrite') })
  expect((await exported('log', ...to, '--overwrite')).code).toBe(0)
  expect(objects.objects.get('out/log.csv')?.toString()).toContain('3,"수, ""목""",30')
}, 60_000)

test('what is not said is asked for, and no secret is told', async () => {
  const said = async (...args: string[]) => {
    const { code, err } = await exported('log', ...args)
    expect(err).not.toContain(KEYS.secret)
    return [code, err]
  }
  expect(await said('postgres:orders', '--append')).toEqual([2, expect.stringContaining('--connection')])
  expect(await said('postgres:orders', '--connection', 'SHOP_DB')).toEqual([2, expect.stringContaining('--append')])
  expect(await said('postgres:a.b.c', '--connection', 'SHOP_DB', '--append')).toEqual([2, expect.stringContaining('names no table')]) // biome-ignore format: one line
  expect(await said('postgres:orders', '--connection', 'NOBODY', '--append')).toEqual([2, expect.stringContaining('SECRET_UNKNOWN')]) // biome-ignore format: one line
  expect(await said('out.csv', '--append')).toEqual([2, expect.stringContaining('--append is not taken here')])
  expect(await said('s3://bucket/x.csv', '--endpoint', objects.endpoint)).toEqual([4, expect.stringContaining('SOURCE_REFUSED')]) // biome-ignore format: one line
}, 60_000)
