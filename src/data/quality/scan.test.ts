import { expect, test } from 'vitest'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { isGaps } from '../../engines/engine.ts'
import { rowOf } from '../../plan/columns/column.ts'
import { hours } from '../../plan/durations.ts'
import { build, type Node, plan } from '../../plan/nodes.ts'
import { scan } from '../../plan/table.ts'
import { nodes } from '../../plan/walk.ts'
import { expectations, expectOf } from './expect.ts'
import { oneScan } from './scan.ts'

const COLUMNS = { id: 'int64', line: 'int32', city: 'string', price: 'float64', at: 'timestamp' } as const
type Orders = typeof COLUMNS
const ORDERS = scan({ kind: 'rows', rows: [] }, COLUMNS)

test('however many expectations, the table is scanned once', () => {
  const t = ORDERS
  const duckdb = createDuckdbEngine({ memoryMiB: 64, temp: '/tmp' })
  const e = expectOf<Orders>(t.schema)
  const r = rowOf<Orders>(t.schema, 'x')
  const file: Node = build({ op: 'scan', from: { kind: 'parquet', files: ['/v.parquet'] }, schema: t.schema })
  const list = expectations([
    e.key('id', 'line'),
    e.unique('at'),
    e.notNull(r.price, { mostly: 0.9 }),
    e.notNull(r.city),
    e.range(r.price, { min: 0 }),
    e.fresh('at', hours(1)),
    e.volume({ min: 1 }),
  ])
  const { plan: root } = oneScan(file, list, new Map())
  expect([...nodes(root)].filter((n) => n.op === 'scan')).toHaveLength(1)
  const prepared = duckdb.prepare(plan(root))
  if (isGaps(prepared)) throw new Error('a gap')
  expect(prepared.explain().match(/read_parquet/g)).toHaveLength(1)
})
