import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import { work } from '../../src/runs/worker.ts'
import { galley as command, type Ended } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-holidays-'))
beforeAll(async () => {
  w = await openWritten()
  writeFileSync(join(folder, 'n.csv'), 'n\n1\n')
}, 120_000)
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const galley = (...args: string[]): Promise<Ended> => command(w.home, ...args)

test('a schedule rests on non-business days of a country, and of a calendar with days of one’s own', async () => {
  const file = join(folder, 'close.ts')
  writeFileSync(file, `import { csv, recipe } from 'galley'\nexport default recipe('close', (k) => { k.dataset('close', k.source('n', csv('n.csv', { n: 'int64' }))) })\n`) // biome-ignore format: one line
  const set = (...more: string[]) => galley('schedules', 'set', 'close', file, '--cron', '0 9 1 * *', '--zone', 'Asia/Seoul', ...more) // biome-ignore format: one line
  const made = await set('--calendar', 'KR', '--instead', 'next-day')
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining("at '0 9 1 * *' in Asia/Seoul but on non-business-days of KR, then on the next day that is none") }) // biome-ignore format: one line
  expect((await galley('schedules', 'show', 'close')).out.match(/UTC/g)?.length).toBe(6)
  for (const [more, says] of [
    [['--calendar', 'office'], "there is no calendar 'office'"],
    [['--calendar', 'FR'], "the holidays of 'FR' do not come with Galley"],
    [['--except', 'holidays'], 'nothing says which are holidays'],
    [['--except', 'mondays'], 'Allowed choices'],
  ] as const)
    expect(await set(...more)).toMatchObject({ code: 2, err: expect.stringContaining(says) })

  writeFileSync(join(folder, 'days.txt'), '2026-05-04 bridge day\n!2026-05-05\n')
  expect(await galley('calendars', 'set', 'office')).toMatchObject({ code: 2, err: expect.stringContaining('nothing says which days') }) // biome-ignore format: one line
  const office = await galley('calendars', 'set', 'office', '--country', 'KR', '--file', join(folder, 'days.txt'))
  expect(office).toMatchObject({ code: 0, out: 'office  holidays of KR, 1 of its own, without 1\n' })
  expect((await galley('calendars', 'ls')).out).toMatch(/office +KR +1 +1/)
  const shown = (await galley('calendars', 'show', 'office', '--year', '2026')).out
  expect(shown).toMatch(/2026-02-17 +설날/)
  expect(shown).toMatch(/2026-05-04 +bridge day/)
  expect(shown).not.toContain('2026-05-05')
  expect(shown).toContain('known up to 2027-12-31')
  expect(await set('--calendar', 'office', '--instead', 'previous-day')).toMatchObject({ code: 0 })
  expect(await galley('calendars', 'rm', 'office')).toMatchObject({ code: 1, err: expect.stringContaining("'close' names it") }) // biome-ignore format: one line
}, 180_000)

test('a day that becomes a holiday moves what comes; what a worker finds due on one it leaves out', async () => {
  const scope = await w.galley.scope()
  const { schedules, jobs } = w.galley.store
  const made = recipe('daily', (k) => {
    k.dataset('daily', k.source('n', csv('n.csv', { n: 'int64' })))
  })
  const days = (...dates: string[]) => w.client.calendars.set({ name: 'ours', body: { days: dates.map((date) => ({ date, name: 'ours' })) } }) // biome-ignore format: one line
  await days('2020-01-01')
  const body = { recipe: JSON.parse(JSON.stringify(made)), folder, cron: '0 12 * * *', zone: 'Asia/Seoul', calendar: 'ours', except: 'holidays' } as const // biome-ignore format: one line
  const { next } = await w.client.schedules.set({ name: 'daily', body })
  const first = new Date(next ?? 0)
  const dates = [0, 1, 2].map((n) => new Date(first.getTime() + n * 86_400_000).toISOString().slice(0, 10))
  await days(dates[0] as string, dates[1] as string)
  const moved = await w.client.schedules.get({ name: 'daily' })
  expect(moved.next).toBe(first.getTime() + 2 * 86_400_000)
  expect(moved.coming[0]).toBe(moved.next)
  // three days ago, two of which were holidays
  const day = (n: number) => Date.parse(`${dates[0]}T03:00:00Z`) - n * 86_400_000
  const ago = [3, 2].map((n) => new Date(day(n)).toISOString().slice(0, 10))
  await days(...ago)
  await schedules.set(scope, { ...(await schedules.get(scope, 'daily')), next: day(3), catchUp: 'all' })
  const options = { tags: [], signal: new AbortController().signal, on: () => {}, say: () => {}, untilEmpty: true }
  await work(w.galley.ware, scope, options)
  const due = (await jobs.list(scope, { limit: 10 })).items.map((j) => j.due)
  expect(due).toEqual([day(1)])
  await expect(w.client.calendars.get({ name: 'nothing' })).rejects.toMatchObject({ code: 'CALENDAR_UNKNOWN' })
}, 60_000)
