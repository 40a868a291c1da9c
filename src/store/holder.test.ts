import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore, type Store } from './store.ts'
import { job } from './testing/jobs.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let at: TestStore
/** The same store by a wire of its own, which can fall silent. */
let far: Store
const wires = new Set<Socket>()
let silent = false
const server = createServer((socket) => {
  const [port, folder] = readFileSync(join(at.store.home.postgres, 'data', 'postmaster.pid'), 'utf8').split('\n').slice(3, 5) // biome-ignore format: one line
  const other = connect(join(folder ?? '', `.s.PGSQL.${port}`))
  for (const [a, b] of [
    [socket, other],
    [other, socket],
  ] as const) {
    wires.add(a)
    a.on('data', (bytes) => silent || b.write(bytes))
      .on('error', () => {})
      .on('close', () => b.destroy())
  }
})
beforeAll(async () => {
  at = await openTestStore()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  far = await openStore({ home: at.store.home.path, databaseUrl: `postgres://galley@127.0.0.1:${port}/postgres` })
})
afterAll(async () => {
  silent = false
  for (const wire of wires) wire.destroy()
  await far.close()
  server.close()
  await at.close()
})

test('a worker whose wire to the database falls silent is told before another takes its job, and can not end it later', async () => {
  const { number } = await at.store.jobs.queue(at.scope, job())
  const { claim } = (await far.jobs.take(at.scope, [], 2)) ?? expect.unreachable()
  const held = far.hold(at.scope, claim, 2)
  await sleep(2500)
  // it was renewed meanwhile
  await at.store.jobs.reap(at.scope)
  expect([held.lost.aborted, await at.store.jobs.take(at.scope, [], 2)]).toEqual([false, undefined])
  silent = true
  let told = Number.NaN
  held.lost.addEventListener('abort', () => (told = performance.now()))
  let next: Awaited<ReturnType<typeof far.jobs.take>>
  for (const began = performance.now(); !next && performance.now() - began < 8000; await sleep(20)) {
    await at.store.jobs.reap(at.scope)
    next = await at.store.jobs.take(at.scope, [], 60)
  }
  expect(next?.claim.number).toBe(number)
  expect(performance.now()).toBeGreaterThanOrEqual(told)
  silent = false
  for (const wire of wires) wire.destroy()
  await held.release()
  // it reads again by a new connection
  expect((await far.jobs.get(at.scope, number)).status).toBe('running')
  await expect(far.jobs.end(at.scope, claim, { status: 'done' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await at.store.jobs.end(at.scope, next?.claim ?? expect.unreachable(), { status: 'done' })
}, 60_000)
