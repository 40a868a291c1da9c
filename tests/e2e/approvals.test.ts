import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GalleyError } from '../../src/base/errors.ts'
import { csv, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { work } from '../../src/runs/worker.ts'
import { galley as command } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
const told: { kind: string; text: string; approval?: number }[] = []
const hook = createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (piece: string) => { text += piece }) // biome-ignore format: one line
  request.on('end', () => { told.push(JSON.parse(text)); response.end() }) // biome-ignore format: one line
})
beforeAll(async () => {
  w = await openWritten()
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  hook.close()
  await w.close()
})

const prices = (name: string, lines: readonly string[]) => writeFileSync(join(w.folder, `${name}.csv`), `id,price\n${lines.map((l) => `${l}\n`).join('')}`) // biome-ignore format: one line
/** Prices are checked by somebody before shops see them; what counts them waits for nobody. */
const made = (name: string) =>
  recipe(name, (k) => {
    const fresh = k.dataset(
      `${name}-draft`,
      k.source(`${name}-new`, csv(`${name}.csv`, { id: 'int64', price: 'int64' })),
    )
    k.approve(`${name}-ok`, fresh, { ask: 'May shops see these prices?' }, () =>
      k.dataset(`${name}-shops`, fresh.table),
    )
    k.step(`${name}-dear`, fresh.table.filter((r) => r.price.gt(100))) // biome-ignore format: one line
  })
const states = async (number: number) =>
  Object.fromEntries((await w.client.runs.get({ run: `${number}` })).steps.map((s) => [s.id, s.status]))
const versions = async (name: string) => (await w.client.datasets.versions({ name }).catch(() => ({ items: [] }))).items.length // biome-ignore format: one line
const resumed = async (name: string, id: string) =>
  run(w.galley.ware, await w.galley.scope(), made(name), { folder: w.folder, signal, on: () => {}, resume: id })

test('a run stops before what needs an approval, does what does not, and goes on with what it had once it is given', async () => {
  prices('apples', ['1,50', '2,500'])
  const first = await w.ran(made('apples'))
  expect(first.waiting).toEqual(['apples-ok'])
  expect(await states(first.number)).toEqual({ 'apples-new': 'done', 'apples-draft': 'done', 'apples-ok': 'waiting', 'apples-shops': 'pending', 'apples-dear': 'done' }) // biome-ignore format: one line
  expect(await w.client.runs.get({ run: `${first.number}` })).toMatchObject({ status: 'waiting', ended: null })
  const [asked] = (await w.client.approvals.list({ status: 'open' })).items
  expect(asked).toMatchObject({ recipe: 'apples', step: 'apples-ok', ask: 'May shops see these prices?', status: 'open', by: null, run: first.id }) // biome-ignore format: one line
  expect(asked?.made).toEqual([{ step: 'apples-draft', says: expect.stringContaining('2 rows') }])
  // the prices of tomorrow are not those that are asked about
  prices('apples', ['1,60'])
  await w.client.approvals.approve({ approval: asked?.number ?? 0, body: { note: 'as agreed' } })
  const goesOn = await resumed('apples', first.id)
  expect([goesOn.number, goesOn.waiting]).toEqual([first.number, []])
  expect(await states(first.number)).toMatchObject({ 'apples-ok': 'done', 'apples-shops': 'done' })
  expect(await w.rows('apples-shops')).toEqual(['1,50', '2,500'])
  await expect(resumed('apples', first.id)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  // the same content is asked about once, another anew
  prices('apples', ['1,50', '2,500'])
  expect((await w.ran(made('apples'))).waiting).toEqual([])
  prices('apples', ['1,60'])
  const other = await w.ran(made('apples'))
  expect(other.waiting).toEqual(['apples-ok'])
  expect((await w.client.approvals.list({ status: 'open' })).items).toHaveLength(1)
  // and another run of it waits for the same
  expect((await w.ran(made('apples'))).waiting).toEqual(['apples-ok'])
  expect((await w.client.approvals.list({ status: 'open' })).items).toHaveLength(1)
  const cancelled = await w.client.runs.cancel({ run: `${other.number}`, body: {} })
  expect(cancelled.status).toBe('cancelled')
})

test('a run whose going on was never answered goes on when it is asked again, and what was to make that good leaves it alone', async () => {
  prices('quinces', ['1,5'])
  const { id } = await w.ran(made('quinces'))
  const { items } = await w.client.approvals.list({ status: 'open' })
  await w.client.approvals.approve({ approval: items.find((a) => a.run === id)?.number ?? 0, body: {} })
  const { ware } = w.galley
  const { runs } = ware.store
  /** What is asked is done, and the answer is lost. */
  const resume: typeof runs.resume = async (...asked) => {
    await runs.resume(...asked)
    throw new GalleyError('STORE_UNAVAILABLE', { what: 'the connection is gone' })
  }
  const options = { folder: w.folder, signal, resume: id }
  const unanswered = { ...ware, store: { ...ware.store, runs: { ...runs, resume } } }
  const scope = await w.galley.scope()
  await expect(run(unanswered, scope, made('quinces'), { ...options, on: () => {} })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' }) // biome-ignore format: one line
  // it is at it for longer than what is late takes to come
  const begun = () => sleep(1500)
  const goesOn = await run(ware, scope, made('quinces'), { ...options, on: () => {}, begun })
  expect([goesOn.waiting, (await runs.get(scope, id)).status]).toEqual([[], 'done'])
})

test('what is rejected fails with who said so and why, until somebody thinks otherwise', async () => {
  prices('pears', ['1,5'])
  const { id, number } = await w.ran(made('pears'))
  const asked = (await w.client.approvals.list({ status: 'open' })).items.find((a) => a.recipe === 'pears')
  const approval = asked?.number ?? 0
  await w.client.approvals.reject({ approval, body: { note: 'too cheap' } })
  await expect(resumed('pears', id)).rejects.toMatchObject({ code: 'APPROVAL_REJECTED', what: expect.stringMatching(/rejected 'pears-ok': too cheap/) }) // biome-ignore format: one line
  expect(await states(number)).toMatchObject({ 'pears-ok': 'failed', 'pears-shops': 'skipped' })
  await expect(w.ran(made('pears'))).rejects.toMatchObject({ code: 'APPROVAL_REJECTED' })
  expect(await versions('pears-shops')).toBe(0)
  await w.client.approvals.approve({ approval, body: {} })
  expect((await w.ran(made('pears'))).waiting).toEqual([])
  expect(await versions('pears-shops')).toBe(1)
  await expect(w.client.approvals.reject({ approval, body: {} })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await expect(w.client.approvals.get({ approval: 9999 })).rejects.toMatchObject({ code: 'APPROVAL_UNKNOWN' })
})

test('a run whose kept files are gone begins anew, and waits for the same approval', async () => {
  prices('plums', ['1,7'])
  const first = await w.ran(made('plums'))
  const { outputs } = first
  const { rmSync } = await import('node:fs')
  rmSync((outputs.get('plums-dear') as unknown as { folder: string }).folder, { recursive: true })
  const again = await resumed('plums', first.id)
  expect(again.number).toBeGreaterThan(first.number)
  expect((await w.client.runs.get({ run: `${first.number}` })).status).toBe('cancelled')
  expect(again.waiting).toEqual(['plums-ok'])
})

test('a job waits, is asked about once at whoever is on call, and goes on by itself once that is approved', async () => {
  prices('figs', ['1,9'])
  const { alertsTo } = await import('../../src/runs/alerts.ts')
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`
  const ware = { ...w.galley.ware, alerts: alertsTo(url, w.galley.log) }
  const scope = await w.galley.scope()
  const worker = () => work(ware, scope, { tags: [], signal, on: () => {}, say: () => {}, untilEmpty: true })
  const queued = await w.client.jobs.queue({ body: { recipe: JSON.parse(JSON.stringify(made('figs'))), folder: w.folder } }) // biome-ignore format: one line
  await worker()
  const waiting = await w.client.jobs.get({ job: queued.number })
  expect(waiting).toMatchObject({ status: 'waiting', attempts: 0, error: null })
  expect(told).toMatchObject([
    { kind: 'approval needed', text: expect.stringContaining('May shops see these prices?') },
  ])
  await worker() // nothing to do
  const decided = await w.client.approvals.approve({ approval: told[0]?.approval ?? 0, body: {} })
  expect(decided.jobs).toEqual([queued.number])
  await worker()
  expect(await w.client.jobs.get({ job: queued.number })).toMatchObject({ status: 'done', run: waiting.run })
  expect(await w.rows('figs-shops')).toEqual(['1,9'])
  // a waiting run that is cancelled takes its job with it
  prices('figs', ['1,10'])
  const second = await w.client.jobs.queue({ body: { recipe: JSON.parse(JSON.stringify(made('figs'))), folder: w.folder } }) // biome-ignore format: one line
  await worker()
  const { run: id } = await w.client.jobs.get({ job: second.number })
  await w.client.runs.cancel({ run: id ?? '', body: {} })
  expect((await w.client.jobs.get({ job: second.number })).status).toBe('cancelled')
})

test('a job that goes on and whose worker is stopped, or gone, goes on with what was approved of, whatever the source holds by then', async () => {
  prices('limes', ['1,7'])
  const { ware, store } = w.galley
  const scope = await w.galley.scope()
  const worker = (stop?: AbortController) =>
    work(ware, scope, { ...{ tags: [], signal: stop?.signal ?? signal, say: () => {}, untilEmpty: true }, on: (e) => void (e.type === 'start' && e.step === 'limes-shops' && stop?.abort()) }) // biome-ignore format: one line
  const { number: job } = await w.client.jobs.queue({ body: { recipe: JSON.parse(JSON.stringify(made('limes'))), folder: w.folder } }) // biome-ignore format: one line
  await worker()
  const { run: id } = await w.client.jobs.get({ job })
  const asked = (await store.approvals.list(scope, { status: 'open' })).items.find((a) => a.recipe === 'limes')
  await store.approvals.decide(scope, asked?.number ?? 0, { status: 'approved' })
  prices('limes', ['1,8'])
  await worker(new AbortController())
  expect([(await w.client.jobs.get({ job })).status, (await w.client.runs.get({ run: id ?? '' })).status]).toEqual(['queued', 'waiting']) // biome-ignore format: one line
  // another takes it, and dies
  const taken = await store.jobs.take(scope, [], 0)
  await store.runs.resume(scope, id ?? '')
  const lost = await store.steps.claim(scope, id ?? '', 'limes-shops', 60)
  await store.jobs.reap(scope)
  expect(taken?.job.number).toBe(job)
  await expect(store.steps.complete(scope, lost as never, {})).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await worker()
  expect(await w.client.jobs.get({ job })).toMatchObject({ status: 'done', run: id })
  expect(await w.rows('limes-shops')).toEqual(['1,7'])
})

test('a run that was approved of and is cancelled before a worker takes it takes its job with it', async () => {
  prices('pears', ['1,7'])
  const { ware, store } = w.galley
  const scope = await w.galley.scope()
  const asked = { body: { recipe: JSON.parse(JSON.stringify(made('pears'))), folder: w.folder } }
  const { number: job } = await w.client.jobs.queue(asked)
  await work(ware, scope, { tags: [], signal, on: () => {}, say: () => {}, untilEmpty: true })
  const { run: id } = await w.client.jobs.get({ job })
  const open = (await store.approvals.list(scope, { status: 'open' })).items.find((a) => a.recipe === 'pears')
  await store.approvals.decide(scope, open?.number ?? 0, { status: 'approved' })
  await w.client.runs.cancel({ run: id ?? '', body: {} })
  expect((await w.client.jobs.get({ job })).status).toBe('cancelled')
})

test('a decision that comes while the run ends is not missed: the job goes on', async () => {
  prices('dates', ['1,3'])
  const { store } = w.galley
  const scope = await w.galley.scope()
  const queued = await w.client.jobs.queue({ body: { recipe: JSON.parse(JSON.stringify(made('dates'))), folder: w.folder } }) // biome-ignore format: one line
  const taken = await store.jobs.take(scope, [], 60)
  const ran = await w.ran(made('dates'))
  const approval = (await store.approvals.list(scope, { status: 'open' })).items.find((a) => a.recipe === 'dates')
  expect((await store.approvals.decide(scope, approval?.number ?? 0, { status: 'approved' })).jobs).toEqual([])
  await store.jobs.end(scope, taken?.claim as never, { status: 'waiting', run: ran.id, attempts: 0 })
  expect((await w.client.jobs.get({ job: queued.number })).status).toBe('queued')
})

test('by command: the run says what it waits for, the approval is given, and it goes on', async () => {
  const file = join(w.folder, 'kiwis.ts')
  prices('kiwis', ['1,4'])
  writeFileSync(
    file,
    `import { csv, recipe } from 'galley'
export default recipe('kiwis', (k) => {
  const fresh = k.dataset('kiwis-draft', k.source('kiwis-new', csv('kiwis.csv', { id: 'int64', price: 'int64' })))
  k.approve('kiwis-ok', fresh, { ask: 'May shops see these prices?' }, () => k.dataset('kiwis-shops', fresh.table))
})
`,
  )
  const first = await command(w.home, 'run', file)
  const number = /run (\d+) waits for kiwis-ok/.exec(first.err)?.[1] ?? ''
  const approval = /galley approvals approve (\d+)/.exec(first.err)?.[1] ?? ''
  expect([first.code, number, approval]).toEqual([0, expect.stringMatching(/^\d+$/), expect.stringMatching(/^\d+$/)])
  expect((await command(w.home, 'approvals', 'ls', '--status', 'open')).out).toContain('May shops see these prices?')
  const shown = await command(w.home, 'approvals', 'show', approval)
  expect(shown.out).toContain('kiwis-draft')
  const given = await command(w.home, 'approvals', 'approve', approval, '--note', 'fine')
  expect(given.out).toContain(`--resume ${number}`)
  const last = await command(w.home, 'run', file, '--resume', number)
  expect([last.code, last.err]).toEqual([0, expect.stringContaining('approved by')])
  const twice = await command(w.home, 'run', file, '--resume', number)
  expect([twice.code, twice.err]).toEqual([expect.any(Number), expect.stringContaining('does not wait')])
}, 120_000)
