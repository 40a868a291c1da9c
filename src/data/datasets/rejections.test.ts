import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { collect } from '../../engines/conformance/compare.ts'
import { rowsOf } from '../../engines/conformance/vectors.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { table } from '../../plan/table.ts'
import { rejectedRows } from './rejections.ts'

const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(tmpdir(), 'galley-rejections-test') })
afterAll(() => engine.close())

test('rows of which a column that was derived before could not be computed are set aside with the reason', async () => {
  const orders = table<{ id: 'int64'; price: 'string' }>(
    rowsOf({ id: 'int64', price: 'string' }, [['1', '10'], ['2', '무료'], ['3', '-5']]), // biome-ignore format: one line
  )
  const clean = orders
    .derive((r) => ({ price: r.price.cast('int64') }))
    .reject((r) => r.price.fails(), 'no price')
    .reject((r) => r.price.lt(0), 'below 0')
  expect(await collect(engine, clean.node)).toEqual([[1n, 10n]])
  const bad = rejectedRows(clean.node)
  expect((await collect(engine, bad ?? expect.unreachable())).sort()).toEqual([
    ['below 0', 'id=3, price=-5'],
    ['no price', 'id=2, price=무료'],
  ])
})

test('what a column was before it was computed anew goes along with its name, and into a name of its own', async () => {
  const orders = table<{ id: 'int64'; price: 'string'; at: 'string' }>(
    rowsOf({ id: 'int64', price: 'string', at: 'string' }, [['1', '1O', '2026-01-02'], ['2', '20', 'soon'], ['3', '무료', 'later']]), // biome-ignore format: one line
  )
  const clean = orders
    .derive((r) => ({ price: r.price.cast('int64', { onError: 'null' }) }))
    .filter((r) => r.id.gt(0))
    .derive((r) => ({ price: r.price.times(2), at: r.at.parseTime('%Y-%m-%d') }))
    .rename({ price: 'twice' })
    .derive((r) => ({ id: r.id.times(10) }))
    .reject((r) => r.twice.isNull(), 'no price')
    .reject((r) => r.at.fails(), 'no time')
  expect((await collect(engine, rejectedRows(clean.node) ?? expect.unreachable())).map(String).sort()).toEqual([
    'no price,twice=1O, at=2026-01-02 00:00:00, id=10',
    'no price,twice=무료, at=later, id=30',
    'no time,twice=40, at=soon, id=20',
  ])
})
