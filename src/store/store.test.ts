import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '../base/scope.ts'
import type { Page } from './page.ts'
import type { Store } from './store.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let test: TestStore
let store: Store
let scope: Scope

beforeAll(async () => {
  test = await openTestStore()
  ;({ store, scope } = test)
})
afterAll(() => test.close())

const newRun = () => store.runs.start(scope, { recipe: 'r', recipeHash: 'h', recipeJson: { b: 1, a: ['\u0000'] } })
const version = (name: string) => ({
  name,
  rows: 5e9,
  bytes: 1,
  schema: [{ name: 'a' }],
  hash: 'h',
  path: 'p',
  parents: [],
})
const model = (name: string) => ({ name, kind: 'gbdt', metrics: { auc: 0.7 }, blob: 'b', bytes: 3, features: ['a'] })

async function all<T>(read: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    items.push(...page.items)
    cursor = page.next
  } while (cursor)
  return items
}

describe('runs', () => {
  it('are numbered from 1 in each workspace, without gaps, also when started at once', async () => {
    const fresh = { workspace: (await store.workspaces.ensure('numbers')).id, caller: 'test' }
    const started = await Promise.all(
      Array.from({ length: 30 }, () => store.runs.start(fresh, { recipe: 'r', recipeHash: 'h' })),
    )
    expect(started.map((run) => run.number).sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    const listed = await all((cursor) => store.runs.list(fresh, { cursor, limit: 7 }))
    expect(listed.map((run) => run.number)).toEqual(Array.from({ length: 30 }, (_, i) => 30 - i))
  })

  it('keep their JSON as it was, strings that look like numbers and zero characters included', async () => {
    const run = await store.runs.start(scope, {
      recipe: 'r',
      recipeHash: 'h',
      recipeJson: ['12', '\u0000', null, 1e300],
    })
    expect((await store.runs.get(scope, run.number)).recipeJson).toEqual(['12', '\u0000', null, 1e300])
    const { id } = await store.runs.finish(scope, run.id, { status: 'done', summary: '12' })
    expect(await store.runs.get(scope, id)).toMatchObject({ status: 'done', summary: '12', error: null })
  })

  it('end once, and tell their process when they were cancelled', async () => {
    const run = await newRun()
    expect(await store.runs.heartbeat(scope, run.id)).toBe(true)
    expect(await store.runs.cancel(scope, run.id)).toBe(true)
    expect(await store.runs.heartbeat(scope, run.id)).toBe(false)
    expect(await store.runs.cancel(scope, run.id)).toBe(false)
    await expect(store.runs.finish(scope, run.id, { status: 'done' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  })

  it('that are unknown say so', async () => {
    await expect(store.runs.get(scope, 9999)).rejects.toMatchObject({ code: 'RUN_UNKNOWN' })
    await expect(store.runs.list(scope, { limit: 0 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    await expect(store.runs.list(scope, { cursor: 'rubbish' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })

  it('of living processes are not abandoned', async () => {
    await newRun()
    expect(await store.runs.abandoned(scope)).toEqual([])
  })
})

describe('datasets and models', () => {
  it('allot versions at publish, without gaps, also at once and when some fail', async () => {
    const publish = (fail: boolean) =>
      store.transaction(scope, async (tx) => {
        const { version: number } = await tx.datasets.publish(scope, version('v'))
        if (fail) throw new Error('on purpose')
        return number
      })
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => publish(i % 4 === 0)))
    const numbers = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
    const listed = await all((cursor) => store.datasets.versions(scope, 'v', { cursor, limit: 4 }))
    expect(listed.map((each) => each.version)).toEqual(Array.from({ length: 15 }, (_, i) => 15 - i))
    expect((await store.datasets.get(scope, 'v')).version).toBe(15)
    expect((await store.datasets.get(scope, 'v', 3)).rows).toBe(5e9)
  })

  it('that are unknown name the ones there are', async () => {
    await store.datasets.publish(scope, version('flights'))
    await expect(store.datasets.get(scope, 'flihgts')).rejects.toMatchObject({
      code: 'DATASET_UNKNOWN',
      fix: "did you mean 'flights'?",
    })
    await expect(store.datasets.get(scope, 'flights', 7)).rejects.toMatchObject({ why: 'its only version is 1' })
    for (let i = 2; i <= 10; i++) await store.datasets.publish(scope, version('gaps'))
    await store.datasets.remove(scope, 'gaps', [1, 4, 5, 7])
    await expect(store.datasets.get(scope, 'gaps', 5)).rejects.toMatchObject({ why: 'it was removed: its versions are 2 to 3, 6, 8 to 9' }) // biome-ignore format: one line
    await expect(store.datasets.get(scope, 'gaps', 10)).rejects.toMatchObject({
      why: 'its versions are 2 to 3, 6, 8 to 9',
    })
    await expect(store.models.get(scope, 'm7')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' })
  })

  it('refuse a model of a dataset version that is not there', async () => {
    const wrong = store.models.publish(scope, { ...model('m'), dataset: 'flights', datasetVersion: 99 })
    await expect(wrong).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    const right = await store.models.publish(scope, { ...model('m'), dataset: 'flights', datasetVersion: 1 })
    expect(right).toMatchObject({ version: 1, metrics: { auc: 0.7 }, features: ['a'] })
  })
})

describe('endpoints', () => {
  it('keep a history, and only the newest deployment may change their state', async () => {
    await store.models.publish(scope, model('served'))
    const deployment = { name: 'e', model: 'served', modelVersion: 1, config: { input: [] } }
    const first = await store.endpoints.deploy(scope, deployment)
    const second = await store.endpoints.deploy(scope, { ...deployment, config: { input: ['a'] } })
    expect([first.generation, second.generation]).toEqual([1, 2])
    await expect(store.endpoints.setState(scope, 'e', 1, 'ready')).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(await store.endpoints.setState(scope, 'e', 2, 'ready')).toMatchObject({
      state: 'ready',
      config: { input: ['a'] },
    })
    expect((await store.endpoints.deployments(scope, 'e')).items.map((each) => each.generation)).toEqual([2, 1])
    await expect(store.endpoints.get(scope, 'f')).rejects.toMatchObject({ code: 'ENDPOINT_UNKNOWN' })

    await store.windows.put(scope, { endpoint: 'e', start: 0, end: 10, rows: 1, verdict: 'ok' })
    await store.windows.put(scope, { endpoint: 'e', start: 0, end: 10, rows: 2, verdict: 'late' })
    await store.windows.put(scope, { endpoint: 'e', start: 10, end: 20, rows: 3, verdict: 'ok' })
    const windows = await all((cursor) => store.windows.list(scope, 'e', { cursor, limit: 1 }))
    expect(windows.map(({ start, rows }) => [start, rows])).toEqual([
      [10, 3],
      [0, 2],
    ])
    expect(await store.endpoints.remove(scope, 'e')).toBe(true)
    expect(await store.endpoints.remove(scope, 'e')).toBe(false)
  })
})

describe('transactions', () => {
  it('show nothing of what they undo', async () => {
    const work = store.transaction(scope, async (tx) => {
      await tx.events.record(scope, { action: 'test.undo', subject: 'x' })
      expect((await tx.events.list(scope, { action: 'test.undo' })).items.length).toBe(1)
      throw new Error('on purpose')
    })
    await expect(work).rejects.toThrow(/on purpose/)
    expect((await store.events.list(scope, { action: 'test.undo' })).items).toEqual([])
  })

  it('are run again after a deadlock', async () => {
    for (const name of ['x', 'y']) await store.datasets.publish(scope, version(name))
    const both = (first: string, second: string) =>
      store.transaction(scope, async (tx) => {
        await tx.datasets.publish(scope, version(first))
        await new Promise((resolve) => setTimeout(resolve, 50))
        return (await tx.datasets.publish(scope, version(second))).version
      })
    expect((await Promise.all([both('x', 'y'), both('y', 'x')])).sort()).toEqual([2, 3])
  })
})
