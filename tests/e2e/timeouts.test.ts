import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { work } from '../../src/runs/worker.ts'
import { galley as command, type Ended } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-timeouts-'))
beforeAll(async () => {
  w = await openWritten()
}, 120_000)
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const galley = (...args: string[]): Promise<Ended> => command(w.home, ...args)
/** A quick step, and one that takes many seconds. */
function slow(name: string, timeout = ''): string {
  const file = join(folder, `${name}.ts`)
  writeFileSync(
    file,
    `import { count, generate, hours, mean, recipe, seconds, values } from 'galley'
export default recipe('${name}', (k) => {
  const columns = { id: values.sequence(), at: values.times({ start: '2026-01-01', every: hours(1) }), key: values.uniform('int64', { min: 1, max: 500 }) }
  const quick = k.step('${name}-quick', k.source('${name}-source', generate('${name}', { rows: 4_000_000, columns })).filter((r) => r.id.lt(3_000_000)))
  const lately = quick.rolling({ by: 'key', on: 'at', over: hours(20_000) }, (r) => ({ n: count(), late: mean(r.id) }))
  k.dataset('${name}-log', quick.asOf(lately, { by: 'key', at: 'at' }), { write: 'append'${timeout} })
}, {})
void seconds
`,
  )
  return file
}
const newest = async () => {
  const { items } = await w.client.runs.list({ limit: 1 })
  return w.client.runs.get({ run: String(items[0]?.number) })
}
test('a step stops within a second of its timeout, and says so; what was finished is kept under the same keys', async () => {
  const stopped = await galley('run', slow('step', ', timeout: seconds(1)'))
  expect(stopped).toMatchObject({ code: 1, err: expect.stringContaining("step 'step-log' took longer than 1 s") })
  expect(stopped.err).toContain('or more time (timeout in its options)')
  const run = await newest()
  expect(run).toMatchObject({ status: 'failed', error: { code: 'STEP_TIMED_OUT', details: { step: 'step-log', timeoutSeconds: 1 } } }) // biome-ignore format: one line
  const late = run.steps.find((s) => s.id === 'step-log')
  expect(late).toMatchObject({ status: 'failed' })
  const stored = (await w.galley.store.steps.list(await w.galley.scope(), run.id)).items.find(
    (s) => s.id === 'step-log',
  )
  // a second after its timeout where nothing else runs
  expect(((stored?.ended ?? 0) - (stored?.started ?? 0)) / 1000).toBeLessThan(5)
  // another timeout is the same recipe, of which the finished steps are taken from the cache
  const again = await galley('run', slow('step', ', timeout: seconds(2)'))
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('took longer than 2 s') })
  const second = await newest()
  expect(second.steps.map((s) => [s.id, s.cached])).toEqual([['step-source', true], ['step-quick', true], ['step-log', false]]) // biome-ignore format: one line
}, 180_000)

test('a run stops at its timeout, here or by a worker, where it fails for good and is not tried again', async () => {
  const file = slow('whole')
  expect(await galley('run', file, '--timeout', 'soon')).toMatchObject({ code: 2, err: expect.stringContaining('give a span of time') }) // biome-ignore format: one line
  const stopped = await galley('run', file, '--timeout', '300ms')
  expect(stopped).toMatchObject({ code: 1, err: expect.stringContaining("the run of 'whole' took longer than 300 ms") })
  expect(await newest()).toMatchObject({ status: 'failed', error: { code: 'RUN_TIMED_OUT' } })
  const queued = JSON.parse((await galley('run', file, '--queue', '--timeout', '1s', '--json')).out) as { number: number } // biome-ignore format: one line
  expect(queued).toMatchObject({ timeout: 1 })
  const options = { tags: [], signal: new AbortController().signal, on: () => {}, say: () => {}, untilEmpty: true }
  const began = Date.now()
  expect(await work(w.galley.ware, await w.galley.scope(), options)).toEqual({ taken: 1, failed: 1 })
  expect(Date.now() - began).toBeLessThan(1000 + 1000 + 2000)
  expect(await w.client.jobs.get({ job: queued.number })).toMatchObject({
    ...{
      status: 'failed',
      attempts: 1,
      error: { code: 'RUN_TIMED_OUT', what: "the run of 'whole' took longer than 1 s" },
    },
  })
  expect((await galley('jobs', 'show', String(queued.number))).out).toContain('run it again with more time (--timeout)')
}, 180_000)

test('a schedule gives its timeout to its jobs', async () => {
  const set = await galley('schedules', 'set', 'late', slow('late'), '--cron', '0 6 * * *', '--timeout', '1h30m')
  expect(set).toMatchObject({ code: 0 })
  expect(await w.client.schedules.fire({ name: 'late', body: {} })).toMatchObject({ timeout: 5400 })
}, 60_000)
