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
    ['no price', 'id=2, price='],
  ])
})
