import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, folder, recipe } from '../../src/index.ts'
import type { ColOf } from '../../src/plan/columns/kinds.ts'
import { reprocess } from '../../src/runs/reprocess/reprocess.ts'
import { run } from '../../src/runs/runner.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const go = async (r: Recipe) =>
  run(w.galley.ware, await w.galley.scope(), r, { folder: w.folder, signal, on: () => {} })
const again = async (r: Recipe, dataset: string, more: Partial<Parameters<typeof reprocess>[3]> = {}) =>
  reprocess(w.galley.ware, await w.galley.scope(), r, {
    ...{ dataset, source: undefined, folder: w.folder, signal, on: () => {} },
    ...more,
  })

/** Orders as they were declared first, with whole numbers; and by rules that know pieces, too. */
function orders(name: string, lines: string): { first: Recipe; mended: Recipe } {
  const file = join(w.folder, `${name}.csv`)
  writeFileSync(file, lines)
  const source = `${name}-lines`
  return {
    first: recipe(name, (k) => {
      const t = k.source(source, csv(file, { id: 'int64', qty: 'int64' }, { broken: 'skip' }))
      k.dataset(name, t, { write: 'append' })
    }),
    mended: recipe(name, (k) => {
      const t = k.source(source, csv(file, { id: 'int64', qty: 'string' }, { broken: 'skip', mostBroken: 0 }))
      const mended = k.step(
        `${name}-mended`,
        t
          .derive((r) => ({ qty: r.qty.replace(' pcs', '').cast('int64', { onError: 'null' }) }))
          .reject((r) => r.qty.isNull(), 'no quantity'),
      )
      k.dataset(name, mended, { write: 'append' })
    }),
  }
}
const LINES = 'id,qty\n1,10\n2,20 pcs\n3,"x, y"\n4,40,9\n5,50\nsix,60\n7,70 pcs\n'

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

test('a file that is another now does not say what cells of rows that were set aside are', async () => {
  const { first, mended } = orders('swapped', LINES)
  await go(first)
  writeFileSync(join(w.folder, 'swapped.csv'), 'qty,id\n10,1\n')
  await expect(again(mended, 'swapped')).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    why: expect.stringContaining('another now'),
  })
  writeFileSync(join(w.folder, 'swapped.csv'), LINES)
  expect(await again(mended, 'swapped')).toMatchObject({ passed: 3, written: 2 })
})
