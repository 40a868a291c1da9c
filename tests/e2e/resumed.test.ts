import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recipeOf } from '../../src/runs/declared.ts'
import { run } from '../../src/runs/runner.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import { galley as command, ended, start } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-resumed-'))
beforeAll(async () => {
  w = await openWritten()
}, 120_000)
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const file = join(folder, 'left.ts')
const begun = join(folder, 'begun')
const open = join(folder, 'open')
const orders = (n: number) => writeFileSync(join(folder, 'orders.csv'), `id,n\n1,${n}\n`)
/** Two datasets: the program between them ends once a file is there. One step is tried and fails, another stands in. */
function written(): void {
  orders(10)
  writeFileSync(
    join(folder, 'slow.cjs'),
    `const fs = require('fs')
const ask = JSON.parse(fs.readFileSync(process.env.GALLEY_STEP))
fs.writeFileSync('${begun}', '')
setInterval(() => {
  if (!fs.existsSync('${open}')) return
  fs.writeFileSync(ask.rows, 'id,n\\n7,7\\n')
  process.exit()
}, 50)
`,
  )
  writeFileSync(
    file,
    `import { csv, dataset, recipe } from 'galley'
export default recipe('left', (k) => {
  const columns = { id: 'int64', n: 'int64' } as const
  const first = k.dataset('left-first', k.source('left-orders', csv('orders.csv', columns)), { write: 'append' })
  const stood = k.attempt('left-tried', () => k.source('left-none', dataset('none-such', columns)), () => k.source('left-again', csv('orders.csv', columns)))
  k.dataset('left-stood', stood)
  const slow = k.process('left-slow', { command: ['${process.execPath}', 'slow.cjs'], files: ['slow.cjs'], tables: { first: first.table }, format: 'csv', gives: columns })
  k.dataset('left-last', slow)
})
`,
  )
}
/** The process of a run that is over is gone: what is its was killed. */
async function sql(text: string, values: unknown[]): Promise<void> {
  const { home } = w.galley.store
  const share = await joinServer(home.postgres, join(home.logs, 'postgres.log'))
  const database = new pg.Client({ ...share.connection })
  await database.connect()
  await database.query(text, values).finally(() => database.end())
  await share.close()
}
const until = async (there: () => boolean | Promise<boolean>) => {
  while (!(await there())) await sleep(20)
}
const shown = async (run: number) => w.client.runs.get({ run: String(run) })
const states = async (run: number) => Object.fromEntries((await shown(run)).steps.map((s) => [s.id, s.status]))
const ENDED = { 'left-first': 'done', 'left-none': 'failed', 'left-stood': 'done' }
const begins = async (run: number) =>
  (await w.client.runs.lines({ run: String(run) })).items.filter((l) => l.message === 'begins').map((l) => l.step)
/** Goes on with a run in this process. */
const resumed = async (number: number) => {
  const scope = await w.galley.scope()
  const { id, recipeJson } = await w.galley.store.runs.get(scope, number)
  return run(w.galley.ware, scope, recipeOf(recipeJson), { folder, signal, on: () => {}, resume: id })
}

test('a run that was killed goes on under its number after its finished steps, whatever its sources hold by then; one that is alive or done does not', async () => {
  written()
  const killed = start(w.home, ['run', file])
  const end = ended(killed)
  await until(() => existsSync(begun))
  await until(async () => (await states(1))['left-stood'] === 'done' && (await begins(1)).includes('left-slow'))
  await expect(resumed(1)).rejects.toMatchObject({ code: 'STORE_CONFLICT', what: 'run 1 is under way' })
  killed.kill('SIGKILL')
  await end
  expect(await states(1)).toMatchObject({ ...ENDED, 'left-slow': 'running', 'left-last': 'pending' })
  expect((await shown(1)).error?.fix).toContain('--resume')
  orders(20)
  writeFileSync(open, '')
  const on = await command(w.home, 'run', file, '--resume', '1', '--json')
  expect(on).toMatchObject({ code: 0, out: expect.stringContaining('"run":1') })
  expect(await shown(1)).toMatchObject({ status: 'done', error: null })
  expect(await states(1)).toMatchObject({ ...ENDED, 'left-slow': 'done', 'left-last': 'done' })
  const told = await begins(1)
  expect(told.filter((s) => s === 'left-slow')).toHaveLength(2)
  expect(told.filter((s) => s === 'left-orders' || s === 'left-again').toSorted()).toEqual(['left-again', 'left-orders']) // biome-ignore format: one line
  expect([await w.rows('left-first'), await w.rows('left-last')]).toEqual([['1,10'], ['7,7']])
  await expect(resumed(1)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
}, 60_000)

test('one that was killed before its steps were on record, or while it failed, begins with what is missing; one of a job is left to it', async () => {
  const { store } = w.galley
  const scope = await w.galley.scope()
  const { recipe, recipeHash, recipeJson, owner } = await store.runs.get(scope, 1)
  const begin = () => store.runs.start(scope, { recipe, recipeHash, recipeJson })
  const [early, late, ofJob] = [await begin(), await begin(), await begin()]
  const { steps } = await shown(1)
  await store.steps.plan(scope, late.id, steps)
  const claim = await store.steps.claim(scope, late.id, 'left-again')
  await store.steps.fail(scope, claim as never, { code: 'SOURCE_MISSING' })
  await store.steps.skip(scope, late.id, steps.map((s) => s.id)) // biome-ignore format: one line
  await w.client.jobs.queue({ body: { recipe: recipeJson as never, folder } })
  const { claim: held } = (await store.jobs.take(scope, [], 60)) ?? expect.unreachable()
  await store.jobs.began(scope, held, ofJob.id)
  await sql('update runs set owner = $1 where id = any($2)', [owner, [early.id, late.id, ofJob.id]])
  for (const { number } of [early, late]) {
    await resumed(number)
    expect(await states(number)).toMatchObject({ ...ENDED, 'left-last': 'done' })
  }
  await expect(resumed(ofJob.number)).rejects.toMatchObject({ code: 'STORE_CONFLICT', why: expect.stringContaining('it is of a job') }) // biome-ignore format: one line
}, 60_000)
