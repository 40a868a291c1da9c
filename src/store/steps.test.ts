import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Scope } from '../base/scope.ts'
import type { Store } from './store.ts'
import { openTestStore, type TestStore } from './testing/store.ts'

let opened: TestStore
let store: Store
let scope: Scope

beforeAll(async () => {
  opened = await openTestStore()
  ;({ store, scope } = opened)
})
afterAll(() => opened.close())

const newRun = () => store.runs.start(scope, { recipe: 'r', recipeHash: 'h', recipeJson: { b: 1, a: ['\u0000'] } })

const fenced = { name: 'fenced', rows: 1, bytes: 1, schema: [{ name: 'a' }], hash: 'h', path: 'p', parents: [] }

test('steps that can be repeated are done and in the cache by one statement, with all that is told of them', async () => {
  const run = await newRun()
  await store.steps.plan(scope, run.id, [{ id: 'pure', kind: 'table' }])
  const told = {
    ...{
      output: { rows: 3, text: 'it\'s \\ "so"' },
      cached: false,
      cacheKey: 'pure-key',
      keyParts: ['a'],
      because: ['b'],
    },
    ...{ seconds: 0.25, ledger: { c: 1 }, resources: { d: 2 } },
  }
  const claim = await store.steps.claim(scope, run.id, 'pure')
  await store.steps.complete(scope, claim as never, { ...told, repeatable: true, keep: true })
  const { items } = await store.steps.list(scope, run.id)
  expect(items).toMatchObject([{ ...told, status: 'done', owner: null, lease: null, engine: null, error: null }])
  expect(await store.cache.find(scope, 'pure-key')).toMatchObject({ output: told.output, run: run.id, step: 'pure' })
  expect((await store.runs.finish(scope, run.id, { status: 'done' })).status).toBe('done')
})

test('steps whose end the database lost keep a run from its own', async () => {
  const run = await newRun()
  await store.steps.plan(scope, run.id, [{ id: 'lost', kind: 'table' }])
  const refused = { code: 'STORE_UNAVAILABLE', what: expect.stringContaining("'lost'") }
  await expect(store.runs.finish(scope, run.id, { status: 'done' })).rejects.toMatchObject(refused)
  const claim = await store.steps.claim(scope, run.id, 'lost')
  await expect(store.runs.finish(scope, run.id, { status: 'waiting' })).rejects.toMatchObject(refused)
  expect((await store.runs.get(scope, run.id)).status).toBe('running')
  await store.steps.complete(scope, claim as never, { repeatable: true })
  expect((await store.runs.finish(scope, run.id, { status: 'done' })).status).toBe('done')
})

test('steps are claimed once, and again when the lease ran out; the former claim can no longer write', async () => {
  const run = await newRun()
  await store.steps.plan(scope, run.id, [{ id: 'clean', kind: 'table' }])
  const claims = await Promise.all(Array.from({ length: 8 }, () => store.steps.claim(scope, run.id, 'clean', 0.2)))
  const stale = claims.find((claim) => claim !== undefined)
  expect(claims.filter((claim) => claim !== undefined).length).toBe(1)
  if (!stale) throw new Error('no claim')
  expect(await store.steps.renew(scope, stale, 0.2)).toBe(true)
  expect(await store.steps.claim(scope, run.id, 'clean')).toBeUndefined()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const fresh = await store.steps.claim(scope, run.id, 'clean')
  if (!fresh) throw new Error('no claim')
  expect(fresh.generation).toBe(stale.generation + 1)
  expect(await store.steps.renew(scope, stale)).toBe(false)

  const attempt = store.transaction(scope, async (tx) => {
    await tx.datasets.publish(scope, { ...fenced, run: run.id })
    await tx.cache.put(scope, { key: 'fenced', output: 1, run: run.id, step: 'clean' })
    await tx.steps.complete(scope, stale, { output: 'stale' })
  })
  await expect(attempt).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  expect(await store.datasets.find(scope, 'fenced')).toBeUndefined()
  expect(await store.cache.find(scope, 'fenced')).toBeUndefined()

  const kept = { output: 'stale', cacheKey: 'fenced', repeatable: true, keep: true }
  await expect(store.steps.complete(scope, stale, kept)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  expect(await store.cache.find(scope, 'fenced')).toBeUndefined()

  const published = await store.transaction(scope, async (tx) => {
    await tx.steps.complete(scope, fresh, { output: 'fresh', seconds: 1.5, cached: false, ledger: { a: 1 } })
    return tx.datasets.publish(scope, { ...fenced, run: run.id })
  })
  expect(published.version).toBe(1)
  const [step] = (await store.steps.list(scope, run.id)).items
  expect(step).toMatchObject({ status: 'done', output: 'fresh', seconds: 1.5, ledger: { a: 1 }, owner: null })
  expect(await store.steps.claim(scope, run.id, 'clean')).toBeUndefined()
})

test('steps that failed may be claimed again; skipped ones may not', async () => {
  const run = await newRun()
  await store.steps.plan(scope, run.id, [
    { id: 'a', kind: 'table' },
    { id: 'b', kind: 'table' },
  ])
  const claim = await store.steps.claim(scope, run.id, 'a')
  if (!claim) throw new Error('no claim')
  await store.steps.fail(scope, claim, { code: 'X' })
  await store.steps.skip(scope, run.id, ['a', 'b'])
  expect((await store.steps.list(scope, run.id)).items.map((step) => step.status)).toEqual(['failed', 'skipped'])
  expect(await store.steps.claim(scope, run.id, 'a')).toMatchObject({ generation: 2 })
  expect(await store.steps.claim(scope, run.id, 'b')).toBeUndefined()
})

test('steps of an adopted run are fenced off from its former process', async () => {
  const run = await newRun()
  await store.steps.plan(scope, run.id, [{ id: 'a', kind: 'table' }])
  const claim = await store.steps.claim(scope, run.id, 'a', 60)
  if (!claim) throw new Error('no claim')
  await store.runs.adopt(scope, run)
  await expect(store.steps.complete(scope, claim, {})).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  expect(await store.steps.claim(scope, run.id, 'a')).toMatchObject({ generation: 3 })
})
