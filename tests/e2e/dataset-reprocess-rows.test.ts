import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, folder, json, recipe } from '../../src/index.ts'
import type { ColOf } from '../../src/plan/columns/kinds.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { resultOf } from '../../src/sdk/task.ts'
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

test('a row with a quote that is never closed takes no other with it', async () => {
  const cut = ['id,qty\n1,10\n2,"30\n3,7 pcs\n', 'id,qty\n4,40\n5,50 pcs\n6,"x\n', 'id,qty\n7,70\n8,8 pcs\n']
  for (const [i, text] of cut.entries()) writeFileSync(join(w.folder, `cut-${i}.csv`), text)
  const of = (qty: 'int64' | 'string') =>
    recipe('cut', (k) => {
      const t = k.source('cut-lines', folder('cut-*.csv', csv, { id: 'int64', qty }, { broken: 'skip', settle: 0 }))
      const number = (r: ColOf<'string'>) => r.replace(' pcs', '').cast('int64')
      const rows = qty === 'int64' ? t : t.derive((r) => ({ qty: number(r.qty as unknown as ColOf<'string'>) }))
      k.dataset('cut', rows, { write: 'append' })
    })
  await go(of('int64'))
  expect(await again(of('string'), 'cut')).toMatchObject({
    ...{ rows: 5, passed: 3, written: 3 },
    stay: expect.objectContaining({ 'broken line (a quote that is never closed, or follows one)': 1 }),
  })
  expect((await w.rows('cut')).sort()).toEqual(['1,10', '3,7', '4,40', '5,50', '7,70', '8,8'])
  expect(await again(of('string'), 'cut')).toMatchObject({ rows: 2, passed: 0 })
})

test('a row that is longer than what is kept of it is not taken for whole', async () => {
  const text = 'y'.repeat(1_500_000)
  const file = join(w.folder, 'long.csv')
  writeFileSync(file, `id,note\n1,a\nx,${text}\n`)
  const of = (id: 'int64' | 'string') =>
    recipe('long', (k) => {
      const t = k.source('long-lines', csv(file, { id, note: 'string' }, { broken: 'skip' }))
      k.dataset(
        'long',
        t.derive((r) => ({ id: r.id.cast('string') })),
        { write: 'append' },
      )
    })
  await go(of('int64'))
  await again(of('string'), 'long')
  expect((await w.rows('long')).map((r) => r.length)).toEqual([3, text.length + 2])
})

test('what cells of rows are is kept with them: a file that is another now, or gone, says nothing of it', async () => {
  const { first, mended } = orders('swapped', LINES)
  await go(first)
  writeFileSync(join(w.folder, 'swapped.csv'), 'qty,id\n10,1\n')
  expect(await again(mended, 'swapped')).toMatchObject({ passed: 3, written: 2 })
  expect(await w.rows('swapped')).toEqual(['1,10', '5,50', '2,20', '7,70'])
})

test('rows of a folder, too; files that were set aside whole stay, however often it is asked', async () => {
  const at = (i: number) => join(w.folder, `moved-${i}.csv`)
  writeFileSync(at(1), 'id;qty\n1;10\n2;20 pcs\n')
  writeFileSync(at(2), 'id;qty\n3;30\n4;40 pcs\n5;50 pcs;9\n')
  writeFileSync(at(3), 'number\n7\n')
  const options = { broken: 'skip', settle: 0, onSchemaChange: 'quarantine' } as const
  const of = (qty: 'int64' | 'string') =>
    recipe('moved', (k) => {
      const t = k.source('moved-lines', folder('moved-*.csv', csv, { id: 'int64', qty }, options))
      const number = (r: ColOf<'string'>) => r.replace(' pcs', '').cast('int64')
      const rows = qty === 'int64' ? t : t.derive((r) => ({ qty: number(r.qty as unknown as ColOf<'string'>) }))
      k.dataset('moved', rows, { write: 'append' })
    })
  await go(of('int64'))
  writeFileSync(at(1), 'qty;id\n10;1\n')
  rmSync(at(2))
  const whole = { 'file with other columns': 1 }
  const cells = { 'broken line (too many cells)': 1 }
  expect(await again(of('string'), 'moved')).toMatchObject({
    rows: 3,
    passed: 2,
    written: 2,
    stay: { ...cells, ...whole },
  })
  expect((await w.rows('moved')).sort()).toEqual(['1,10', '2,20', '3,30', '4,40'])
  expect(await again(of('string'), 'moved')).toMatchObject({ rows: 1, passed: 0, stay: { ...cells, ...whole } })
})

test('where all rows are read again, the files stay', async () => {
  writeFileSync(join(w.folder, 'left-1.csv'), 'id,qty\n1,10\n2,20 pcs\n')
  writeFileSync(join(w.folder, 'left-2.csv'), 'number\n7\n')
  const options = { broken: 'skip', settle: 0, onSchemaChange: 'quarantine' } as const
  const of = (qty: 'int64' | 'string') =>
    recipe('left', (k) => {
      const t = k.source('left-lines', folder('left-*.csv', csv, { id: 'int64', qty }, options))
      k.dataset(
        'left',
        t.derive((r) => ({ qty: r.qty.cast('string') })),
        { write: 'append' },
      )
    })
  await go(of('int64'))
  const whole = { 'file with other columns': 1 }
  expect(await again(of('string'), 'left')).toMatchObject({ rows: 1, passed: 1, written: 1, stay: whole })
  expect(await again(of('string'), 'left')).toMatchObject({ rows: 0, passed: 0, stay: whole })
})

test('records that lay within another value are read again by themselves', async () => {
  const file = join(w.folder, 'within.json')
  writeFileSync(file, '{"data": {"items": [{"id": 1, "qty": 10}, {"id": 2, "qty": "20"}]}}')
  const of = (qty: 'int64' | 'string') =>
    recipe('within', (k) => {
      const t = k.source('within-items', json(file, { id: 'int64', qty }, { broken: 'skip', at: 'data.items' }))
      k.dataset(
        'within',
        t.derive((r) => ({ qty: r.qty.cast('string') })),
        { write: 'append' },
      )
    })
  await go(of('int64'))
  expect(await again(of('string'), 'within')).toMatchObject({ rows: 1, passed: 1, written: 1 })
})

test('rows aside that went as somebody was forgotten come again from the source, not from a backup', async () => {
  const { first } = orders('gone', 'id,qty\n1,10\n2,Kim\n')
  await go(first)
  await resultOf(await w.client.datasets.forget({ name: 'gone', body: { key: 'id', value: '2' } }), () => {})
  await expect(w.client.datasets.rejected({ name: 'gone-lines' })).rejects.toMatchObject({
    ...{ code: 'STORE_CORRUPT', why: expect.stringContaining('galley datasets forget') },
    fix: expect.not.stringContaining('backup'),
  })
  await go(first)
  expect((await w.client.datasets.rejected({ name: 'gone-lines' })).items).toHaveLength(1)
})
