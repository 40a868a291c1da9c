import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, galley, recipeFile, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
let file: string
beforeAll(async () => {
  w = await openWritten()
  writeFileSync(join(w.folder, 'n.csv'), 'id\n1\n2\n')
  // half a second of the processor, in a program and in its child
  writeFileSync(join(w.folder, 'busy.cjs'), `const work = 'while (process.cpuUsage().user < 400000);'; require('child_process').spawnSync(process.execPath, ['-e', work]); eval(work); console.log('{"id":1}')`) // biome-ignore format: one line
  file = recipeFile(
    w.folder,
    'busy',
    `const n = k.source('n', csv('n.csv', { id: 'int64' }))
     const busy = k.process('busy', { command: ['${process.execPath}', 'busy.cjs'], files: ['busy.cjs'], tables: { n } })
     k.dataset('kept', n)`,
  )
})
afterAll(() => w.close())

test('a run says what its steps took of the machine, and what that costs', async () => {
  const home = w.galley.config.home
  expect((await galley(home, 'run', file)).code).toBe(0)
  const run = await w.client.runs.get({ run: '1' })
  const of = (id: string) => run.steps.find((s) => s.id === id)?.resources
  expect(of('busy')?.cpuSeconds).toBeGreaterThan(process.platform === 'linux' ? 0.4 : 0)
  for (const s of run.steps) expect(s.resources?.peakBytes).toBeGreaterThan(20 << 20)
  // nobody said a price
  expect(run.cost).toBeNull()
  const spent = run.steps.reduce((sum, s) => sum + (s.resources?.cpuSeconds ?? 0), 0)
  const show = (n: number, env: Record<string, string>, ...more: string[]) =>
    ended(start(home, ['runs', 'show', `${n}`, ...more], { GALLEY_URL: '', ...env }))
  const priced = JSON.parse((await show(1, { GALLEY_CORE_HOUR: '3600 KRW' }, '--json')).out)
  expect(priced.cost).toEqual({ amount: expect.closeTo(spent, 6), currency: 'KRW' })
  const text = (await show(1, { GALLEY_CORE_HOUR: '0.048 USD' })).out
  expect(text).toMatch(/its processor time costs [\d.e-]+ USD/)
  expect(text).toMatch(/step +kind +status +took +processor +memory/)
  expect(await show(1, { GALLEY_CORE_HOUR: '5 cents' })).toMatchObject({
    code: 2,
    err: expect.stringContaining("'0.048 USD'"),
  })
  // nothing is taken by what is kept
  expect((await galley(home, 'run', file)).code).toBe(0)
  expect((await w.client.runs.get({ run: '2' })).steps.map((s) => s.resources)).toEqual(run.steps.map(() => null))
  // what failed took something, too
  writeFileSync(join(w.folder, 'busy.cjs'), 'process.exit(3)')
  expect((await galley(home, 'run', file)).code).toBe(1)
  const failed = (await w.client.runs.get({ run: '3' })).steps.find((s) => s.id === 'busy')
  expect(failed).toMatchObject({ status: 'failed', resources: { peakBytes: expect.any(Number) } })
}, 120_000)
