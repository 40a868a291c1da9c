import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GalleyError } from '../../src/base/errors.ts'
import type { Json } from '../../src/base/json.ts'
import { echo, elsewhereConformance } from '../../src/runs/elsewhere/conformance.ts'
import { queued, requireWanted } from '../../src/runs/elsewhere/queued.ts'
import type { AnyStepKind, Output, StepKind } from '../../src/runs/kind.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { work } from '../../src/runs/worker.ts'
import { openWritten, type Written } from './datasets.ts'

interface Echo extends Output {
  readonly answer: Json
}
/** A share that says what it was asked, and fails where it is told to. */
const echoStep: StepKind<{ readonly ask: Json; readonly n: number }, Echo> = {
  kind: 'echo',
  module: import.meta.url,
  async run(ctx) {
    await requireWanted(ctx)
    const { ask } = ctx.step.spec
    if ((ask as { fails?: boolean }).fails) throw new GalleyError('TRAIN_DATA', { what: 'no room here' })
    return { output: { hash: String(ctx.step.spec.n), answer: await echo(ask, ctx.signal) } }
  },
  summary: () => '',
}

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(async () => {
  await w.close()
  expect(alarms).toEqual([])
})

/** What people and collectors are told of shares: the run that they are of tells. */
const alarms: unknown[] = []
const sink = { changed: () => void alarms.push('changed'), settled: async () => {} }
const alerts = { send: (alert: unknown) => void alarms.push(alert), settled: async () => {} }

/** Workers of this process, until they are stopped. */
async function workers(count: number) {
  const stop = new AbortController()
  const scope = await w.galley.scope()
  const ware = { ...w.galley.ware, sink, alerts, kinds: { echo: echoStep as unknown as AnyStepKind } }
  const options = { tags: [], signal: stop.signal, on: () => {}, say: () => {} }
  const all = Array.from({ length: count }, () => work(ware, scope, options))
  return async () => {
    stop.abort()
    await Promise.all(all)
  }
}

let asked = 0
const opened: string[] = []
/** A step of a run under way that shares out. */
async function sharer(signal = new AbortController().signal) {
  const { store } = w.galley
  const scope = await w.galley.scope()
  const name = `shares-${opened.length}`
  const recipe: Recipe = { format: 1, name, steps: [{ id: 'asks', kind: 'echo', inputs: [], spec: {} }] }
  const run = await store.runs.start(scope, { recipe: name, recipeHash: 'h', recipeJson: recipe })
  opened.push(run.id)
  const said: string[] = []
  const ctx = { store, scope, recipe, run, folder: w.folder, signal, say: (text: string) => void said.push(text) }
  const step = recipe.steps[0] ?? expect.unreachable()
  const elsewhere = queued<Echo>(
    { ...ctx, step },
    {
      noun: 'echoes',
      stepOf: (ask) => ({ id: 'echo', kind: 'echo', inputs: [], spec: { ask, n: asked++ } }),
      answerOf: async ({ answer }) => answer,
    },
  )
  const jobs = async () => (await store.jobs.list(scope, { limit: 200 })).items.filter((j) => j.recipe === `${name}/echoes`) // biome-ignore format: one line
  return { elsewhere, said, jobs, run, scope, store }
}
const here = (ask: Json) => echo(ask)

describe.each([0, 3])('over the queue with %i workers', (count) => {
  let stop: () => Promise<void>
  beforeAll(async () => {
    stop = await workers(count)
  })
  afterAll(() => stop())
  elsewhereConformance('asks', async (signal) => {
    const { elsewhere, jobs } = await sharer(signal)
    return {
      elsewhere,
      left: async () => (await jobs()).filter((j) => ['queued', 'running'].includes(j.status)).length,
    }
  })
  test('nothing is left of what was answered: no job and no run', async () => {
    const { elsewhere, said, jobs, run, scope, store } = await sharer()
    await elsewhere.run(Array.from({ length: 16 }, (_, i) => ({ i, ms: 50 })), { here }) // biome-ignore format: one line
    expect(said).toEqual([])
    expect(elsewhere.others() > 0).toBe(count > 0)
    expect(await jobs()).toEqual([])
    expect((await store.runs.list(scope, { limit: 1 })).items[0]?.id).toBe(run.id)
  })
})

test('what fails in a worker, or is cancelled there, is done here, and that is said', async () => {
  const { elsewhere, said, jobs, scope, store } = await sharer()
  const stop = await workers(1)
  try {
    const asks = [{ ms: 1200 }, { ms: 0, fails: true }, { ms: 5000, long: true }]
    const running = elsewhere.run(asks, { here: async (ask) => ((ask as { long?: boolean }).long ? 'here' : echo(ask)) }) // biome-ignore format: one line
    const long = async () => (await jobs()).find((j) => j.status === 'running' && JSON.stringify(j.recipeJson).includes('long')) // biome-ignore format: one line
    await expect.poll(long, { timeout: 5000 }).toBeDefined()
    await store.jobs.cancel(scope, (await long())?.number ?? 0)
    expect(await running).toEqual([{ said: asks[0] }, { said: asks[1] }, 'here'])
    // both may be heard of at once
    expect(said.toSorted((a, b) => Number(a.includes('cancelled')) - Number(b.includes('cancelled')))).toEqual([
      expect.stringMatching(/^job \d+ of shares-\d+\/echoes failed: no room here; this process does it itself$/),
      expect.stringMatching(/^job \d+ of shares-\d+\/echoes is cancelled; this process does it itself$/),
    ])
    expect(elsewhere.others()).toBe(0)
  } finally {
    await stop()
  }
})

test('what a worker was at that is gone is done here once its lease has run out; jobs are as urgent as that which they are of', async () => {
  const { elsewhere, said, jobs, run, scope, store } = await sharer()
  const own = await store.jobs.queue(scope, { recipe: 'own', recipeJson: {}, folder: '/', engine: null, priority: 7, tags: ['gpu'], mostAttempts: 1 }) // biome-ignore format: one line
  const claim = (await store.jobs.take(scope, ['gpu'], 60))?.claim ?? expect.unreachable()
  expect(claim.number).toBe(own.number)
  await store.jobs.began(scope, claim, run.id)
  const asks = [{ ms: 500 }, { ms: 1 }]
  const running = elsewhere.run(asks, { here })
  await expect.poll(async () => (await jobs()).length).toBe(1)
  expect(await jobs()).toMatchObject([{ priority: 7, tags: ['gpu'], mostAttempts: 2, pool: null, doneBy: null }])
  expect(await store.jobs.take(scope, [], 60)).toBeUndefined()
  expect((await store.jobs.take(scope, ['gpu'], 1))?.job.recipe).toMatch(/echoes$/)
  expect(await running).toEqual(asks.map((ask) => ({ said: ask })))
  expect(said).toEqual([expect.stringContaining('its worker is gone')])
  await store.jobs.end(scope, claim, { status: 'done' })
})

test('what a killed process had asked is withdrawn by the next, and refused by a worker that has it', async () => {
  const { elsewhere, run, scope, store, jobs } = await sharer()
  const share = { run: 'gone', step: 'asks' }
  const left = { format: 1, name: `${run.recipe}/echoes`, steps: [{ id: 'echo', kind: 'echo', inputs: [], spec: { ask: { ms: 0 }, n: -1 } }], share } // biome-ignore format: one line
  const queue = () => store.jobs.queue(scope, { recipe: left.name, recipeJson: left, folder: '/', engine: null, priority: 0, tags: [], mostAttempts: 2 }) // biome-ignore format: one line
  await queue()
  await elsewhere.run([{ ms: 0 }, { ms: 0 }], { here })
  expect(await jobs()).toEqual([])
  const { number } = await queue()
  const stop = await workers(1)
  await expect.poll(async () => (await store.jobs.get(scope, number)).status, { timeout: 5000 }).toBe('failed')
  await stop()
  expect(await store.jobs.get(scope, number)).toMatchObject({ attempts: 1, error: { code: 'CANCELLED' } })
  // nobody else may send one
  const body = { recipe: JSON.parse(JSON.stringify(left)), folder: '/' }
  await expect(w.client.jobs.queue({ body })).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
})

test('workers that fail at everything are asked no more, and that is said once', async () => {
  const { elsewhere, said } = await sharer()
  const stop = await workers(2)
  const asks = Array.from({ length: 4 }, () => ({ ms: 300, fails: true }))
  for (let round = 0; round < 2; round++)
    expect(await elsewhere.run(asks, { here })).toEqual(asks.map((ask) => ({ said: ask })))
  await stop()
  expect(said).toEqual([expect.stringContaining('failed: no room here')])
})

test('a run that is computed once more asks nobody', async () => {
  const { elsewhere, run, scope, store } = await sharer()
  await store.runs.finish(scope, run.id, { status: 'done', summary: {} })
  const stop = await workers(1)
  const asks = [{ ms: 300 }, { ms: 300 }, { ms: 300 }]
  expect(await elsewhere.run(asks, { here })).toEqual(asks.map((ask) => ({ said: ask })))
  await stop()
  expect(elsewhere.others()).toBe(0)
})
