import { expect, test } from 'vitest'
import type { Node } from '../../plan/nodes.ts'
import { online } from '../../plan/online.ts'
import { readRecord } from '../../plan/record.ts'
import { scan } from '../../plan/table.ts'
import type { TypeName } from '../../plan/types.ts'
import { bindScans } from '../../plan/walk.ts'
import type { Value } from '../batch.ts'
import { rowsOf } from '../conformance/vectors.ts'
import { evaluate } from '../reference/index.ts'
import { compileOnline } from './index.ts'

const source = <S extends Record<string, TypeName>>(columns: S) => scan({ kind: 'source', name: 'requests' }, columns)
/** What an endpoint answers for one request of JSON, and what a batch gives for the same row of a file. */
function both(
  node: Node,
  columns: Record<string, TypeName>,
  record: Record<string, unknown>,
  row: readonly (string | number)[],
) {
  const sliced = online(node, {
    entry: 'requests',
    outputs: node.schema.map((f) => f.name),
    input: Object.keys(columns),
  })
  const program = compileOnline(sliced, { tables: new Map<string, Value[][]>(), lateness: 0 })
  const batch = bindScans(node, () => rowsOf(columns, [[...row]]))
  return [program.answer(readRecord(sliced.input, record)), evaluate(batch)[0]]
}

test('a float32 of a request is the nearest that 32 bits hold, as that of a file', () => {
  const columns = { x: 'float32' } as const
  const { node } = source(columns).derive((r) => ({ big: r.x.gt(0.1), text: r.x.cast('string') }))
  const [live, batch] = both(node, columns, { x: 0.1 }, [0.1])
  expect(live).toEqual([Math.fround(0.1), true, '0.1'])
  expect(live).toEqual(batch)
  for (const x of [1e300, -1e39])
    expect(() => readRecord(node.schema.slice(0, 1), { x })).toThrow(
      expect.objectContaining({ code: 'RECORD_INVALID' }),
    )
})

test('what fails says in which verb and column, and what to do', () => {
  const columns = { text: 'string', n: 'int64' } as const
  const told = (node: Node, record: Record<string, unknown>) => {
    try {
      both(node, columns, record, ['7', '1'])
    } catch (error) {
      return error
    }
    return undefined
  }
  const t = source(columns)
  const cast = t.derive((r) => ({ count: r.text.cast('int64') }))
  const text = { text: 'oops', n: 1 }
  const countOf = { code: 'VALUE_INVALID', details: { verb: 'derive', columns: ['count'] } }
  expect(told(cast.node, text)).toMatchObject({ ...countOf, what: "derive of 'count': 'oops' can't become a int64" })
  // also where another column is what uses it, and where a condition does
  expect(told(cast.derive((r) => ({ more: r.count.plus(1) })).select('more').node, text)).toMatchObject(countOf)
  expect(told(cast.filter((r) => r.count.gt(1)).node, text)).toMatchObject(countOf)
  expect(told(t.filter((r) => r.text.cast('int64').gt(1)).node, text)).toMatchObject({ what: expect.stringContaining("filter of 'text'") }) // biome-ignore format: one line
  const product = t.derive((r) => ({ area: r.n.times(r.n) }))
  const big = told(product.node, { text: '', n: '9000000000000000000' })
  expect(big).toMatchObject({
    what: expect.stringContaining("derive of 'area'"),
    fix: expect.stringContaining('.orNull()'),
  })
  expect((big as { fix: string }).fix).not.toContain('cast')
})
