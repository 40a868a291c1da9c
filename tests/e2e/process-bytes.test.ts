import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { recipe } from '../../src/index.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { branchOf } from './branching.ts'
import { NODE, openPrograms, orders, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())

/** Says what no text of PostgreSQL can hold: a NUL, half of a pair, and both as they are written. */
const ODD = `fs.appendFileSync(ask.events, JSON.stringify({ say: 'a\\u0000b \\ud800 c' }) + '\\n' + JSON.stringify({ metrics: { ['m\\u0000\\ud800\\\\\\\\u0000']: 1 } }) + '\\n')
console.log('x\\0y 20', '\\\\\\\\u0000')
process.exit(ask.params.code)`

test('a program that says a NUL, or half of a letter, keeps nobody from its log, from forgetting, from cleaning and from branches', async () => {
  const file = w.script('odd.cjs', ODD)
  const made = (code: number) =>
    recipe(`odd-${code}`, (k) => {
      k.dataset('odd', orders(k))
      k.process(`odd-step-${code}`, { command: [NODE, file], files: [file], params: { code } })
    })
  await w.ran(made(0))
  await w.failure(made(1))
  const lines = async (run: string) => (await w.client.runs.lines({ run })).items.map((l) => l.message)
  expect(await lines('1')).toEqual(expect.arrayContaining(['odd-0 begins', 'a\ufffdb \ufffd c', 'the run is done']))
  // a job that waits may hold such a text in its recipe
  const queued = JSON.parse(JSON.stringify(made(0))) as Record<string, unknown>
  await w.client.jobs.queue({ body: { recipe: { ...queued, note: 'n\0' } as never, folder: w.folder } })
  await w.client.datasets.retain({ name: 'odd', body: { keep: 1, dryRun: false } })
  const [report] = await resultOf<ForgetReport[]>(await w.client.datasets.forget({ name: 'odd', body: { key: 'n', value: '20' } }), () => {}) // biome-ignore format: one line
  expect(report).toMatchObject({ versions: [{ version: 1, rows: 1 }], masked: { logs: 1, lines: 1 } })
  expect((await w.client.runs.get({ run: '2' })).error).toMatchObject({ why: 'what it named was removed' })
  expect(await w.client.runs.clean({ body: { days: 0, dryRun: false } })).toBeDefined()
  expect(await branchOf(w, { name: 'odd-branch' })).toBeDefined()
})

test('a moment that no calendar has is refused', async () => {
  const body = { recipe: JSON.parse(JSON.stringify(recipe('far', (k) => void k.dataset('far', orders(k))))), folder: w.folder } // biome-ignore format: one line
  for (const notBefore of [1e20, 8.64e15, -8.64e15, 1e308])
    await expect(w.client.jobs.queue({ body: { ...body, notBefore } })).rejects.toMatchObject({ code: 'REQUEST_INVALID', what: expect.stringContaining('notBefore') }) // biome-ignore format: one line
})
