import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '../base/scope.ts'
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

const version = (name: string) => ({ name, rows: 1, bytes: 1, schema: [], hash: 'h', path: 'p', parents: [] })

describe('versions of datasets', () => {
  it('are found by number, by tag and as the newest; a tag moves, and goes', async () => {
    for (let i = 0; i < 3; i++) await store.datasets.publish(scope, version('tagged'))
    await store.tags.set(scope, 'tagged', 'prod', 2)
    const found = async (reference: string) => (await store.tags.resolve(scope, reference)).version
    expect([await found('tagged'), await found('tagged@1'), await found('tagged@prod')]).toEqual([3, 1, 2])
    await store.tags.set(scope, 'tagged', 'prod', 3)
    expect((await store.tags.list(scope, 'tagged')).items.map((t) => [t.tag, t.version])).toEqual([['prod', 3]])
    await expect(found('tagged@prd')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN', fix: "did you mean 'prod'?" })
    await expect(found('tagged@9')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    for (const text of ['', '@1', 'a@b@c', 'tagged@', 'tagged@0', 'tagged@1x', 'tagged@99999999999'])
      await expect(found(text)).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    await expect(store.tags.set(scope, 'tagged', '3', 1)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    await expect(store.tags.set(scope, 'tagged', 'x', 9)).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    await store.tags.remove(scope, 'tagged', 'prod')
    await expect(store.tags.remove(scope, 'tagged', 'prod')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
  })

  it('that go on from a version are published while it is the newest, and told when it is not', async () => {
    const at = (after: number) => store.datasets.publish(scope, version('chain'), { version: after })
    await expect(at(3)).rejects.toMatchObject({ code: 'STORE_CONFLICT', details: { dataset: 'chain', newest: 0 } })
    expect((await at(0)).version).toBe(1)
    const settled = await Promise.allSettled(Array.from({ length: 8 }, () => at(1)))
    expect(settled.filter((s) => s.status === 'fulfilled')).toHaveLength(1)
    expect(settled.find((s) => s.status === 'rejected')?.reason).toMatchObject({ code: 'STORE_CONFLICT' })
    expect((await store.datasets.get(scope, 'chain')).version).toBe(2)
  })
})
