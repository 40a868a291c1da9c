import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import type { JobClaim, NewJob } from './jobs.ts'
import { openStore } from './store.ts'
import { job } from './testing/jobs.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let at: TestStore
beforeAll(async () => {
  at = await openTestStore()
})
afterAll(() => at.close())

const queue = async (more: Partial<NewJob> = {}) => (await at.store.jobs.queue(at.scope, job(more))).number
const take = async (tags: string[] = [], seconds = 5) => {
  await at.store.jobs.reap(at.scope)
  const found = await at.store.jobs.take(at.scope, tags, seconds)
  return found && { ...found.claim, job: found.job }
}
const done = async (claim: { number: number; generation: number } | undefined) =>
  at.store.jobs.end(at.scope, claim ?? expect.unreachable(), { status: 'done' })

/** Waits until who holds a job that is no longer its own is told so. */
async function toldOf(claim: JobClaim): Promise<void> {
  const held = at.store.hold(at.scope, claim, 5)
  await expect.poll(() => held.lost.aborted, { timeout: 10_000 }).toBe(true)
  await held.release()
}

describe('jobs', () => {
  test('the highest priority first, then the oldest; only what is due, and what the worker has the tags for', async () => {
    const [low, later, high, gpu] = [
      await queue(),
      await queue({ notBefore: Date.now() + 60_000 }),
      await queue({ priority: 5 }),
      await queue({ tags: ['gpu'] }),
    ]
    const first = await take()
    expect([first?.number, first?.job.attempts]).toEqual([high, 1])
    const second = await take()
    expect(second?.number).toBe(low)
    expect(await take()).toBeUndefined()
    const third = await take(['gpu', 'big-memory'])
    expect(third?.number).toBe(gpu)
    for (const claim of [first, second, third]) await done(claim)
    expect((await at.store.jobs.get(at.scope, low)).status).toBe('done')
    await at.store.jobs.cancel(at.scope, later)
  })

  test('many that take at once take each job once', async () => {
    const numbers = new Set<number>()
    for (let i = 0; i < 20; i++) numbers.add(await queue())
    const taken = await Promise.all(Array.from({ length: 30 }, () => take()))
    const found = taken.flatMap((t) => (t ? [t.number] : []))
    expect([found.length, new Set(found)]).toEqual([20, numbers])
    for (const claim of taken) if (claim) await done(claim)
  })

  test('a lease that ran out frees the job, and fences what was at it: its run, its steps, its end', async () => {
    const { store, scope } = at
    const number = await queue()
    const lost = (await take([], 0.2)) ?? expect.unreachable()
    const run = await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })
    await store.jobs.began(scope, lost, run.id)
    await store.steps.plan(scope, run.id, [{ id: 'a', kind: 'table' }])
    const step = (await store.steps.claim(scope, run.id, 'a')) ?? expect.unreachable()
    expect(await take()).toBeUndefined()
    await sleep(300)
    const next = (await take()) ?? expect.unreachable()
    expect([next.number, next.job.attempts, next.generation]).toEqual([number, 2, lost.generation + 1])
    // the one before comes back: nothing of it counts
    await toldOf(lost)
    await expect(store.steps.complete(scope, step, { output: 1 })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await expect(store.jobs.began(scope, lost, 'x')).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    await expect(done(lost)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await store.runs.get(scope, run.id)).toMatchObject({ status: 'failed', error: { what: expect.stringContaining('worker') } }) // biome-ignore format: one line
    await done(next)
  })

  test('whoever takes a job whose run is said to be under way ends that: its worker was never told how it began', async () => {
    const { store, scope } = at
    const number = await queue()
    const first = (await take()) ?? expect.unreachable()
    const [begun, asked] = [0, 1].map(() => store.runs.start(scope, { recipe: 'r', recipeHash: 'h' }))
    const putBack = { status: 'queued', error: null, pause: 0, attempts: 1 } as const
    const lost = (await begun) ?? expect.unreachable()
    await store.jobs.began(scope, first, lost.id)
    await store.jobs.end(scope, first, putBack)
    const second = (await take()) ?? expect.unreachable()
    expect([second.number, (await store.runs.get(scope, lost.id)).status]).toEqual([number, 'failed'])
    // one that somebody approved of is what it goes on with
    const { id } = (await asked) ?? expect.unreachable()
    await store.jobs.began(scope, second, id)
    await store.steps.plan(scope, id, [{ id: 'a', kind: 'approval' }])
    await store.steps.complete(scope, (await store.steps.claim(scope, id, 'a')) ?? expect.unreachable(), { output: 1 })
    await store.jobs.end(scope, second, putBack)
    const third = (await take()) ?? expect.unreachable()
    expect([third.job.run, (await store.runs.get(scope, id)).status]).toEqual([id, 'waiting'])
    await done(third)
    await store.runs.cancel(scope, id)
  })

  test('a run of a job that waits goes on with its job alone: another process would be at it beside the worker', async () => {
    const { store, scope } = at
    await queue()
    const first = (await take()) ?? expect.unreachable()
    const { id } = await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })
    await store.jobs.began(scope, first, id)
    await store.runs.finish(scope, id, { status: 'waiting' })
    await store.jobs.end(scope, first, { status: 'queued', error: null, pause: 0, attempts: 0 })
    await expect(store.runs.resume(scope, id)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    const second = (await take()) ?? expect.unreachable()
    expect((await store.runs.resume(scope, id)).status).toBe('running')
    await store.runs.finish(scope, id, { status: 'waiting' })
    await store.jobs.cancel(scope, second.number)
    expect((await store.runs.get(scope, id)).status).toBe('cancelled')
  })

  test('a worker that computes without a pause keeps its job; one that lost it is told', async () => {
    const number = await queue()
    const claim = (await take([], 1)) ?? expect.unreachable()
    const held = at.store.hold(at.scope, claim, 1)
    await sleep(800) // its thread has begun
    for (const began = performance.now(); performance.now() - began < 2500; );
    expect([await take(), held.lost.aborted]).toEqual([undefined, false])
    await at.store.jobs.cancel(at.scope, number)
    for (const began = performance.now(); !held.lost.aborted && performance.now() - began < 5000; ) await sleep(50)
    expect(held.lost.aborted).toBe(true)
    await held.release()
  }, 20_000)

  test('a job that ends its workers is failed once its attempts are used up, and can be queued again', async () => {
    const number = await queue({ mostAttempts: 2 })
    for (let i = 0; i < 2; i++) {
      expect((await take([], 0.05))?.number).toBe(number)
      await sleep(120)
    }
    // whoever finds it is told, and nobody else
    const found = await Promise.all([at.store.jobs.reap(at.scope), at.store.jobs.reap(at.scope)])
    expect(found.flat().map((j) => j.number)).toEqual([number])
    expect(await take()).toBeUndefined()
    expect(await at.store.jobs.get(at.scope, number)).toMatchObject({ status: 'failed', attempts: 2, error: { code: 'STEP_FAILED' } }) // biome-ignore format: one line
    await at.store.jobs.retry(at.scope, number)
    const again = await take()
    expect([again?.number, again?.job.attempts]).toEqual([number, 1])
    await expect(at.store.jobs.retry(at.scope, number)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect((await at.store.jobs.cancel(at.scope, number)).status).toBe('cancelled')
    await toldOf(again ?? expect.unreachable())
    await expect(at.store.jobs.cancel(at.scope, number)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })

  test('a client whose clock is a day ahead, or behind, queues what is due now: the clock of the database says so', async () => {
    for (const off of [86_400_000, -86_400_000]) {
      const clock = { ...systemClock, now: () => Date.now() + off }
      const store = await openStore({ home: at.store.home.path, clock })
      try {
        expect(Math.abs((await store.clock()) - Date.now())).toBeLessThan(5000)
        const { number } = await store.jobs.queue(at.scope, job())
        const claim = await take()
        expect(claim?.number).toBe(number)
        await store.jobs.end(at.scope, claim ?? expect.unreachable(), {
          status: 'queued',
          error: null,
          pause: 0,
          attempts: 0,
        })
        const again = await take()
        expect(again?.number).toBe(number)
        await store.jobs.cancel(at.scope, number)
        expect((await store.jobs.retry(at.scope, number)).number).toBe(number)
        await done(await take())
      } finally {
        await store.close()
      }
    }
  })

  test('what failed for what may pass waits until it is due; lists go by pages', async () => {
    const number = await queue()
    const claim = (await take()) ?? expect.unreachable()
    const again = { status: 'queued', error: { code: 'X' }, pause: 300, attempts: 1 } as const
    await at.store.jobs.end(at.scope, claim, again)
    expect(await take()).toBeUndefined()
    await sleep(400)
    const next = await take()
    expect([next?.number, next?.job.attempts]).toEqual([number, 2])
    await done(next)
    const page = await at.store.jobs.list(at.scope, { limit: 2 })
    expect(page.items.map((j) => j.number)).toEqual([number, number - 1])
    const rest = await at.store.jobs.list(at.scope, { limit: 2, ...(page.next ? { cursor: page.next } : {}) })
    expect(rest.items[0]?.number).toBe(number - 2)
    expect((await at.store.jobs.list(at.scope, { status: 'failed' })).items).toEqual([])
  })
})
