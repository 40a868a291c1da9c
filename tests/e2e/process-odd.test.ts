import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, daily, partitioned, recipe, secret } from '../../src/index.ts'
import type { ProcessOutput } from '../../src/runs/steps/process.ts'
import { NODE, ORDERS, openPrograms, orders, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())
const script = (name: string, body: string) => w.script(name, body)
const program = (file: string) => ({ command: [NODE, file], files: [file], format: 'json' as const })

test('a program is told the partition, and is run for each though it is given the same', async () => {
  const file = script('day.cjs', 'fs.writeFileSync(ask.rows, JSON.stringify({ told: ask.partition }))')
  const made = partitioned('told-days', { day: daily('2026-01-01') }, (k) => {
    k.dataset('told-days-rows', k.process('told', { ...program(file), gives: { told: 'string' } }))
  })
  for (const day of ['2026-01-01', '2026-01-02']) await w.ran(made.of(day))
  expect(await w.rows('told-days-rows')).toEqual(['2026-01-01,20454', '2026-01-02,20455'])
})

test('what it tells last counts without an end of the line, letters are put together, and lines of any length are passed over', async () => {
  const file = script('tells.cjs', `fs.appendFileSync(ask.events, 'x'.repeat(3e6) + '\\n' + JSON.stringify({ say: '${'김치'.repeat(500)}', metrics: { seen: 1 } }) + '\\n' + ' '.repeat(65535 - 3000 % 3) + JSON.stringify({ say: '김치' }) + '\\n')
fs.appendFileSync(ask.events, '{"metrics":{"auc":0.7}}')`) // biome-ignore format: one line
  const { outputs } = await w.ran(recipe('tells', (k) => void k.process('tells', program(file))))
  expect((outputs.get('tells') as unknown as ProcessOutput).metrics).toEqual({ seen: 1, auc: 0.7 })
})

test('a pipe where its events or rows were to be keeps nobody waiting', async () => {
  const pipe = (at: string) =>
    `fs.rmSync(${at}, { force: true }); require('child_process').execFileSync('mkfifo', [${at}])`
  const file = script('pipes.cjs', `${pipe('ask.events')}; ${pipe('ask.rows')}; setTimeout(() => {}, 500)`)
  const made = recipe('pipes', (k) => void k.process('pipes', { ...program(file), gives: { id: 'int64' } }))
  expect(await w.failure(made)).toMatchObject({ code: 'STEP_FAILED', what: "the program of 'pipes' left no rows" })
})

test('links where its rows or events were to be are not followed: within a container they would lead to what the program may not see', async () => {
  const [rows, events] = ['beside.csv', 'beside.jsonl'].map((name) => join(w.folder, name)) as [string, string]
  writeFileSync(rows, 'id\n1\n')
  writeFileSync(events, '{"metrics":{"seen":1}}\n')
  const links = script('links.cjs', `fs.symlinkSync('${rows}', ask.rows)`)
  const made = recipe('links', (k) => void k.process('links', { ...program(links), format: 'csv', gives: { id: 'int64' } })) // biome-ignore format: one line
  expect(await w.failure(made)).toMatchObject({ code: 'STEP_FAILED', what: "the program of 'links' left no rows" })
  const told = script('linked.cjs', `fs.rmSync(ask.events); fs.symlinkSync('${events}', ask.events)`)
  const { outputs } = await w.ran(recipe('linked', (k) => void k.process('linked', program(told))))
  expect((outputs.get('linked') as unknown as ProcessOutput).metrics).toEqual({})
})

test('a program that writes to a table that it is given to read is told of, and nothing of it is kept', async () => {
  const file = script(
    'writes.cjs',
    "fs.appendFileSync(ask.tables.orders.files[0], 'x'); fs.writeFileSync(ask.rows, '')",
  )
  const made = recipe('writes', (k) => {
    const t = k.step(
      'kept',
      orders(k).derive((r) => ({ m: r.n.plus(1) })),
    )
    k.process('writes', { command: [NODE, file], files: [file], tables: { orders: t }, gives: { id: 'int64' } })
  })
  expect(await w.failure(made)).toMatchObject({ code: 'STORE_CORRUPT', what: expect.stringMatching(/^the program of 'writes' has changed /) }) // biome-ignore format: one line
})

const ITEM = `const n = ask.item.n
fs.appendFileSync(ask.params.mark, n + '\\n')
if (fs.existsSync(ask.params.mark + '.changes') && n === 10) fs.appendFileSync(ask.params.mark + '.cjs', '// mended')
setTimeout(() => fs.writeFileSync(ask.rows, JSON.stringify({ n })), n === 20 ? ask.params.slow : 0)`
const eachOf = (name: string, source: string, slow: number) => {
  const mark = join(w.folder, name)
  if (!existsSync(`${mark}.cjs`)) script(`${name}.cjs`, ITEM)
  return recipe(name, (k) => {
    const of = k.source('items', csv(source, ORDERS)).select('n')
    k.dataset(`${name}-rows`, k.process(`${name}-each`, { ...program(`${name}.cjs`), params: { mark, slow }, each: { of, most: 2 }, gives: { n: 'int64' } })) // biome-ignore format: one line
  })
}
const lines = (name: string) => readFileSync(join(w.folder, name), 'utf8').trim().split('\n')

test('of rows that come to those that are done the new ones alone are run', async () => {
  writeFileSync(join(w.folder, 'items.csv'), 'id,n\n1,10\n2,20\n')
  await w.ran(eachOf('more', 'items.csv', 0))
  writeFileSync(join(w.folder, 'items.csv'), 'id,n\n1,10\n2,20\n3,30\n')
  await w.ran(eachOf('more', 'items.csv', 0))
  expect(lines('more').toSorted()).toEqual(['10', '20', '30'])
  expect(await w.rows('more-rows')).toEqual(['10', '20', '30'])
})

test('a program that is changed while it is run for one row after the other ends the step, what is under way with it, and mixes nothing', async () => {
  writeFileSync(join(w.folder, 'mixed.changes'), '')
  const began = performance.now()
  const error = await w.failure(eachOf('mixed', 'orders.csv', 60_000))
  expect(error).toMatchObject({ code: 'SOURCE_BROKEN', what: expect.stringContaining('mixed.cjs changed') })
  expect(performance.now() - began).toBeLessThan(30_000)
  expect(lines('mixed')).not.toContain('30')
}, 60_000)

test('what it says by the names of its outputs is heard as well, in the order in which it is said', async () => {
  writeFileSync(
    join(w.folder, 'names.sh'),
    'echo one >/dev/stdout\necho two >&2\necho three | tee /dev/stderr >/dev/null\n',
  )
  const made = recipe(
    'names',
    (k) => void k.process('names-step', { command: ['sh', 'names.sh'], files: ['names.sh'] }),
  )
  const { number } = await w.ran(made)
  expect((await w.client.runs.log({ run: `${number}`, step: 'names-step' })).text).toBe('one\ntwo\nthree\n')
})

test('a step in a container says so where this machine has no engine for them', async () => {
  const path = process.env['PATH']
  process.env['PATH'] = w.folder
  try {
    const made = recipe('boxed', (k) => void k.process('box', { command: ['sh'], container: 'busybox' }))
    expect(await w.failure(made)).toMatchObject({
      code: 'STEP_FAILED',
      what: "'box' runs in a container, and this machine has no engine for them",
      fix: expect.stringContaining('podman'),
    })
  } finally {
    process.env['PATH'] = path
  }
})

test.each([
  ['', "'box' has the image ''"],
  ['--privileged', "'box' has the image '--privileged'"],
  [{ image: 'a b' }, "'box' has the image 'a b'"],
  [{ image: 'a', network: '--pid=host' }, "'box' has the network '--pid=host'"],
])('the container %j is refused before anything runs', (container, what) => {
  const made = () => recipe('boxed', (k) => void k.process('box', { command: ['sh'], container }))
  expect(made).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', what }))
})

test('a secret can not have a name that an engine of containers is told by', () => {
  const env = { DOCKER_HOST: secret('ELSEWHERE') }
  const made = () => recipe('boxed', (k) => void k.process('box', { command: ['sh'], container: 'busybox', env }))
  expect(made).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', what: "the variable 'DOCKER_HOST' of 'box' is a secret, or of several lines" })) // biome-ignore format: one line
})
