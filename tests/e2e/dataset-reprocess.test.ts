import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { constant, csv, folder, json, keys, partitioned, push, recipe, sum } from '../../src/index.ts'
import type { ColOf } from '../../src/plan/columns/kinds.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { openWritten, type Written } from './datasets.ts'
import { going, LINES, ordersIn, rereading } from './reprocessing.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const go = (r: Recipe) => going(w)(r)
const again = (...given: Parameters<ReturnType<typeof rereading>>) => rereading(w)(...given)
const orders = (name: string, lines: string) => ordersIn(w, name, lines)

test('rows that a mended recipe can read are added once, and the others stay aside', async () => {
  const { first, mended } = orders('shop', LINES)
  await go(first)
  expect(await w.rows('shop@1')).toEqual(['1,10', '5,50'])
  const found = await again(mended, 'shop')
  expect(found).toEqual({
    ...{ source: 'shop-lines', rows: 5, passed: 3, written: 2, version: 2 },
    stay: { 'broken line (too many cells)': 1, 'broken line (a value of another type)': 1 },
    rejected: { 'no quantity': 1 },
  })
  expect(await w.rows('shop@2')).toEqual(['1,10', '5,50', '2,20', '7,70'])
  // what is asked again reads what is left, and changes nothing
  expect(await again(mended, 'shop')).toMatchObject({ rows: 2, passed: 0, written: 0, version: 2 })
  expect(await again(mended, 'shop')).toMatchObject({ rows: 2, passed: 0, written: 0, version: 2 })
  expect((await w.client.datasets.versions({ name: 'shop' })).items).toHaveLength(2)
})

test('by rules that were not mended nothing passes: that is said, and no run is begun', async () => {
  const { first } = orders('unmended', LINES)
  await go(first)
  const runs = async () => (await w.client.runs.list({ limit: 500 })).items.length
  const before = await runs()
  expect(await again(first, 'unmended')).toEqual({
    ...{ source: 'unmended-lines', rows: 5, passed: 0, written: 0, version: 1, rejected: {} },
    stay: { 'broken line (too many cells)': 1, 'broken line (a value of another type)': 4 },
  })
  expect(await runs()).toBe(before)
})

test('rows that were pushed are told how to come again', async () => {
  const made = recipe('pushed', (k) => {
    k.dataset('pushed', k.source('pushed-lines', push('pushed-orders', { id: 'int64' })), { write: 'append' })
  })
  const options = { columns: { id: 'int64' } }
  await w.client.sources.open({ name: 'pushed-orders', body: options })
  const body = { mediaType: 'text/csv', bytes: Readable.from([Buffer.from('id\n1\nx\n')]) }
  await w.client.sources.push({ name: 'pushed-orders', key: 'a', body })
  await go(made)
  await expect(again(made, 'pushed')).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    fix: expect.stringMatching(/galley datasets rejected pushed-lines .*galley push pushed-orders FILE/),
  })
})

test('stopped after any step it goes on, and nothing is written twice', async () => {
  for (const [i, step] of ['source', 'table', 'dataset'].entries()) {
    const name = `stopped-${i}`
    const { first, mended } = orders(name, LINES)
    await go(first)
    const controller = new AbortController()
    const on = (e: { type: string; kind?: string }) => {
      if (e.type === 'done' && e.kind === step) controller.abort()
    }
    await again(mended, name, { signal: controller.signal, on }).catch((e: { code: string }) => expect(e.code).toBe('CANCELLED')) // biome-ignore format: one line
    await again(mended, name)
    expect(await w.rows(name)).toEqual(['1,10', '5,50', '2,20', '7,70'])
  }
})

test('rows take the place of those of their key, and JSON is read again, too', async () => {
  const file = join(w.folder, 'people.jsonl')
  writeFileSync(file, '{"id": 1, "n": 5}\n{"id": 1, "n": "6"}\n{"id": 2, "n": "x"}\n')
  const made = (type: 'int64' | 'string') =>
    recipe('people', (k) => {
      const t = k.source('people-lines', json(file, { id: 'int64', n: type } as const, { broken: 'skip' }))
      const typed = t.derive((r) => ({ n: (r.n as typeof r.id).cast('int64', { onError: 'null' }) }))
      k.dataset(
        'people',
        typed.filter((r) => r.n.isNull().not()),
        { key: ['id'] },
      )
    })
  await go(made('int64'))
  expect(await w.rows('people@1')).toEqual(['1,5'])
  expect(await again(made('string'), 'people')).toMatchObject({ rows: 2, passed: 2, written: 1, version: 2 })
  expect(await w.rows('people@2')).toEqual(['1,6'])
})

test('rows of the files of a folder are read again together; files set aside whole wait for the recipe', async () => {
  const put = (name: string, text: string) => writeFileSync(join(w.folder, 'inbox', name), text)
  const of = join(w.folder, 'inbox', '*.csv')
  const each = { broken: 'skip', brokenFiles: 'quarantine', settle: 0 } as const
  const first = recipe('inbox', (k) => {
    const t = k.source('inbox-files', folder(of, csv, { id: 'int64', n: 'int64' }, each)) // biome-ignore format: one line
    k.dataset('inbox', t, { write: 'append' })
  })
  const mended = recipe('inbox', (k) => {
    const t = k.source('inbox-files', folder(of, csv, { id: 'int64', n: 'string' }, each)) // biome-ignore format: one line
    const typed = t.derive((r) => ({ n: r.n.replace(' pcs', '').cast('int64', { onError: 'null' }) }))
    k.dataset(
      'inbox',
      typed.reject((r) => r.n.isNull(), 'no number'),
      { write: 'append' },
    )
  })
  mkdirSync(join(w.folder, 'inbox'))
  put('a.csv', 'id,n\n1,5\n2,"6"\n3,x\n4,1,1\n')
  put('b.csv', 'id,n\n5,x\n6,7 pcs\n7,8\n')
  put('c.csv', '')
  await go(first)
  expect(await w.rows('inbox@1')).toEqual(['1,5', '2,6', '7,8'])
  expect(await again(mended, 'inbox')).toMatchObject({
    ...{ source: 'inbox-files', rows: 4, passed: 3, written: 1, version: 2 },
    stay: { 'broken line (too many cells)': 1, 'broken file': 1 },
    rejected: { 'no number': 2 },
  })
  expect((await w.rows('inbox@2')).toSorted()).toEqual(['1,5', '2,6', '6,7', '7,8'])
  put('d.csv', 'n,id\nx,9\n1,10\n')
  put('a.csv', 'id,n\n1,y\n2,6\n')
  await go(first)
  await expect(again(mended, 'inbox')).rejects.toMatchObject({ why: 'their headers differ' })
})

test('says what it can not do', async () => {
  const { first } = orders('sums', LINES)
  const summed = recipe('sums', (k) => {
    const [source] = first.steps
    const t = k.source('sums-lines', source?.spec as ReturnType<typeof csv<{ id: 'int64'; qty: 'int64' }>>)
    k.dataset(
      'sums',
      t.aggregate(['id'], (r) => ({ n: sum(r.qty) })),
    )
  })
  await go(summed)
  await expect(again(summed, 'sums')).rejects.toMatchObject({ code: 'RECIPE_INVALID', why: expect.stringContaining('aggregate') }) // biome-ignore format: one line
  await expect(again(first, 'sums', { source: 'nothing' })).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
  await expect(again(first, 'none')).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
  const { first: unknown } = orders('never-run', LINES)
  await expect(again(unknown, 'never-run')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
})

test('of a recipe that is run partition by partition rows are not added: a partition is run again', async () => {
  const file = join(w.folder, 'parts.csv')
  writeFileSync(file, 'id,shop\n1,a\nx,a\n')
  const made = partitioned('parts', { shop: keys(['a', 'b']) }, (k, { shop }) => {
    const lines = k.source('parts-lines', csv(file, { id: 'int64', shop: 'string' }, { broken: 'skip' }))
    k.dataset('parts', lines.filter((r) => shop.holds(r.shop)))
  }) // biome-ignore format: one line
  await go(made.of('a'))
  await expect(again(made.of('b'), 'parts')).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    fix: expect.stringContaining('--partition'),
  })
})

test('rows that are added stand beside those of the partition that a run replaces', async () => {
  const file = join(w.folder, 'one-part.csv')
  writeFileSync(file, 'id,shop\n1,a\n2 pcs,a\n')
  const made = (id: 'int64' | 'string') =>
    recipe('one-part', (k) => {
      const lines = k.source('one-part-lines', csv(file, { id, shop: 'string' }, { broken: 'skip' }))
      const whole = id === 'int64' ? lines : lines.derive((r) => ({ id: (r.id as never as ColOf<'string'>).replace(' pcs', '').cast('int64') })) // biome-ignore format: one line
      k.dataset('one-part', whole as typeof lines, { write: 'overwrite-partition', partitionBy: ['shop'], replaces: { shop: constant('a', 'string') } }) // biome-ignore format: one line
    })
  await go(made('int64'))
  await again(made('string'), 'one-part')
  expect((await w.rows('one-part')).toSorted()).toEqual(['1,a', '2,a'])
})
