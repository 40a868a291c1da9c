import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { byTime, csv, gbdt, mlp, recipe } from '../../src/index.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
}, 60_000)
afterAll(() => w.close())

/** Files that trainings have kept for the case that they are interrupted. */
const journals = () =>
  readdirSync(w.galley.store.home.datasets, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.journal'))

const made = recipe('late', (k) => {
  const rows = k.source('rows', csv('rows.csv', { at: 'local timestamp', late: 'bool', size: 'int64', other: 'int64' })) // biome-ignore format: one line
  const parts = { train: ['2026-01-01', '2026-02-01'], validate: ['2026-02-01', '2026-02-15'], test: ['2026-02-15', '2026-03-01'] } as const // biome-ignore format: one line
  const data = k.dataset('late-rows', rows, { moment: 'at', split: byTime('at', parts) })
  k.train('late-model', data, { target: 'late', features: ['size', 'other'], candidates: [gbdt({ trees: 1500, leaves: 63 }), mlp({ epochs: 200 })] }) // biome-ignore format: one line
})

test('a training that is cancelled goes on with what it had come to, in the next run; then nothing of that is left', async () => {
  const lines = Array.from({ length: 40_000 }, (_, i) => {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 120_000).toISOString().slice(0, 19)
    return `${at},${(i * 7919) % 101 < i % 53},${i % 53},${(i * 31) % 97}`
  })
  writeFileSync(join(w.folder, 'rows.csv'), `at,late,size,other\n${lines.join('\n')}\n`)
  const stop = new AbortController()
  // the first candidate has come to its end, and the second has begun
  const on = (e: RunEvent) => void (e.type === 'progress' && e.step === 'late-model' && e.progress.done > 1.2 && stop.abort()) // biome-ignore format: one line
  const first = run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal: stop.signal, on })
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(journals()).toEqual([expect.stringMatching(/_late-model\/[0-9a-f]{32}\/gbdt-[0-9a-f]{16}\.journal$/)])
  const last = readFileSync(join(w.galley.store.home.datasets, journals()[0] as string), 'utf8').trim().split('\n').at(-1) // biome-ignore format: one line
  const { outputs } = await w.ran(made)
  const [trees, network] = (outputs.get('late-model') as unknown as TrainOutput).candidates
  // it was not learnt again: what it took is told as it was
  expect(trees?.seconds).toBe(JSON.parse(last?.slice(17) ?? '').seconds)
  expect(network?.trainer).toBe('mlp')
  expect(journals()).toEqual([])
  // one that nobody goes on with is taken by a clean-up, a day later
  const left = join(w.galley.store.home.datasets, (await w.galley.scope()).workspace, '_late-model', '0'.repeat(32))
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'gbdt-0.journal'), 'x')
  await w.client.runs.clean({ body: { days: 1, dryRun: false } })
  expect(journals()).toHaveLength(1)
  utimesSync(left, new Date(0), new Date(0))
  await w.client.runs.clean({ body: { days: 1, dryRun: false } })
  expect(journals()).toEqual([])
  // and one whose rows may be of a person who is forgotten, at once
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'knn-0.journal'), 'x')
  const report = await resultOf<ForgetReport[]>(await w.client.datasets.forget({ name: 'late-rows', body: { key: 'size', value: '7' } }), () => {}) // biome-ignore format: one line
  expect(report[0]?.copies.removed.map((c) => c.path)).toContainEqual(expect.stringMatching(/_late-model\/0{32}$/))
  expect(journals()).toEqual([])
}, 120_000)
