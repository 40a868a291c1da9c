import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import { csv, recipe } from '../../src/index.ts'
import { work } from '../../src/runs/worker.ts'
import { galley as command, ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-worker-'))
beforeAll(async () => {
  w = await openWritten()
})
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const job = (number: number) => w.client.jobs.get({ job: number })
async function until<T>(what: string, ask: () => Promise<T | undefined | false>, ms = 60_000): Promise<T> {
  for (const began = Date.now(); Date.now() - began < ms; await sleep(20)) {
    const found = await ask()
    if (found) return found
  }
  throw new Error(`${what} did not come`)
}
/** A recipe of a run of some seconds: a first step that is quick, a second that is not, and an append that must happen once. */
function slow(name: string, rows: number): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(
    file,
    `import { count, generate, hours, mean, recipe, values } from 'galley'
export default recipe('${name}', (k) => {
  const columns = { id: values.sequence(), at: values.times({ start: '2026-01-01', every: hours(1) }), key: values.uniform('int64', { min: 1, max: 500 }) }
  const quick = k.step('${name}-quick', k.source('${name}-source', generate('${name}', { rows: ${rows}, columns })))
  const lately = quick.rolling({ by: 'key', on: 'at', over: hours(20_000) }, (r) => ({ n: count(), late: mean(r.id) }))
  k.dataset('${name}-log', quick.asOf(lately, { by: 'key', at: 'at' }), { write: 'append' })
})
`,
  )
  return file
}

test(
  'a worker that is killed is followed within three seconds; finished steps are not done again, nothing is appended twice',
  async () => {
    for (let i = 0; i < KILLS; i++) {
      const name = `killed${i}`
      const queued = JSON.parse((await command(w.home, 'run', slow(name, 400_000), '--queue', '--json')).out) as { number: number } // biome-ignore format: one line
      const first = start(w.home, ['worker'])
      const firstEnd = ended(first)
      const second = start(w.home, ['worker'])
      const secondEnd = ended(second)
      try {
        const running = await until('a running job', async () => {
          const j = await job(queued.number)
          return j.status === 'running' && j.run !== null && j
        })
        const run = (id: string) => w.client.runs.get({ run: id })
        await until('the quick step', async () => (await run(running.run ?? '')).steps.some((s) => s.id === `${name}-quick` && s.status === 'done')) // biome-ignore format: one line
        // whichever has it
        const { owner } = await w.galley.store.jobs.get(await w.galley.scope(), queued.number)
        const victim = owner?.split(':')[1] === String(first.pid) ? first : second
        if (i % 2 === 0) victim.kill('SIGKILL')
        else victim.kill('SIGSTOP')
        const killed = Date.now()
        const taken = await until('another worker', async () => {
          const j = await job(queued.number)
          return j.attempts === 2 && j.run !== null && j.run !== running.run && j
        })
        expect(Date.now() - killed).toBeLessThan(3000 + 2000)
        if (i % 2 === 1) victim.kill('SIGCONT')
        await until('its end', async () => (await job(queued.number)).status === 'done')
        const again = await run((await job(queued.number)).run ?? taken.run ?? '')
        expect(again.steps.map((s) => [s.id, s.status, s.cached])).toEqual([
          [`${name}-source`, 'done', true],
          [`${name}-quick`, 'done', true],
          [`${name}-log`, 'done', false],
        ])
        expect(await w.client.datasets.get({ name: `${name}-log` })).toMatchObject({ version: 1, rows: 400_000 })
        if (i % 2 === 1) await sleep(1500) // the one that was paused would have published by now
        expect((await w.client.datasets.get({ name: `${name}-log` })).version).toBe(1)
      } finally {
        for (const child of [first, second]) {
          child.kill('SIGCONT')
          child.kill('SIGTERM')
        }
        await Promise.all([firstEnd, secondEnd])
      }
    }
  },
  60_000 + KILLS * 60_000,
)

test('a cancelled job stops within a second; one whose worker is asked to stop goes back to the queue', async () => {
  const queue = async (name: string) =>
    (JSON.parse((await command(w.home, 'run', slow(name, 2_000_000), '--queue', '--json')).out) as { number: number }).number // biome-ignore format: one line
  const [cancelled, stopped] = [await queue('cancelled'), await queue('stopped')]
  const child = start(w.home, ['worker'])
  const end = ended(child)
  const runningOf = (number: number) =>
    until('a running job', async () => {
      const j = await job(number)
      return j.status === 'running' && j.run !== null && j
    })
  const { run } = await runningOf(cancelled)
  await w.client.jobs.cancel({ job: cancelled, body: {} })
  const asked = Date.now()
  expect(await w.client.runs.get({ run: run ?? '' })).toMatchObject({ status: 'cancelled' })
  await runningOf(stopped)
  // it had to stop before it took the next
  expect(Date.now() - asked).toBeLessThan(1000 + 3000)
  child.kill('SIGTERM')
  await end
  expect(await job(stopped)).toMatchObject({ status: 'queued', attempts: 0 })
  await w.client.jobs.cancel({ job: stopped, body: {} })
}, 90_000)

test('a schedule: each moment gets one job, whichever worker looks; what was missed as it says; paused, it waits', async () => {
  const { galley: g } = w
  const scope = await g.scope()
  writeFileSync(join(folder, 'n.csv'), 'n\n1\n')
  const made = recipe('hourly', (k) => {
    k.dataset('hourly', k.source('n', csv('n.csv', { n: 'int64' })))
  })
  const body = { recipe: JSON.parse(JSON.stringify(made)), folder, cron: '0 * * * *', zone: 'Asia/Seoul' }
  const HOUR = 3_600_000
  const due = async (hours: number, more: object = {}) => {
    await w.client.schedules.set({ name: 'hourly', body: { ...body, ...more } })
    const { next, ...s } = await g.store.schedules.get(scope, 'hourly')
    await g.store.schedules.set(scope, { ...s, next: (next ?? 0) - hours * HOUR })
  }
  const worked = async () => {
    const options = { tags: [], signal: new AbortController().signal, on: () => {}, say: () => {}, untilEmpty: true }
    const taken = await Promise.all([work(g.ware, scope, options), work(g.ware, scope, options)])
    return taken.reduce((n, t) => n + t.taken, 0)
  }
  await w.client.schedules.set({ name: 'hourly', body })
  expect(await worked()).toBe(0)
  await due(4)
  expect(await worked()).toBe(1)
  expect(await worked()).toBe(0)
  // moments that had a job get no other, wherever the clock goes
  await due(4, { catchUp: 'all' })
  expect(await worked()).toBe(3)
  const { items } = await g.store.jobs.list(scope, { limit: 4 })
  expect(items.map((j) => [j.status, j.schedule])).toEqual(Array.from({ length: 4 }, () => ['done', 'hourly']))
  expect(new Set(items.map((j) => j.due)).size).toBe(4)
  await due(9, { catchUp: 'all' })
  await w.client.schedules.pause({ name: 'hourly', body: {} })
  expect(await worked()).toBe(0)
  const resumed = await w.client.schedules.resume({ name: 'hourly', body: {} })
  expect([resumed.paused, (resumed.next ?? 0) > Date.now()]).toEqual([false, true])
  expect((await w.client.schedules.get({ name: 'hourly' })).coming).toHaveLength(5)
  const wrong = await command(w.home, 'schedules', 'set', 'hourly', slow('unused', 1), '--cron', '0 25 * * *')
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('SCHEDULE_INVALID') })
  expect((await command(w.home, 'schedules', 'ls')).out).toMatch(/hourly +hourly +0 \* \* \* \* +Asia\/Seoul/)
  expect((await command(w.home, 'schedules', 'rm', 'hourli')).err).toContain("did you mean 'hourly'?")
  expect((await command(w.home, 'schedules', 'rm', 'hourly')).out).toContain('is gone')
}, 60_000)

test('a recipe that no worker could run, or that names places, is refused where it is sent', async () => {
  const source = { id: 's', kind: 'source', inputs: [], spec: { connector: 'generate', path: 's', columns: {}, options: {} } } // biome-ignore format: one line
  const send = (recipe: object) => w.client.jobs.queue({ body: { recipe: recipe as never, folder: '/' } })
  for (const [name, steps, says] of [
    ['r', [{ ...source, id: '../../../evil' }], "'../../../evil' can't name a source"],
    ['r\n', [source], "can't name a recipe"],
    ['r', [source, source], "two steps are named 's'"],
    ['r', [{ ...source, kind: 'shell' }], 'it is no recipe'],
    ['r', [{ ...source, spec: null }], 'it is no recipe'],
    ['r', [{ ...source, inputs: ['later'] }], "step 's' reads 'later'"],
    ['r', [], 'it is no recipe'],
  ] as const)
    await expect(send({ format: 1, name, steps })).rejects.toMatchObject({ code: 'RECIPE_INVALID', what: expect.stringContaining(says) }) // biome-ignore format: one line
  for (const partition of [5, ['a'], '', 'a\0b', 'x'.repeat(501)])
    await expect(send({ format: 1, name: 'r', steps: [source], partition })).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
    })
})

test('a job that fails says why, and so does its worker, which leaves nothing behind', async () => {
  const file = join(folder, 'fails.ts')
  writeFileSync(file, `import { csv, recipe } from 'galley'\nexport default recipe('fails', (k) => { k.dataset('fails', k.source('nothing', csv('nothing-there.csv', { n: 'int64' }))) })\n`) // biome-ignore format: one line
  const { number } = JSON.parse((await command(w.home, 'run', file, '--queue', '--json')).out) as { number: number }
  const told: unknown[] = []
  const hook = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => void told.push(JSON.parse(text)))
    request.on('end', () => response.end())
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  const { port } = hook.address() as AddressInfo
  const done = await ended(
    start(w.home, ['worker', '--until-empty'], { GALLEY_ALERTS: `http://127.0.0.1:${port}/services/T0/B0/secret` }),
  )
  hook.close()
  expect(told).toMatchObject([{ kind: 'job failed', job: number, recipe: 'fails', error: { code: 'SOURCE_MISSING' } }])
  expect(done).toMatchObject({ code: 1, err: expect.stringMatching(/job \d+ failed: there is no file at .*nothing-there\.csv/) }) // biome-ignore format: one line
  expect(done.err).toContain('took 1 job, of which 1 failed')
  expect(await job(number)).toMatchObject({ status: 'failed', error: { code: 'SOURCE_MISSING' } })
  expect((await command(w.home, 'jobs', 'show', String(number))).out).toMatch(/its newest run: galley runs show \d+/)
}, 60_000)
