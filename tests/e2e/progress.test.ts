import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recipe } from '../../src/index.ts'
import { secondsLeft } from '../../src/runs/progress.ts'
import { run } from '../../src/runs/runner.ts'
import { eventsOf, type ServerEvent } from '../../src/sdk/events.ts'
import { galley as command } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

test('a run is followed while it goes on: each step as it changes, how far it is and how long it takes still, and its end', async () => {
  writeFileSync(
    join(w.folder, 'slow.cjs'),
    `const fs = require('fs'); const ask = JSON.parse(fs.readFileSync(process.env.GALLEY_STEP))
let n = 0
const timer = setInterval(() => { fs.appendFileSync(ask.events, JSON.stringify({ progress: [++n, 20] }) + '\\n'); if (n === 20) { clearInterval(timer); fs.writeFileSync(ask.rows, '{"id":1}') } }, 200)`,
  )
  const made = recipe('slow', (k) => {
    const t = k.process('slow-step', { command: [process.execPath, 'slow.cjs'], files: ['slow.cjs'], format: 'json', gives: { id: 'int64' } }) // biome-ignore format: one line
    k.dataset('slow-rows', t)
  })
  const began = Promise.withResolvers<number>()
  const running = run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal, on: (e) => void (e.type === 'run' && began.resolve(e.run)) }) // biome-ignore format: one line
  const number = await began.promise
  const { bytes } = await w.client.runs.events({ run: `${number}` })
  const events: ServerEvent[] = []
  for await (const event of eventsOf(bytes)) events.push(event)
  await running
  const progress = events.flatMap((e) => (e.data['id'] === 'slow-step' && e.data['progress'] ? [e.data['progress'] as { done: number; total: number; left: number }] : [])) // biome-ignore format: one line
  expect(progress.length).toBeGreaterThan(1)
  expect(progress.every((p) => p.total === 100 && p.done > 0 && p.left >= 0)).toBe(true)
  expect(progress.map((p) => p.done)).toEqual(progress.map((p) => p.done).toSorted((a, b) => a - b))
  expect(events.at(-1)).toEqual({ event: 'end', data: { status: 'done' } })
  const last = events.filter((e) => e.data['id'] === 'slow-rows').at(-1)
  expect(last?.data).toMatchObject({ status: 'done', progress: null })
  expect((await command(w.home, 'runs', 'watch', `${number}`)).out).toMatch(/done\s+slow-step/)
})

test('what is left is told by the pace so far, where there is one', () => {
  expect(secondsLeft({ done: 25, total: 100, unit: 'rows' }, 10)).toBe(30)
  expect(secondsLeft({ done: 0, total: 100, unit: 'rows' }, 10)).toBeNull()
  expect(secondsLeft({ done: 25, unit: 'rows' }, 10)).toBeNull()
  expect(secondsLeft({ done: 101, total: 100, unit: 'rows' }, 10)).toBeNull()
})
