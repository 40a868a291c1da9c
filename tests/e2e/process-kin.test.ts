import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generate, recipe, values } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { signal } from './datasets.ts'
import { NODE, openPrograms, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())

const BUSY = 'for (;;);'
const HELD = 'const all = []; setInterval(() => all.push(Buffer.alloc(64 * 2 ** 20, 1)), 20)'
/** Begins a script in a session of its own, and waits. */
const away = (command: string, body: string, env: string) =>
  `require('child_process').spawn(${command} '-e', ${JSON.stringify(body)}], { stdio: 'ignore', detached: true, env: ${env} })
setInterval(() => {}, 1000)`

test.skipIf(process.platform !== 'linux').each([
  ['left its session', away(`'setsid', [process.execPath,`, BUSY, 'process.env'), { cpuSeconds: 1 }, /more than 1 s of processor time/],
  ['left its session and its environment', away('process.execPath, [', HELD, '{}'), { memoryMiB: 400 }, /more than 400 MiB of memory/],
  ['has ended', `for (;;) require('child_process').spawnSync(process.execPath, ['-e', 'const t = Date.now(); while (Date.now() - t < 150);'])`, { cpuSeconds: 1 }, /more than 1 s of processor time/],
])('what a child takes that %s counts as its program’s', async (name, body, limits, why) => {
  const file = w.script(`${name.replaceAll(' ', '-')}.cjs`, body)
  const made = recipe('kin', (k) => {
    k.process('kin-step', { command: [NODE, file], files: [file], limits: { ...limits, seconds: 20 } })
  })
  expect(await w.failure(made)).toMatchObject({ code: 'STEP_FAILED', why: expect.stringMatching(why) })
}) // biome-ignore format: one line

const each = (name: string, file: string, rows: number, mark: string) =>
  recipe(name, (k) => {
    const items = k.source(`${name}-items`, generate(name, { rows, columns: { n: values.sequence() } }))
    k.process(`${name}-each`, { command: [NODE, file], files: [file], params: { mark }, each: { of: items, most: 2 } })
  })

test('programs of many rows are begun by a small process; where that dies the step fails, and goes on the next time', async () => {
  const mark = join(w.folder, 'begun')
  const file = w.script('parents.cjs', `fs.appendFileSync(ask.params.mark, process.ppid + '\\n')
if (!fs.existsSync(ask.params.mark + '.mended') && ask.item.n === 3) process.kill(process.ppid, 'SIGKILL')
setTimeout(() => {}, 50)`) // biome-ignore format: one line
  const error = await w.failure(each('begun', file, 4, mark))
  expect(error).toMatchObject({ code: 'ENGINE_FAILED', why: 'it was ended by SIGKILL' })
  const parents = new Set(readFileSync(mark, 'utf8').trim().split('\n'))
  expect([parents.size, parents.has(String(process.pid))]).toEqual([1, false])
  writeFileSync(`${mark}.mended`, '')
  await w.ran(each('begun', file, 4, mark))
})

test('a run with many rows that somebody cancels ends within a second', async () => {
  const mark = join(w.folder, 'cancelled')
  const file = w.script('long.cjs', "fs.writeFileSync(ask.params.mark, ''); setInterval(() => {}, 1000)")
  let number = 0
  const under = run(w.galley.ware, await w.galley.scope(), each('long', file, 500, mark), { folder: w.folder, signal, on: (e) => void (e.type === 'run' && (number = e.run)) }) // biome-ignore format: one line
  const failed = expect(under).rejects.toMatchObject({ code: 'CANCELLED' })
  while (!existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 20))
  const began = performance.now()
  await w.client.runs.cancel({ run: String(number), body: {} })
  await failed
  expect(performance.now() - began).toBeLessThan(1500)
})
