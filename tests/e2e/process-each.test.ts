import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import type { ProcessOutput } from '../../src/runs/steps/process.ts'
import { NODE, ORDERS, openPrograms, orders, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())
const script = (name: string, body: string) => w.script(name, body)

const ITEMS = `const n = ask.item.n
fs.appendFileSync(ask.params.mark, n + '\\n')
if (fs.existsSync(ask.params.mark + '.bad') && n === 20) { console.error('twenty is bad'); process.exit(1) }
fs.writeFileSync(ask.rows, JSON.stringify({ n, square: n * n }))`
const eachOf = (name: string, file: string, mark: string, each: object = {}) =>
  recipe(name, (k) => {
    const squares = k.process(`${name}-each`, { command: [NODE, file], files: [file], params: { mark }, each: { of: orders(k).select('n'), most: 2, ...each }, format: 'json', gives: { n: 'int64', square: 'int64' } }) // biome-ignore format: one line
    k.dataset(`${name}-rows`, squares)
  })

test('run for each row of a table, what is done is kept where others fail: the next run does those alone', async () => {
  const file = script('each.cjs', ITEMS)
  const mark = join(w.folder, 'each')
  writeFileSync(`${mark}.bad`, '')
  const error = await w.failure(eachOf('squares', file, mark))
  expect(error).toMatchObject({ code: 'STEP_FAILED', what: expect.stringContaining("the program of 'squares-each' failed for 1 of 3 rows"), why: expect.stringContaining('for {"n":20}: it ended with code 1') }) // biome-ignore format: one line
  rmSync(`${mark}.bad`)
  writeFileSync(mark, '')
  await w.ran(eachOf('squares', file, mark))
  expect(await w.rows('squares-rows')).toEqual(['10,100', '20,400', '30,900'])
  expect(readFileSync(mark, 'utf8').trim().split('\n')).not.toContain('10')
  expect(readFileSync(mark, 'utf8').trim().split('\n')).toContain('20')
})

test('some may fail where the recipe says so, and are told', async () => {
  const file = script('each-some.cjs', ITEMS)
  const mark = join(w.folder, 'some')
  writeFileSync(`${mark}.bad`, '')
  const { outputs } = await w.ran(eachOf('some', file, mark, { failures: 1 }))
  expect((outputs.get('some-each') as unknown as ProcessOutput).items).toEqual({ all: 3, failed: 1 })
  expect(await w.rows('some-rows')).toEqual(['10,100', '30,900'])
})

test('rows that are equal are no two pieces of work', async () => {
  writeFileSync(join(w.folder, 'twice.csv'), 'id,n\n1,10\n2,10\n')
  const made = recipe('equal', (k) => {
    k.process('equal-each', { command: [NODE, 'each.cjs'], files: ['each.cjs'], each: { of: k.source('twice', csv('twice.csv', ORDERS)).select('n') } }) // biome-ignore format: one line
  })
  expect(await w.failure(made)).toMatchObject({
    code: 'STEP_FAILED',
    what: expect.stringContaining('stands there twice'),
  })
})

test('a person who is forgotten is forgotten in what is kept of items, too', async () => {
  const file = script(
    'each-person.cjs',
    'fs.writeFileSync(ask.rows, JSON.stringify({ n: ask.item.n, name: "person-" + ask.item.n }))',
  )
  const made = recipe('persons', (k) => {
    const t = k.process('persons-each', { command: [NODE, file], files: [file], each: { of: orders(k).select('n') }, format: 'json', gives: { n: 'int64', name: 'string' } }) // biome-ignore format: one line
    k.dataset('persons-rows', t)
  })
  await w.ran(made)
  const kept = () => readdirSync(w.home, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('_persons-each/') && path.endsWith('.parquet')) // biome-ignore format: one line
  expect(kept()).toHaveLength(4)
  const { bytes } = await w.client.datasets.forget({ name: 'persons-rows', body: { key: 'name', value: 'person-20' } })
  let text = ''
  for await (const piece of bytes) text += Buffer.from(piece).toString('utf8')
  expect(text).toContain('_persons-each')
  // the table, and one of the three
  expect(kept()).toHaveLength(2)
})
