import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTestStore, type TestStore } from '../store/testing/store.ts'
import { createWorkspace, openScope } from './workspace.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())

describe('openScope', () => {
  it('makes the default workspace when it is first asked for, once', async () => {
    const scopes = await Promise.all(Array.from({ length: 5 }, () => openScope(test.store, 'default', 'me')))
    expect(new Set(scopes.map((scope) => scope.workspace)).size).toBe(1)
    expect(scopes[0]?.caller).toBe('me')
  })

  it('knows only workspaces that were made', async () => {
    await expect(openScope(test.store, 'reserch', 'me')).rejects.toMatchObject({ code: 'WORKSPACE_UNKNOWN' })
    await expect(openScope(test.store, 'kitchen', 'me')).rejects.toMatchObject({
      fix: expect.stringContaining('galley workspaces create kitchen'),
    })
    await createWorkspace(test.store, 'research')
    await expect(openScope(test.store, 'reserch', 'me')).rejects.toMatchObject({
      fix: expect.stringContaining("did you mean 'research'?"),
    })
    const scope = await openScope(test.store, 'research', 'me')
    expect(scope.workspace).not.toBe((await openScope(test.store, 'default', 'me')).workspace)
  })

  it.each(['', 'A', 'a b', '-a', 'a/b', 'x'.repeat(64)])('refuses %j as a name', async (name) => {
    await expect(createWorkspace(test.store, name)).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  })
})
