import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { galley as command, type Ended, ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-late-'))
const told: { kind: string; job: number; status: string; text: string }[] = []
const hook = createServer((request, response) => {
  request.setEncoding('utf8').on('data', (text: string) => void told.push(JSON.parse(text)))
  request.on('end', () => response.end())
})
beforeAll(async () => {
  w = await openWritten()
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
}, 120_000)
afterAll(async () => {
  hook.close()
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const galley = (...args: string[]): Promise<Ended> => command(w.home, ...args)
const env = () => ({ GALLEY_ALERTS: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook` })

test('a job that is not done in time is told of once, while its workers are at work, and after they were killed', async () => {
  const file = join(folder, 'slow.ts')
  writeFileSync(
    file,
    `import { count, generate, hours, mean, recipe, values } from 'galley'
export default recipe('slow', (k) => {
  const columns = { id: values.sequence(), at: values.times({ start: '2026-01-01', every: hours(1) }), key: values.uniform('int64', { min: 1, max: 500 }) }
  const rows = k.step('slow-rows', k.source('slow-source', generate('slow', { rows: 4_000_000, columns })))
  const lately = rows.rolling({ by: 'key', on: 'at', over: hours(20_000) }, (r) => ({ n: count(), late: mean(r.id) }))
  k.dataset('slow', rows.asOf(lately, { by: 'key', at: 'at' }))
})
`,
  )
  expect(await galley('schedules', 'set', 'slow', file, '--cron', '0 6 1 1 *', '--done-within', '2s')).toMatchObject({ code: 0 }) // biome-ignore format: one line
  // its attempts end with its workers
  await w.galley.store.schedules.set(await w.galley.scope(), { ...(await w.galley.store.schedules.get(await w.galley.scope(), 'slow')), mostAttempts: 1 }) // biome-ignore format: one line
  const children = [start(w.home, ['worker'], env()), start(w.home, ['worker'], env())]
  const ends = children.map(ended)
  await Promise.all(children.map((c) => new Promise((resolve) => c.stderr?.once('data', resolve))))
  const { number, doneBy } = await w.client.schedules.fire({ name: 'slow', body: {} })
  expect(doneBy).not.toBeNull()
  try {
    await expect.poll(() => told.map((t) => [t.kind, t.job, t.status]), { timeout: 30_000 }).toEqual([['job late', number, 'running']]) // biome-ignore format: one line
    expect(told[0]?.text).toMatch(/slow: job \d+ was not done by 20.*Z \(workspace default, schedule slow\): it is still running/) // biome-ignore format: one line
    const listed = (await galley('jobs', 'ls')).out
    expect(listed).toContain('running, late')
    const { owner } = await w.galley.store.jobs.get(await w.galley.scope(), number)
    const victim = children.find((c) => owner?.split(':')[1] === String(c.pid))
    victim?.kill('SIGKILL')
    await expect.poll(() => told.map((t) => t.kind), { timeout: 20_000 }).toEqual(['job late', 'job failed'])
    expect(told[1]).toMatchObject({ job: number, text: expect.stringContaining('the worker that was at it is gone') })
  } finally {
    for (const child of children) child.kill('SIGTERM')
    await Promise.all(ends)
  }
  const again = await ended(start(w.home, ['worker', '--until-empty'], env()))
  expect(again).toMatchObject({ code: 0 })
  await sleep(500)
  expect(told).toHaveLength(2)
  expect((await galley('jobs', 'show', String(number))).out).toMatch(/it was to be done by .* UTC, and was not/)
}, 180_000)
