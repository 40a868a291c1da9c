import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { JobClaim, NewJob } from './jobs.ts'
import { job } from './testing/jobs.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let at: TestStore
beforeAll(async () => {
  at = await openTestStore()
})
afterAll(() => at.close())

const queue = async (more: Partial<NewJob> = {}) => (await at.store.jobs.queue(at.scope, job(more))).number
const take = async (seconds = 30) => (await at.store.jobs.take(at.scope, [], seconds))?.claim
const done = (claim: JobClaim | undefined) =>
  at.store.jobs.end(at.scope, claim ?? expect.unreachable(), { status: 'done' })
afterEach(async () => {
  for (const status of ['queued', 'running'] as const)
    for (const { number } of (await at.store.jobs.list(at.scope, { status, limit: 500 })).items)
      await at.store.jobs.cancel(at.scope, number)
})

describe('pools', () => {
  test('many that take at once, again and again, never pass the slots, and leave none unused', async () => {
    await at.store.pools.set(at.scope, 'narrow', 3)
    const numbers: number[] = []
    for (let i = 0; i < 24; i++) numbers.push(await queue({ pool: 'narrow' }))
    const seen: number[] = []
    for (let round = 0; round < 8; round++) {
      const taken = (await Promise.all(Array.from({ length: 12 }, () => take()))).filter((t) => t !== undefined)
      expect(taken).toHaveLength(3)
      expect((await at.store.pools.list(at.scope)).items).toContainEqual({ name: 'narrow', slots: 3, running: 3, queued: 21 - 3 * round }) // biome-ignore format: one line
      seen.push(...taken.map((t) => t.number).toSorted((a, b) => a - b))
      await Promise.all(taken.map(done))
    }
    expect(seen).toEqual(numbers)
  }, 60_000)

  test('takers that end and take side by side without rest never pass the slots', async () => {
    await at.store.pools.set(at.scope, 'narrow', 2)
    for (let i = 0; i < 60; i++) await queue({ pool: 'narrow', priority: i % 3 })
    let [running, most, ended] = [0, 0, 0]
    const taker = async () => {
      for (let empty = 0; empty < 200 && ended < 60; ) {
        const claim = await take()
        if (!claim) {
          empty++
          await sleep(2)
          continue
        }
        running++
        most = Math.max(most, running)
        await sleep(25)
        running--
        await done(claim)
        ended++
      }
    }
    await Promise.all(Array.from({ length: 8 }, taker))
    expect([most, ended]).toEqual([2, 60])
  }, 60_000)

  test('a job whose pool is full is passed over; in the pool the highest priority is first', async () => {
    await at.store.pools.set(at.scope, 'one', 1)
    const [first, low, high] = [
      await queue({ pool: 'one', priority: 9 }),
      await queue({ pool: 'one', priority: 5 }),
      await queue({ pool: 'one', priority: 8 }),
    ]
    const free = await queue({ priority: -5 })
    const taken = [await take(), await take(), await take()]
    expect(taken.map((t) => t?.number)).toEqual([first, free, undefined])
    await done(taken[0])
    expect((await take())?.number).toBe(high)
    // another slot while it runs
    await at.store.pools.set(at.scope, 'one', 2)
    expect((await take())?.number).toBe(low)
    await at.store.pools.set(at.scope, 'one', 0)
    await queue({ pool: 'one' })
    expect(await take()).toBeUndefined()
  })

  test('a lease that ran out takes no slot, and does not come back to it', async () => {
    await at.store.pools.set(at.scope, 'one', 1)
    const lost = await queue({ pool: 'one' })
    const claim = await take(0.1)
    const next = await queue({ pool: 'one', priority: 1 })
    await sleep(200)
    expect(await at.store.jobs.reap(at.scope)).toEqual([])
    expect((await take())?.number).toBe(next)
    const held = at.store.hold(at.scope, claim ?? expect.unreachable(), 1)
    await expect.poll(() => held.lost.aborted, { timeout: 10_000 }).toBe(true)
    await held.release()
    expect(await at.store.jobs.get(at.scope, lost)).toMatchObject({ status: 'queued', attempts: 1 })
  }, 20_000)

  test('a pool has to be there, and stays while something names it', async () => {
    const { jobs, pools, schedules } = at.store
    await expect(queue({ pool: 'none' })).rejects.toMatchObject({ code: 'POOL_UNKNOWN', fix: expect.stringContaining('galley pools set none') }) // biome-ignore format: one line
    await pools.set(at.scope, 'used', 1)
    const number = await queue({ pool: 'used' })
    const inUse = { code: 'STORE_CONFLICT', what: "the pool 'used' is in use" }
    await expect(pools.remove(at.scope, 'used')).rejects.toMatchObject(inUse)
    await jobs.cancel(at.scope, number)
    const daily = { name: 's', cron: '0 6 * * *', zone: 'UTC', catchUp: 'once', next: 0 } as const
    await schedules.set(at.scope, { ...job(), ...daily, pool: 'used', maxActive: 2 })
    expect(await schedules.now(at.scope, 's')).toMatchObject({ pool: 'used', maxActive: 2 })
    await expect(pools.remove(at.scope, 'used')).rejects.toMatchObject({ code: 'STORE_CONFLICT', why: expect.stringContaining("schedule 's'") }) // biome-ignore format: one line
    // said again, it is as it is said then
    expect(await schedules.set(at.scope, { ...job(), ...daily })).toMatchObject({ pool: null, maxActive: null })
    await expect(schedules.set(at.scope, { ...job(), ...daily, pool: 'none' })).rejects.toMatchObject({ code: 'POOL_UNKNOWN' }) // biome-ignore format: one line
    for (const { number: n } of (await jobs.list(at.scope, { status: 'queued' })).items) await jobs.cancel(at.scope, n)
    await pools.remove(at.scope, 'used')
    await expect(pools.remove(at.scope, 'used')).rejects.toMatchObject({ code: 'POOL_UNKNOWN' })
    await expect(jobs.retry(at.scope, number)).rejects.toMatchObject({ code: 'POOL_UNKNOWN' })
  })
})

describe('runs of one recipe', () => {
  test('as many as it says at once, however many take; others go on', async () => {
    for (let i = 0; i < 6; i++) await queue({ recipe: 'alone', maxActive: 1, priority: 1 })
    for (let i = 0; i < 3; i++) await queue({ recipe: 'other' })
    const taken = (await Promise.all(Array.from({ length: 10 }, () => take()))).filter((t) => t !== undefined)
    const recipes = await Promise.all(taken.map(async (t) => (await at.store.jobs.get(at.scope, t.number)).recipe))
    expect(recipes.toSorted()).toEqual(['alone', 'other', 'other', 'other'])
  })

  test('what runs alone keeps others of its recipe waiting, whether they say so or not', async () => {
    await queue({ recipe: 'alone', maxActive: 1 })
    const alone = await take()
    await queue({ recipe: 'alone' })
    await queue({ recipe: 'alone', maxActive: 5 })
    expect(await take()).toBeUndefined()
    await done(alone)
    expect([await take(), await take()].filter((t) => t !== undefined)).toHaveLength(2)
    await queue({ recipe: 'alone', maxActive: 2 })
    expect(await take()).toBeUndefined()
  })
})
