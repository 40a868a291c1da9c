import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { job } from './testing/jobs.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let at: TestStore
beforeAll(async () => {
  at = await openTestStore()
})
afterAll(() => at.close())

const SOON = 3000

test('a job that is not done in time is found once, however many look, whatever it is at; the others never', async () => {
  const { store, scope } = at
  const by = () => Date.now() + SOON
  const queue = async (doneBy?: number) =>
    (await store.jobs.queue(scope, job({ ...(doneBy ? { doneBy } : {}) }))).number
  const taken = async () => (await store.jobs.take(scope, [], 60)) ?? expect.unreachable()
  const inTime = await queue(by())
  await store.jobs.end(scope, (await taken()).claim, { status: 'done' })
  const failed = await queue(by())
  await store.jobs.end(scope, (await taken()).claim, { status: 'failed', error: { code: 'X' } })
  const running = await queue(by())
  const runs = await taken()
  const after = await queue(by())
  const ends = await taken()
  const cancelled = await queue(by())
  await store.jobs.cancel(scope, cancelled)
  const [waiting, later, never] = [await queue(by()), await queue(Date.now() + 600_000), await queue()]
  expect(await store.jobs.late(scope)).toEqual([])
  await sleep(SOON + 50)
  await store.jobs.end(scope, ends.claim, { status: 'done' })
  const found = (await Promise.all(Array.from({ length: 8 }, () => store.jobs.late(scope)))).flat()
  expect(found.map((j) => [j.number, j.status]).toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
    [failed, 'failed'],
    [running, 'running'],
    [after, 'done'],
    [waiting, 'queued'],
  ])
  expect(await store.jobs.late(scope)).toEqual([])
  for (const number of [inTime, cancelled, later, never]) expect((await store.jobs.get(scope, number)).late).toBeNull()
  expect((await store.jobs.get(scope, running)).late).toBeGreaterThan(0)
  // told once, also where it is queued again
  await store.jobs.end(scope, runs.claim, { status: 'failed', error: null })
  await store.jobs.retry(scope, running)
  expect(await store.jobs.late(scope)).toEqual([])
  expect(await store.jobs.late(at.other)).toEqual([])
})

test('the job of a moment is to be done so long after it', async () => {
  const { store, scope } = at
  const s = { ...job(), name: 's', cron: '0 6 * * *', zone: 'UTC', catchUp: 'once', next: 0 } as const
  await store.schedules.set(scope, { ...s, doneWithin: 7_200_000 })
  await store.schedules.fire(scope, 1000, () => ({ moments: [500_000], next: null }))
  expect((await store.jobs.list(scope, { limit: 1 })).items[0]).toMatchObject({ due: 500_000, doneBy: 7_700_000 })
})

test('a window that waits or runs is not queued again, however many ask; once it is done it is', async () => {
  const { store, scope } = at
  const of = (partition: string, pool: string | null = null) =>
    job({ recipe: 'windows', recipeJson: { name: 'windows', partition }, priority: 9, pool })
  await store.pools.set(scope, 'asked', 1)
  const asked = await Promise.all(Array.from({ length: 6 }, () => store.jobs.queueOnce(scope, of('2026-01-01', 'asked')))) // biome-ignore format: one line
  expect([new Set(asked.map((a) => a.job.number)).size, asked.filter((a) => !a.already).length]).toEqual([1, 1])
  expect(await store.jobs.queueOnce(scope, of('2026-01-02'))).toMatchObject({ already: false, job: { partition: '2026-01-02' } }) // biome-ignore format: one line
  expect(await store.jobs.queueOnce(scope, job({ recipe: 'windows' }))).toMatchObject({ already: false, job: { partition: null } }) // biome-ignore format: one line
  expect(await store.jobs.queueOnce(at.other, of('2026-01-01'))).toMatchObject({ already: false })
  // nor one that waits for an approval
  const taken = await store.jobs.take(scope, [], 60)
  const { id: run } = await store.runs.start(scope, { recipe: 'windows', recipeHash: 'h' })
  await store.steps.plan(scope, run, [{ id: 'ok', kind: 'approval' }])
  const ask = { recipe: 'windows', step: 'ok', run, ask: 'ok?', subject: 's', made: [] }
  const { approval } = await store.approvals.ask(scope, ask)
  await store.steps.wait(scope, (await store.steps.claim(scope, run, 'ok')) as never, approval.number)
  await store.jobs.end(scope, taken?.claim as never, { status: 'waiting', run, attempts: 0 })
  expect(await store.jobs.queueOnce(scope, of('2026-01-01'))).toMatchObject({ already: true, job: { status: 'waiting' } }) // biome-ignore format: one line
  await expect(store.pools.remove(scope, 'asked')).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await store.jobs.cancel(scope, asked[0]?.job.number ?? 0)
  expect(await store.jobs.queueOnce(scope, of('2026-01-01'))).toMatchObject({ already: false })
})
