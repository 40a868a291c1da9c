import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { throwIfAborted } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import { alone, type Elsewhere } from '../../runs/elsewhere/elsewhere.ts'
import { EXAMPLE_SCHEMA, exampleRows, FEATURES, failure, quiet, relationOf } from '../training/conformance.ts'
import { openJournals } from '../training/journal.ts'
import type { TrainTask } from '../training/trainer.ts'
import { auto } from './auto.ts'

const rows = exampleRows(300)
const taskOf = (params: TrainTask['params'], threads = 1): TrainTask => ({
  ...{ train: relationOf(EXAMPLE_SCHEMA, rows), features: FEATURES, target: 'y', seed: 5, threads },
  params: { trials: 11, seconds: 0, folds: 2, ensemble: 3, ...params },
})
const json = async (task: TrainTask, more: object = {}) => JSON.stringify(await auto.train(task, { ...quiet(), ...more })) // biome-ignore format: one line
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** Others do all but the first, from what is sent to them alone; what they tell comes in another order. */
function others(
  task: TrainTask,
  signal = new AbortController().signal,
): { readonly elsewhere: Elsewhere; readonly asked: number[] } {
  const asked: number[] = []
  return {
    asked,
    elsewhere: {
      async run(asks, { here, came }) {
        asked.push(asks.length)
        const answers: Json[] = []
        for (const place of [...asks.keys()].toReversed()) {
          const ask = plain(asks[place] as Json)
          const given = place === 0 ? await here(ask, 0) : await auto.answer?.(task, ask, quiet())
          answers[place] = plain(given as Json)
          await came?.(answers[place], place)
          throwIfAborted(signal)
        }
        return answers
      },
    },
  }
}

test('the same rows, seed and width of a round give the same bytes, whoever runs which trial and in what order', async () => {
  const task = taskOf({ parallel: 4 })
  const one = await json(task)
  const { elsewhere, asked } = others(taskOf({ parallel: 4 }, 2))
  expect(await json(task, { elsewhere })).toBe(one)
  // 11 trials in rounds of 4
  expect(asked).toEqual([4, 4, 3])
  expect(JSON.parse(one)).toMatchObject({ params: { parallel: 4 }, body: { trials: 11 } })
})

test('rounds of one are the search that there was; in one round of all no trial knows of another', async () => {
  const before = await json(taskOf({}))
  const { elsewhere, asked } = others(taskOf({ parallel: 1 }))
  expect(await json(taskOf({ parallel: 1 }), { elsewhere })).toBe(before)
  expect(asked).toEqual(Array.from({ length: 11 }, () => 1))
  const all = others(taskOf({ parallel: 64 }))
  const { params, ...wide } = JSON.parse(await json(taskOf({ parallel: 64 }), { elsewhere: all.elsewhere }))
  expect([all.asked, params.parallel, wide.body.trials]).toEqual([[11], 64, 11])
  expect(wide.body.leaderboard).not.toEqual(JSON.parse(before).body.leaderboard)
})

test('a width that is none is refused', async () => {
  for (const parallel of [0, 1.5, 65, Number.NaN, '4'])
    expect((await failure(auto.train(taskOf({ parallel }), quiet()))).what).toMatch(/parallel must be a whole number from 1 to 64/) // biome-ignore format: one line
})

test('a search that is cut off within a round goes on with the trials that had come, to the same bytes', async () => {
  const task = taskOf({ parallel: 4 })
  const whole = await json(task)
  const folder = mkdtempSync(join(tmpdir(), 'galley-rounds-'))
  try {
    for (const most of [2, 6]) {
      const stop = new AbortController()
      const journal = await openJournals(folder, systemClock, 0).of('x')
      let told = 0
      const progress = () => void (++told === most && stop.abort())
      const cut = auto.train(task, { signal: stop.signal, journal, progress, ...others(task, stop.signal) })
      expect((await failure(cut)).code).toBe('CANCELLED')
    }
    const journal = await openJournals(folder, systemClock, 0).of('x')
    const said: string[] = []
    const again = { journal, say: (text: string) => void said.push(text), ...others(task) }
    expect(await json(task, again)).toBe(whole)
    expect(said).toEqual([expect.stringMatching(/^goes on with \d trials of an interrupted search$/)])
    expect(new Set(journal.entries().map((e) => (e as { trial: number }).trial)).size).toBe(journal.entries().length)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('time ends a search within a round: what has come is what there is, and a first trial there always is', async () => {
  for (const seconds of [1e-6, 0.2]) {
    const model = await auto.train(taskOf({ trials: 10_000, seconds, parallel: 16 }), { ...quiet(), elsewhere: alone })
    const { trials } = model.body as { trials: number }
    expect(trials).toBeGreaterThan(0)
    expect(trials).toBeLessThan(10_000)
  }
})
