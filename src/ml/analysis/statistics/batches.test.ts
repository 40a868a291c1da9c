import { expect, test } from 'vitest'
import { batchOf } from '../../../engines/batch.ts'
import type { Schema } from '../../../plan/types.ts'
import { columnsOf } from './batches.ts'

const schema: Schema = [
  { name: 'n', type: 'int64' },
  { name: 'price', type: { decimal: [9, 2] } },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'plan', type: 'string' },
  { name: 'late', type: 'bool' },
] as unknown as Schema

test('batches become columns: decimals by their scale, moments in microseconds, what is missing is NaN or null', async () => {
  const first = batchOf(schema, [{ n: 5n, price: 1234n, day: 2, at: 7n, plan: 'pro', late: true }])
  const second = batchOf(schema, [{ n: null, price: null, day: null, at: null, plan: null, late: null }])
  expect(await columnsOf([first, second])).toEqual({
    n: Float64Array.of(5, Number.NaN),
    price: Float64Array.of(12.34, Number.NaN),
    day: Float64Array.of(2 * 86_400e6, Number.NaN),
    at: Float64Array.of(7, Number.NaN),
    plan: ['pro', null],
    late: [true, null],
  })
})

test('a list is no column that is looked at', async () => {
  const lists = batchOf([{ name: 'tags', type: { list: 'string' } }] as unknown as Schema, [{ tags: ['a'] }])
  await expect(columnsOf([lists])).rejects.toThrowError(/'tags' is a list of string column/)
})
