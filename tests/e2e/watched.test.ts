import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { work } from '../../src/runs/worker.ts'
import { galley as command, recipeFile } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-watched-'))
beforeAll(async () => {
  w = await openWritten()
})
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
const galley = (...args: string[]) => command(w.home, ...args)
/** What workers that look at the same time take. */
async function worked(): Promise<number> {
  const options = { tags: [], signal: new AbortController().signal, on: () => {}, say: () => {}, untilEmpty: true }
  const scope = await w.galley.scope()
  const taken = await Promise.all([work(w.galley.ware, scope, options), work(w.galley.ware, scope, options)])
  return taken.reduce((n, t) => n + t.taken, 0)
}

test('a new version of a dataset runs what watches it, once; paused it waits, and then sees the newest', async () => {
  const counted = join(folder, 'counted.ts')
  writeFileSync(counted, `import { count, dataset, recipe } from 'galley'\nexport default recipe('counted', (k) => {\n  k.dataset('counted', k.source('the-days', dataset('days', { id: 'int64' })).aggregate([], () => ({ n: count() })))\n})\n`) // biome-ignore format: one line
  const set = await galley('schedules', 'set', 'on-days', counted, '--on', 'dataset:days')
  expect(set).toMatchObject({ code: 0, out: expect.stringContaining('runs counted when dataset:days has changed') })
  expect(await worked()).toBe(0)
  await w.write('days', ['1,a,1', '2,b,2'])
  expect([await worked(), await worked()]).toEqual([1, 0])
  expect(await w.rows('counted')).toEqual(['2'])
  await w.client.schedules.pause({ name: 'on-days', body: {} })
  await w.write('days', ['1,a,1'])
  await w.write('days', ['1,a,1', '2,b,2', '3,c,3'])
  expect(await worked()).toBe(0)
  await w.client.schedules.resume({ name: 'on-days', body: {} })
  expect([await worked(), await worked()]).toEqual([1, 0])
  expect(await w.rows('counted')).toEqual(['3'])
  // by hand
  expect(await galley('schedules', 'fire', 'on-days')).toMatchObject({
    code: 0,
    out: expect.stringContaining("of 'on-days' is queued"),
  })
  expect(await worked()).toBe(1)
  expect((await galley('schedules', 'ls')).out).toMatch(/on-days +counted +dataset:days/)
  expect(await galley('schedules', 'fire', 'on-dayz')).toMatchObject({
    code: 2,
    err: expect.stringContaining("did you mean 'on-days'?"),
  })
}, 120_000)

test('on days on which it rests nothing is looked at; what has changed meanwhile runs it on the first one after, once', async () => {
  const file = recipeFile(
    folder,
    'rested',
    "k.dataset('rested', k.source('rested-days', dataset('restful', { id: 'int64' })))",
  )
  const zone = 'Pacific/Kiritimati'
  /** The date there, after some days. */
  const date = (after: number) => new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(Date.now() + after * 86_400_000) // biome-ignore format: one line
  const days = (list: readonly string[]) => w.client.calendars.set({ name: 'ours', body: { days: list.map((date) => ({ date, name: 'closed' })) } }) // biome-ignore format: one line
  await days([date(0), date(1)])
  const set = ['schedules', 'set', 'rested', file, '--on', 'dataset:restful', '--calendar', 'ours', '--except', 'holidays', '--zone', zone] // biome-ignore format: one line
  expect(await galley(...set)).toMatchObject({ code: 0 })
  await w.write('restful', ['1,a,1'])
  await w.write('restful', ['1,a,1', '2,b,2'])
  expect(await worked()).toBe(0)
  await days(['2001-01-01'])
  expect([await worked(), await worked()]).toEqual([1, 0])
  expect(await w.rows('rested')).toEqual(['1', '2'])
  expect(await galley(...set, '--instead', 'next-day')).toMatchObject({ code: 2, err: expect.stringContaining('on no other day instead') }) // biome-ignore format: one line
  const unknown = await galley(...set.with(7, 'none-such'))
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('none-such') })
}, 60_000)

test('files that are new or changed do, once nothing writes to them', async () => {
  mkdirSync(join(folder, 'in'))
  const put = (name: string, text: string, old = true) => {
    const file = join(folder, 'in', name)
    appendFileSync(file, text)
    if (old) utimesSync(file, 1e9, 1e9)
  }
  const file = join(folder, 'filed.ts')
  writeFileSync(file, `import { csv, folder, recipe } from 'galley'\nexport default recipe('filed', (k) => {\n  k.dataset('filed', k.source('the-files', folder('in/*.csv', csv, { id: 'int64' })))\n})\n`) // biome-ignore format: one line
  const set = await galley('schedules', 'set', 'on-files', file, '--on', 'files:in/*.csv')
  expect(set.out).toContain(`when files:${folder}/in/*.csv has changed`)
  expect(await worked()).toBe(0)
  put('a.csv', 'id\n1\n')
  expect([await worked(), await worked()]).toEqual([1, 0])
  put('b.csv', 'id\n2\n', false)
  expect(await worked()).toBe(0)
  put('b.csv', '3\n')
  expect([await worked(), await worked()]).toEqual([1, 0])
  expect(await w.rows('filed')).toEqual(['1', '2', '3'])
}, 120_000)

test('what can not be watched is refused', async () => {
  const own = recipeFile(folder, 'own', `k.dataset('own', k.source('lines', csv('a.csv', { id: 'int64' })))`)
  for (const [args, says] of [
    [['--on', 'dataset:own'], 'each run would be followed by another'],
    [['--on', 'table:own'], "'table:own' can't be watched"],
    [['--on', 'dataset:Own'], "'Own' can't name a dataset"],
    [[], 'neither a cron nor something to watch'],
    [['--on', 'dataset:days', '--cron', '0 6 * * *'], 'both a cron and something to watch'],
  ] as const)
    expect(await galley('schedules', 'set', 'wrong', own, ...args)).toMatchObject({
      code: 2,
      err: expect.stringContaining(says),
    })
  const parts = join(folder, 'parts.ts')
  writeFileSync(parts, `import { csv, keys, partitioned } from 'galley'\nexport default partitioned('parts', { shop: keys(['a']) }, (k) => {\n  k.dataset('own', k.source('lines', csv('a.csv', { id: 'int64' })))\n})\n`) // biome-ignore format: one line
  expect(await galley('schedules', 'set', 'wrong', parts, '--on', 'dataset:own')).toMatchObject({
    code: 2,
    err: expect.stringContaining('each run would be followed by another'),
  })
  const body = { recipe: { format: 1, name: 'r', file: '/r.ts' } as const, folder, watch: 'files:in/*.csv' }
  await expect(w.client.schedules.set({ name: 'wrong', body })).rejects.toMatchObject({ code: 'SCHEDULE_INVALID' })
}, 120_000)

test('what can not be looked at is told once, and workers go on', async () => {
  const file = recipeFile(
    folder,
    'counts',
    `k.dataset('counts', k.source('counted', dataset('days', { id: 'int64' })))`,
  )
  const long = `files:/${'x'.repeat(300)}`
  await galley('schedules', 'set', 'a-long', file, '--on', long)
  await galley('schedules', 'set', 'b-days', file, '--on', 'dataset:days')
  symlinkSync('loop.csv', join(folder, 'in', 'loop.csv'))
  await w.write('days', ['4,d,4'])
  const said: string[] = []
  const stop = new AbortController()
  const worker = work(w.galley.ware, await w.galley.scope(), {
    ...{ tags: [], signal: stop.signal, on: () => {}, say: (text: string) => said.push(text) },
  })
  await sleep(3500)
  stop.abort()
  expect((await worker).failed).toBe(0)
  expect(said.filter((text) => text.includes("'a-long' can't look at"))).toHaveLength(1)
  expect(await w.rows('counts')).toEqual(['4'])
}, 120_000)

test('an alarm of an endpoint’s monitor runs what watches it, once; one that is taken back does not', async () => {
  const { store } = w.galley
  const scope = await w.galley.scope()
  const file = recipeFile(folder, 'retrain', "k.dataset('retrained', k.source('retrain-days', dataset('alarm-days', { id: 'int64' })))") // biome-ignore format: one line
  await w.write('alarm-days', ['1,a,1'])
  const window = (start: number, status: string) =>
    store.windows.put(scope, { endpoint: 'late', start, end: start + 10, rows: 5, verdict: { status } })
  await store.models.publish(scope, { name: 'late', kind: 'gbdt', metrics: {}, blob: 'b', bytes: 3, features: [] })
  await store.endpoints.deploy(scope, { name: 'late', model: 'late', modelVersion: 1, config: {} })
  await window(10, 'ok')
  const set = await galley('schedules', 'set', 'on-drift', file, '--on', 'drift:late')
  expect(set).toMatchObject({
    code: 0,
    out: expect.stringContaining('runs retrain when the monitor of late is alarmed'),
  })
  expect(await worked()).toBe(0)
  await window(20, 'alarm')
  await window(30, 'alarm')
  expect([await worked(), await worked()]).toEqual([1, 0])
  // judged anew, the newest is none; the one before was seen
  await window(30, 'ok')
  expect(await worked()).toBe(0)
  await window(40, 'alarm')
  expect([await worked(), await worked()]).toEqual([1, 0])
}, 120_000)

test('a job that failed for good runs what watches its recipe, once, also where it is tried again; its own failures run nothing', async () => {
  const failing = recipeFile(folder, 'fails', "k.dataset('never', k.source('nothing', dataset('no-such-dataset', { id: 'int64' })))") // biome-ignore format: one line
  const after = recipeFile(folder, 'tidies', "k.dataset('tidied', k.source('tidy-days', dataset('tidy', { id: 'int64' })))") // biome-ignore format: one line
  await w.write('tidy', ['1,a,1'])
  expect(await galley('schedules', 'set', 'on-failed', after, '--on', 'failed:fails')).toMatchObject({
    code: 0,
    out: expect.stringContaining('when a job of fails has failed'),
  })
  expect(await worked()).toBe(0)
  expect(await galley('run', failing, '--queue')).toMatchObject({ code: 0 })
  // the job, and what its failure runs
  let taken = 0
  for (let look = 0; look < 5 && taken < 2; look++) taken += await worked()
  expect(taken).toBe(2)
  expect(await w.rows('tidied')).toEqual(['1'])
  const failed = (await w.client.jobs.list({})).items.find((j) => j.recipe === 'fails')
  await w.client.jobs.retry({ job: failed?.number ?? 0, body: {} })
  taken = 0
  for (let look = 0; look < 5 && taken < 2; look++) taken += await worked()
  expect(taken).toBe(2)
  expect(await galley('schedules', 'set', 'own', failing, '--on', 'failed:fails')).toMatchObject({
    code: 2,
    err: expect.stringContaining("can't be run by its own failures"),
  })
}, 120_000)

test('a worker that is asked to stop while it looks at files ends as any other', async () => {
  const place = join(folder, 'looked-at')
  mkdirSync(place)
  writeFileSync(join(place, 'one.csv'), 'n\n1\n')
  const file = recipeFile(folder, 'looked', `k.dataset('looked', k.source('looked-lines', csv('looked-at/one.csv', { n: 'int64' })))`) // biome-ignore format: one line
  expect(await galley('schedules', 'set', 'on-look', file, '--on', `files:${place}/*.csv`)).toMatchObject({ code: 0 })
  const stop = new AbortController()
  const { ware } = w.galley
  const { schedules } = ware.store
  const watching: typeof schedules.watching = async (scope) => {
    const found = await schedules.watching(scope)
    stop.abort(new Error('asked to stop'))
    return found
  }
  const stopped = { ...ware, store: { ...ware.store, schedules: { ...schedules, watching } } }
  const options = { tags: [], signal: stop.signal, on: () => {}, say: () => {} }
  expect(await work(stopped, await w.galley.scope(), options)).toEqual({ taken: 0, failed: 0 })
})
