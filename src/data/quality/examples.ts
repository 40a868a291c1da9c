import { call, col, columnsOf, type Expr, lit } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import type { Field } from '../../plan/types.ts'
import { type Expectation, isRowwise } from './expectation.ts'
import type { Collect } from './former.ts'
import { joined, keyOf, missing } from './scan.ts'

/** Rows that are shown of those that break an expectation. */
const SHOWN = 5

/** The first rows that break an expectation, in the order of their values, as text: what is asked about, and their keys. No other column: an error is read by more people than the table. */
export async function examplesOf(
  rows: Node,
  x: Expectation,
  i: number,
  expect: readonly Expectation[],
  collect: Collect,
): Promise<string[]> {
  const bad = brokenRows(rows, x, i)
  if (!bad) return []
  const keys = expect.flatMap((y) => (y.kind === 'key' || y.kind === 'unique' ? y.columns : []))
  const first = new Set([...keys, ...columnsAsked(x)])
  const fields = rows.schema.filter((f) => first.has(f.name) && isShown(f))
  const text = build({ op: 'select', input: bad, columns: [['row', rowText(fields)]] })
  const sorted = build({ op: 'sort', input: text, keys: [{ by: col('row'), descending: false }] })
  const found = await collect(build({ op: 'limit', input: sorted, count: SHOWN }))
  return found.map((r) => String(r['row']))
}

/** The rows that break an expectation of rows; of those of the same key all of them. */
function brokenRows(rows: Node, x: Expectation, i: number): Node | undefined {
  const where = (input: Node, predicate: Expr) => build({ op: 'filter', input, predicate })
  if (isRowwise(x)) return where(rows, call('not', x.condition))
  if (x.kind === 'references') return where(joined(rows, x, i), missing(x, i))
  if (x.kind !== 'unique' && x.kind !== 'key') return undefined
  const { present } = keyOf(rows, x)
  const counted = build({
    op: 'window',
    input: rows,
    by: x.columns,
    order: [],
    columns: [
      ['__n', { fn: 'aggregate', agg: { fn: 'count', arg: null }, frame: { unit: 'rows', from: null, to: null } }],
    ],
  })
  const twice = call('and', call('gt', col('__n'), lit('1', 'int64')), call('not', call('isNull', present)))
  return where(counted, x.kind === 'key' ? call('or', twice, call('isNull', present)) : twice)
}

const columnsAsked = (x: Expectation): string[] => {
  if (isRowwise(x)) return columnsOf(x.condition)
  return 'column' in x ? [x.column] : 'columns' in x && x.kind !== 'schema' ? [...x.columns] : []
}

const isShown = (f: Field): boolean => (typeof f.type !== 'object' || 'decimal' in f.type ? f.type !== 'bytes' : false)

function rowText(fields: readonly Field[]): Expr {
  const text = (name: string): Expr =>
    call('coalesce', { op: 'cast', arg: col(name), to: 'string', onError: 'null' }, lit('null', 'string'))
  return fields.reduce<Expr>(
    (all, f, i) => call('concat', all, lit(`${i > 0 ? ', ' : ''}${f.name}=`, 'string'), text(f.name)),
    lit('', 'string'),
  )
}
