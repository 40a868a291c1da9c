import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { col } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { collect } from '../conformance/compare.ts'
import { rowsOf } from '../conformance/vectors.ts'
import { createDuckdbEngine } from './index.ts'

const engine = createDuckdbEngine({ memoryMiB: 256, threads: 1, temp: join(tmpdir(), 'galley-overflow-test') })
afterAll(() => engine.close())

const most = '9999999999999999.99'
const input = rowsOf({ x: 'int64', at: 'timestamp', k: 'string', m: 'decimal(18, 2)' }, [
  [String(2n ** 63n - 1n), '1', 'k', most],
  ['1', '2', 'k', most],
  ['1', '3', 'k', most],
])
const x = { fn: 'sum', arg: col('x') } as const
const most3 = ['most', { fn: 'max', arg: col('x') }] as const
const rolling = build({ op: 'rolling', input, by: ['k'], on: 'at', over: 100, aggs: [most3, ['total', x]] })
const frame = { unit: 'rows', from: null, to: null } as const

test.each<[string, string, Node]>([
  ['sum(x) overflows int64', 'aggregate', build({ op: 'aggregate', input, by: ['k'], aggs: [most3, ['total', x]] })],
  ['sum(m) overflows decimal(18, 2)', 'aggregate', build({ op: 'aggregate', input, by: [], aggs: [['total', { fn: 'sum', arg: col('m') }]] })], // biome-ignore format: one line
  ['sum(x) overflows int64', 'window', build({ op: 'window', input, by: [], order: [], columns: [['total', { fn: 'aggregate', agg: x, frame }]] })], // biome-ignore format: one line
  ['sum(x) overflows int64', 'rolling', rolling],
  ['sum(x) overflows int64', 'asof', build({ op: 'asof', left: input, right: build({ ...rolling, aggs: [['total', x]] } as Node), by: [['k', 'k']], at: 'at', on: 'at' })], // biome-ignore format: one line
])('%s in %s', async (what, op, node) => {
  await expect(collect(engine, node)).rejects.toMatchObject({
    code: 'VALUE_INVALID',
    what: `${what} in ${op} of 'total'`,
    fix: expect.stringContaining('float64'),
  })
})
