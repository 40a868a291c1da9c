import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from './page.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())

describe('workspaces', () => {
  it('see nothing of each other, in any list, by any name', async () => {
    const { store, scope, other } = test
    const run = await store.runs.start(scope, { recipe: 'r', recipeHash: 'h' })
    await store.steps.plan(scope, run.id, [{ id: 'a', kind: 'table' }])
    await store.datasets.publish(scope, {
      name: 'secret',
      rows: 1,
      bytes: 1,
      schema: [],
      hash: 'h',
      path: 'p',
      parents: [],
      run: run.id,
    })
    await store.tags.set(scope, 'secret', 'prod', 1)
    await store.models.publish(scope, { name: 'secret', kind: 'gbdt', metrics: {}, blob: 'b', bytes: 3, features: [] })
    await store.endpoints.deploy(scope, { name: 'secret', model: 'secret', modelVersion: 1, config: {} })
    await store.cache.put(scope, { key: 'secret', output: 1, run: run.id, step: 'a' })
    await store.windows.put(scope, { endpoint: 'secret', start: 0, end: 1, rows: 1, verdict: { status: 'alarm' } })
    await store.events.record(scope, { action: 'a.b', subject: 'secret' })
    const check = { dataset: 'secret', version: 1, run: run.id, passed: true, verdicts: [], metrics: {}, anomalies: [] }
    await store.quality.record(scope, check)
    await store.forgettings.begin(scope, { dataset: 'secret', column: 'id', value: '1' })
    const salt = await store.suppressions.salt(scope, 'secret')
    const key = { dataset: 'secret', column: 'id', hash: 'h' }
    await store.suppressions.add(scope, key)
    await store.sources.open(scope, { name: 'secret', columns: { a: 'int64' }, options: {} })
    const pushed = { source: 'secret', key: 'k', hash: 'h', format: 'json', files: [], rejected: {} }
    await store.sources.accept(scope, { ...pushed, unknown: {}, rows: 1, broken: 0, bytes: 1 }, async () => 'f')
    const file = { run: run.id, step: 'a', kind: 'report', name: 'r', mediaType: 'text/html', blob: 'b', bytes: 1 }
    const artifact = await store.artifacts.add(scope, file)

    const queued = { recipe: 'r', recipeJson: {}, folder: '/', engine: null, priority: 0, tags: [], mostAttempts: 3 }
    const job = await store.jobs.queue(scope, queued)
    await expect(store.jobs.get(other, job.number)).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
    await expect(store.jobs.cancel(other, job.number)).rejects.toMatchObject({ code: 'JOB_UNKNOWN' })
    expect(await store.jobs.take(other, [], 1)).toBeUndefined()
    expect(await store.shares.standing(other, [job.number])).toEqual([])
    expect(await store.shares.takeBack(other, [job.number])).toBeUndefined()
    expect(await store.shares.waiting(other, 'r')).toEqual([])
    await store.shares.withdraw(other, [job.number])
    await store.shares.remove(other, [job.number])
    expect(await store.shares.standing(scope, [job.number])).toMatchObject([{ number: job.number, status: 'queued' }])
    await store.pools.set(scope, 'secret', 1)
    await store.calendars.set(scope, { name: 'secret', country: null, days: [], working: [] })
    for (const ask of [() => store.calendars.get(other, 'secret'), () => store.calendars.remove(other, 'secret')])
      await expect(ask()).rejects.toMatchObject({ code: 'CALENDAR_UNKNOWN' })
    await expect(store.pools.remove(other, 'secret')).rejects.toMatchObject({ code: 'POOL_UNKNOWN' })
    await expect(store.jobs.queue(other, { ...queued, pool: 'secret' })).rejects.toMatchObject({ code: 'POOL_UNKNOWN' })
    const daily = { ...queued, name: 'secret', cron: '0 6 * * *', zone: 'UTC', catchUp: 'once', next: 0 } as const
    await store.schedules.set(scope, { ...daily, tags: [] })
    await expect(store.schedules.get(other, 'secret')).rejects.toMatchObject({ code: 'SCHEDULE_UNKNOWN' })
    expect(await store.schedules.fire(other, Date.now(), () => ({ moments: [1], next: null }))).toBe(0)

    const lists = [
      store.runs.list(other),
      store.jobs.list(other),
      store.schedules.list(other),
      store.pools.list(other),
      store.calendars.list(other),
      store.steps.list(other, run.id),
      store.datasets.list(other),
      store.branches.positions(other).then((items) => ({ items })),
      ...(['dataset', 'model', 'position'] as const).map((noun) =>
        store.branches.bases(other, noun).then((found) => ({ items: [...found] })),
      ),
      store.branches.below(other).then((items) => ({ items })),
      store.datasets.brought(other).then((items) => ({ items })),
      store.forgettings.open(other).then((items) => ({ items })),
      store.leftovers.hashes(other).then((found) => ({ items: [...found] })),
      store.datasets.versions(other, 'secret'),
      store.tags.list(other, 'secret'),
      store.models.list(other),
      store.models.versions(other, 'secret'),
      store.endpoints.list(other),
      store.endpoints.deployments(other, 'secret'),
      store.artifacts.list(other, { run: run.id }),
      store.windows.list(other, 'secret'),
      store.events.list(other),
      store.quality.list(other, 'secret'),
      store.sources.list(other),
      store.sources.batches(other, 'secret'),
    ]
    for (const page of await Promise.all<Page<unknown>>(lists)) expect(page).toEqual({ items: [] })
    expect(await store.datasets.ofRun(other, run.id)).toEqual([])
    expect(await store.runs.abandoned(other)).toEqual([])
    expect(await store.cache.find(other, 'secret')).toBeUndefined()
    expect(await store.steps.newest(other, 'a')).toBeUndefined()
    expect(await store.forgettings.pending(other, 'secret')).toEqual([])
    expect(await store.suppressions.of(other, 'secret')).toBeUndefined()
    expect(await store.suppressions.remove(other, key)).toBe(false)
    expect(await store.suppressions.salt(other, 'secret')).not.toBe(salt)
    expect(await store.suppressions.of(scope, 'secret')).toEqual({ salt, keys: [{ column: 'id', hash: 'h' }] })
    expect(await store.sources.find(other, 'secret')).toBeUndefined()
    expect(await store.sources.batch(other, 'secret', 'k')).toBeUndefined()
    expect(await store.sources.after(other, 'secret', 0, 10)).toEqual([])
    const intruder = store.sources.accept(
      other,
      { ...pushed, unknown: {}, rows: 1, broken: 0, bytes: 1 },
      async () => 'f',
    )
    await expect(intruder).rejects.toMatchObject({ code: 'SOURCE_UNKNOWN' })
    expect(await store.models.trainedOn(other, 'secret')).toEqual([])
    expect([await store.alarms.drift(scope, 'secret'), await store.alarms.drift(other, 'secret')]).toEqual([
      0,
      undefined,
    ])
    expect(await store.alarms.failed(other, 'secret')).toBeUndefined()
    await expect(store.tags.resolve(other, 'secret@prod')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    await expect(store.tags.remove(other, 'secret', 'prod')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    expect(await store.quality.ofVersion(other, 'secret', 1)).toBeUndefined()
    expect(await store.endpoints.find(other, 'secret')).toBeUndefined()
    await expect(store.runs.get(other, run.id)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    await expect(store.runs.get(other, run.number)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    await expect(store.artifacts.get(other, artifact.id)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })

    expect(await store.runs.cancel(other, run.id)).toBe(false)
    expect(await store.runs.heartbeat(other, run.id)).toBe(false)
    expect(await store.steps.claim(other, run.id, 'a')).toBeUndefined()
    expect(await store.endpoints.remove(other, 'secret')).toBe(false)
    await store.cache.forget(other, 'secret')
    await store.cache.forgetStep(other, 'a')
    expect(await store.leftovers.expire(other, Number.MAX_SAFE_INTEGER / 1000)).toBe(0)
    expect(await store.leftovers.underWay(other)).toBe(0)
    expect([...(await store.leftovers.needed(other, 0))]).toEqual([])
    await store.steps.skip(other, run.id, ['a'])
    await expect(store.steps.plan(other, run.id, [{ id: 'z', kind: 'table' }])).rejects.toMatchObject({
      code: 'STORE_CONFLICT',
    })
    await expect(store.artifacts.add(other, file)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await store.cache.find(scope, 'secret')).toBeDefined()
    expect((await store.steps.list(scope, run.id)).items).toMatchObject([{ id: 'a', status: 'pending' }])
  })

  it('of which one is a branch of the other have what there was, and nothing of what comes', async () => {
    const { store, scope, other } = test
    const version = { name: 'seen', rows: 1, bytes: 1, schema: [], hash: 'h', path: 'p', parents: [] }
    await store.datasets.publish(scope, version)
    const branch = await store.transaction(scope, async (tx) => {
      const made = await tx.branches.make(scope, 'isolated', null)
      if (made) await tx.branches.refer(scope, made, {})
      return made
    })
    if (!branch) throw new Error('there is such a workspace')
    await store.datasets.publish(scope, { ...version, hash: 'later' })
    await store.datasets.publish(branch, { ...version, hash: 'tried' })
    const hashes = async (of: typeof scope) =>
      (await store.datasets.versions(of, 'seen')).items.map((v) => [v.version, v.hash])
    expect(await hashes(branch)).toEqual([[2, 'tried'], [1, 'h']]) // biome-ignore format: one line
    expect(await hashes(scope)).toEqual([[2, 'later'], [1, 'h']]) // biome-ignore format: one line
    expect(await hashes(other)).toEqual([])
    expect((await store.runs.list(branch)).items).toEqual([])
    expect((await store.endpoints.list(branch)).items).toEqual([])
    expect((await store.events.list(branch)).items).toEqual([])
    // it is below the one, and of the family of no other
    expect((await store.branches.below(scope)).map((b) => b.name)).toEqual(['isolated'])
    expect((await store.workspaces.family(branch)).map((m) => m.name)).toEqual(['isolated', 'default'])
    expect((await store.workspaces.family(other)).map((m) => m.name)).toEqual(['other'])
  })
})
