import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptBatch } from '../../src/data/connectors/push/accept.ts'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { intact } from '../../src/data/datasets/files.ts'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { json, push, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { ended, start } from './command.ts'
import { holdingIn, openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const holding = (text: string) => holdingIn(w, text)
const forget = async (name: string, key: string, value: string) =>
  resultOf<ForgetReport[]>(await w.client.datasets.forget({ name, body: { key, value } }), () => {})

test('of rows that a source could not read only theirs go where the key can be read; the step is not run again', async () => {
  const people = join(w.folder, 'quarantined.jsonl')
  writeFileSync(people, '{"person":"stays","n":1}\n{"person":"gone-66","n":"x"}\n{"person":"other","n":"gone-66"}\n')
  const made = recipe('quarantined', (k) => {
    const t = k.source('quarantined-lines', json(people, { person: 'string', n: 'int64' }, { broken: 'skip' }))
    k.dataset('quarantined', t)
  })
  const events: string[] = []
  const own = {
    folder: w.folder,
    signal,
    on: (e: { type: string; id?: string }) => void events.push(JSON.stringify(e)),
  }
  const scope = await w.galley.scope()
  await run(w.galley.ware, scope, made, own)
  const [report] = await forget('quarantined', 'person', 'gone-66')
  expect(report?.copies).toMatchObject({ aside: [{ path: expect.stringContaining('_quarantined-lines'), rows: 1 }], removed: [] }) // biome-ignore format: one line
  const aside = async () => {
    const { items } = await w.client.datasets.rejected({ name: 'quarantined-lines' })
    return items.map((r) => (r as { row?: unknown }).row)
  }
  expect(JSON.stringify(await aside())).toContain('other')
  expect((await aside()).length).toBe(1)
  events.length = 0
  const { outputs } = await run(w.galley.ware, scope, made, own)
  expect(outputs.get('quarantined-lines')).toMatchObject({ rejected: { 'broken record (is not of type int64)': 1 } })
  expect(events.some((e) => /"cached"/.test(e) && e.includes('quarantined-lines'))).toBe(true)
  expect((await aside()).length).toBe(1)
})

describe('batches that were pushed', () => {
  const sender = async (source: string) => {
    const at = { ...w.galley.ware, scope: await w.galley.scope(), signal }
    return (key: string, text: string, mediaType = 'application/jsonl') =>
      acceptBatch(at, { source, key, mediaType, bytes: lines(text), limit: 10_000 })
  }
  const go = async (made: ReturnType<typeof recipe>) =>
    run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal, on: () => {} })
  const visitsOf = (name: string, source: string) =>
    recipe(name, (k) => {
      k.dataset(`${name}-seen`, k.source(`${name}-visits`, push(source, { person: 'string', n: 'int64' })))
    })

  test('are written anew without the rows; their keys and numbers stay, and what is read of them has none', async () => {
    const made = visitsOf('pushed', 'visits')
    await expect(go(made)).rejects.toMatchObject({ fix: 'push to it first: galley push visits FILE' })
    const send = await sender('visits')
    const texts = ['{"person":"gone-77","n":1}\n{"person":"stays","n":2}\n{"person":"gone-77","n":"x"}\n{"person":"too","n":"gone-77"}\n', '{"person":"other","n":3}\n', '{"person":"gone-77","n":4}\n'] // biome-ignore format: one line
    for (const [i, text] of texts.entries()) await send(`k${i}`, text)
    await go(made)
    const [report] = await forget('pushed-seen', 'person', 'gone-77')
    expect(report?.versions).toEqual([{ version: 1, rows: 2, rejected: 0 }])
    expect(report?.copies.pushed).toEqual([
      { path: expect.stringContaining('_push.visits'), rows: 1, aside: 1, unread: false },
      { path: expect.stringContaining('_push.visits'), rows: 1, aside: 0, unread: false },
    ])
    // the row of another person that says the name as its number stays aside
    const scope = await w.galley.scope()
    expect((await holding('gone-77')).map((path) => path.split('/').at(-3))).toEqual(['_push.visits'])
    const batches = (await w.galley.store.sources.batches(scope, 'visits')).items.toReversed()
    expect(batches.map((b) => [b.number, b.key, b.rows, b.broken])).toEqual([
      [1, 'k0', 1, 1],
      [2, 'k1', 1, 0],
      [3, 'k2', 0, 0],
    ])
    expect(batches[0]?.rejected).toEqual({ 'broken record (is not of type int64)': 1 })
    expect(await w.galley.store.sources.get(scope, 'visits')).toMatchObject({ batches: 3, rows: 2, broken: 1 })
    const root = join(w.galley.store.home.datasets, scope.workspace, '_push.visits')
    expect(readdirSync(root).length).toBe(3)
    // sent again it is known, and adds nothing
    expect((await send('k0', texts[0] ?? '')).replayed).toBe(true)
    await go(made)
    expect(await w.rows('pushed-seen')).toEqual(['stays,2', 'other,3'])
    expect((await forget('pushed-seen', 'person', 'gone-77'))[0]?.copies.pushed).toEqual([])
  })

  test('lose all rows set aside where whose they are can not be read, which is said', async () => {
    const made = visitsOf('lines', 'visit-lines')
    await w.client.sources.open({ name: 'visit-lines', body: { columns: { person: 'string', n: 'int64' } } })
    const send = await sender('visit-lines')
    await send('a', 'person,n\nstays,1\ngone-88,x\nother,y\n', 'text/csv')
    await go(made)
    const [report] = await forget('lines-seen', 'person', 'gone-88')
    expect(report?.copies.pushed).toMatchObject([{ rows: 0, aside: 2, unread: true }])
    expect(await holding('gone-88')).toEqual([])
    await go(made)
    expect(await w.rows('lines-seen')).toEqual(['stays,1'])
  })

  test('what a killed one left is removed the next time', async () => {
    const scope = await w.galley.scope()
    const made = visitsOf('left', 'visits-left')
    await w.client.sources.open({ name: 'visits-left', body: { columns: { person: 'string', n: 'int64' } } })
    const send = await sender('visits-left')
    await send('a', '{"person":"gone-99","n":1}\n{"person":"stays","n":2}\n')
    await go(made)
    const root = join(w.galley.store.home.datasets, scope.workspace, '_push.visits-left')
    cpSync(join(root, '000000000001'), join(root, '000000000001f00000000'), { recursive: true })
    await forget('left-seen', 'person', 'gone-99')
    expect(readdirSync(root).length).toBe(1)
    expect(await holding('gone-99')).toEqual([])
  })

  test(`killed ${KILLS} times while batches are written anew, each is as it was or without the rows, and the next one ends it`, {
    timeout: 60_000 + KILLS * 30_000,
  }, async () => {
    const BATCHES = 8
    const made = visitsOf('killed', 'visits-killed')
    await w.client.sources.open({ name: 'visits-killed', body: { columns: { person: 'string', n: 'int64' } } })
    const send = await sender('visits-killed')
    const people = Array.from({ length: KILLS }, (_, i) => `killed-${i}-`)
    for (let b = 0; b < BATCHES; b++) {
      const rows = ['stays', ...people].flatMap((person) => [
        { person, n: b },
        { person, n: 'x' },
      ])
      await send(`k${b}`, rows.map((r) => `${JSON.stringify(r)}\n`).join(''))
    }
    await go(made)
    const { store } = w.galley
    const scope = await w.galley.scope()
    const root = join(store.home.datasets, scope.workspace, '_push.visits-killed')
    const batches = async () => (await store.sources.batches(scope, 'visits-killed', { limit: 100 })).items
    let alive = 0
    for (const [kill, person] of people.entries()) {
      const before = new Set(readdirSync(root))
      const child = start(w.home, ['datasets', 'forget', 'killed-seen', '--key', 'person', '--value', person])
      const end = ended(child)
      // it has begun to write batches anew, or was too fast for it to be seen
      while (child.exitCode === null && readdirSync(root).every((id) => before.has(id))) await sleep(5)
      await sleep((kill * 37) % 250)
      if (child.kill('SIGKILL')) alive++
      await end
      const [all, has] = [KILLS + 1 - kill, KILLS - kill]
      for (const { folder, files, rows, broken } of await batches()) {
        expect(await intact(files.map((f) => ({ ...f, path: join(store.home.datasets, folder, f.name) })))).toBe(true)
        expect([all, has]).toContain(rows)
        expect(broken).toBe(rows)
      }
      await forget('killed-seen', 'person', person)
      expect(await holding(person)).toEqual([])
      expect(readdirSync(root).length).toBe(BATCHES)
      expect((await batches()).map((b) => [b.rows, b.broken])).toEqual(
        Array.from({ length: BATCHES }, () => [has, has]),
      )
    }
    expect(alive).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2))
    await go(made)
    expect(await w.rows('killed-seen')).toEqual(Array.from({ length: BATCHES }, (_, b) => `stays,${b}`))
  })
})

async function* lines(text: string) {
  yield Buffer.from(text)
}
