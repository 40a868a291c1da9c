import { expect, test } from 'vitest'
import { compileOnline } from '../../engines/row/index.ts'
import { online } from '../../plan/online.ts'
import { readRecord } from '../../plan/record.ts'
import { scan } from '../../plan/table.ts'
import { tableRows, tableText } from './load.ts'

test('a table that requests are joined with keeps its values: NaN and the infinities are numbers there too', () => {
  const limits = scan(
    { kind: 'source', name: 'limits' },
    { k: 'string', v: 'float64', w: 'float32', many: 'float64[]', whole: { x: 'float64', name: 'string' } },
  )
  const rows = [
    {
      k: 'a',
      v: Number.NaN,
      w: Number.POSITIVE_INFINITY,
      many: [Number.NaN, 1.5, null],
      whole: { x: -Infinity, name: 'NaN' },
    },
    { k: 'NaN', v: 0.1, w: null, many: null, whole: null },
  ]
  const { schema } = limits.node
  const read = tableRows(schema, tableText(schema, rows))
  expect(read).toEqual(rows.map((r) => Object.values(r)))
  const requests = scan({ kind: 'source', name: 'requests' }, { key: 'string' })
  const { node } = requests.join(limits, { key: 'k' }).derive((r) => ({ over: r.v.gt(1e9) }))
  const sliced = online(node, { entry: 'requests', outputs: ['over'], input: ['key'] })
  const [table] = sliced.tables
  const kept = tableRows(table?.node.schema ?? [], tableText(table?.node.schema ?? [], rows))
  const program = compileOnline(sliced, { tables: new Map([[table?.id ?? '', kept]]), lateness: 0 })
  const answers = ['a', 'NaN'].map((key) => program.answer(readRecord(sliced.input, { key })).at(-1))
  expect(answers).toEqual([true, false])
})
