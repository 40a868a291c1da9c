import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auto, byTime, csv, ordinal, recipe } from '../../src/index.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { until } from '../faults/ground.ts'
import { killed, stopped, worker } from '../faults/workers.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
  const lines = Array.from({ length: 6000 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 750_000).toISOString().slice(0, 19)
    const size = (i * 7919) % 101
    return `${at},${size < (i * 31) % 97},${size},${(i * 31) % 97},${'abc'[i % 3]}`
  })
  writeFileSync(join(w.folder, 'rows.csv'), `at,late,size,other,plan\n${lines.join('\n')}\n`)
}, 60_000)
afterAll(() => w.close())

/** A search of rows that are appended: each time that they were, they would stand there once more. */
function searching(name: string): Recipe {
  return recipe(`search-${name}`, (k) => {
    const rows = k.source('rows', csv('rows.csv', { at: 'local timestamp', late: 'bool', size: 'int64', other: 'int64', plan: 'string' })) // biome-ignore format: one line
    const parts = { train: ['2026-01-01', '2026-02-10'], validate: ['2026-02-10', '2026-02-15'], test: ['2026-02-15', '2026-03-01'] } as const // biome-ignore format: one line
    const data = k.dataset('late-rows', rows, { moment: 'at', split: byTime('at', parts), write: 'append' })
    const options = { trials: 8, seconds: 0, folds: 2, ensemble: 2, parallel: 4 }
    k.train(name, data, { target: 'late', features: ['size', 'other'], fit: [ordinal(['plan'])], candidates: [auto(options)] }) // biome-ignore format: one line
  })
}

/** Runs a search, and gives what it said and the hash of the model. */
async function found(name: string, signal = new AbortController().signal) {
  const said: string[] = []
  const on = (e: RunEvent) => void (e.type === 'said' && said.push(e.text))
  const { outputs } = await run(w.galley.ware, await w.galley.scope(), searching(name), { folder: w.folder, signal, on }) // biome-ignore format: one line
  return { said, blob: (outputs.get(name) as unknown as TrainOutput).blob }
}
const jobs = async () => (await w.galley.store.jobs.list(await w.galley.scope(), { limit: 100 })).items
const underWay = async () => (await jobs()).find((job) => job.status === 'running' && job.run !== null)

test('a search gives the same bytes with no worker, with one, with two, and where one is killed; a cancelled one goes on', async () => {
  const none = await found('none')
  expect(none.said).toEqual([])
  const first = await worker(w)
  const one = await found('one')
  expect(one.said).toEqual([expect.stringMatching(/^other workers did \d trials?$/)])
  const second = await worker(w)
  const two = await found('two')
  expect(two.said).toEqual([expect.stringMatching(/^other workers did \d trials?$/)])
  // what they did is told by the search alone
  expect(await jobs()).toEqual([])
  const { items } = await w.galley.store.runs.list(await w.galley.scope(), { limit: 100 })
  expect(items.map((r) => r.recipe)).toEqual(['search-two', 'search-one', 'search-none'])

  // one of them ends while it is at a trial
  const stop = new AbortController()
  const cancelled = found('more', stop.signal)
  const at = await until('a trial of a worker', underWay)
  stop.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' })
  expect((await w.client.runs.get({ run: at.run ?? '' })).status).toBe('cancelled')
  expect((await jobs()).filter((job) => job.status !== 'cancelled')).toEqual([])
  const again = found('more')
  const { owner } = await until('a trial of a worker', underWay)
  const [victim, other] = owner?.split(':')[1] === String(first.child.pid) ? [first, second] : [second, first]
  await killed(victim)
  const more = await again
  await stopped(other)

  expect([one, two, more].map((f) => f.blob)).toEqual([none.blob, none.blob, none.blob])
  expect(await w.client.datasets.get({ name: 'late-rows' })).toMatchObject({ version: 1, rows: 6000 })
  const left = readdirSync(w.galley.store.home.datasets, { recursive: true, encoding: 'utf8' })
  expect(left.filter((file) => /\.(trial|journal)$/.test(file))).toEqual([])
}, 120_000)

test('a worker of another Galley refuses a trial: its numbers might be others', async () => {
  const kept = { step: '_m', id: '0'.repeat(32) }
  const spec = { code: 'another', train: {}, dataset: {}, data: {}, kept, ask: null }
  const made: Recipe = { format: 1, name: 'other', steps: [{ id: 'm-trial', kind: 'trial', inputs: [], spec }] }
  const asked = run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal: new AbortController().signal, on: () => {} }) // biome-ignore format: one line
  await expect(asked).rejects.toMatchObject({ code: 'RECIPE_INVALID', what: expect.stringContaining('another Galley') })
})
