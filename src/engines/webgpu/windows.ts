import { type Expr, type Frame, type WindowCall, windowExprs } from '../../plan/expr.ts'
import type { Named, Node } from '../../plan/nodes.ts'
import type { Field } from '../../plan/types.ts'
import { endsOf, framesOf, neighbours, numbersOf, type Ordered, ordered } from './frames.ts'
import { few, inSchema, type Make, windowed } from './moments.ts'
import { ranksIn } from './ranks.ts'
import type { Recorder } from './recorder.ts'
import { type Aggregates, aggregatesBetween } from './rolling.ts'
import { columnOf, type Rows, take } from './rows.ts'
import { sortWords } from './sort.ts'
import { columnsAsThey, type Making, type Step, selectOf, tiesOf, wantedOf } from './steps.ts'
import type { TableColumn } from './table.ts'
import { DeviceGap } from './wgsl/emit.ts'

/** A column of a window, made ready: what it reads is column `__arg` and its number. */
type Column = (recorder: Recorder, at: Ordered) => Promise<TableColumn>

/** Columns computed over each key's rows in an order. Rows stay where they are. */
export function frameStep(n: Extract<Node, { op: 'window' }>, making: Making, make: Make): Step {
  const { schema } = n.input
  const names = new Set(wantedOf(n, making).map((f) => f.name))
  const calls = n.columns.filter(([name]) => names.has(name))
  const exprs = calls.flatMap(([, call]) => windowExprs(call))
  const keys = n.order.map((k, i) => [`__order${i}`, k.by] as const)
  // what breaks ties matters only where there is an order
  const ties = n.order.length > 0 ? tiesOf(schema) : []
  const made = new Set(calls.map(([name]) => name))
  const kept = schema.filter((f) => (names.has(f.name) && !made.has(f.name)) || n.by.includes(f.name) || ties.includes(f.name)) // biome-ignore format: one line
  const columns: Named<Expr> = [...columnsAsThey(kept), ...keys, ...exprs.map((e, i) => [`__arg${i}`, e] as const)]
  let next = 0
  const ready = calls.map(([name, call]): Column => {
    const field = n.schema.find((f) => f.name === name) as Field
    const args = windowExprs(call).map(() => `__arg${next++}`)
    return columnFor(call, field, args, schema)
  })
  return {
    op: n.op,
    inputs: [make(selectOf(n.input, columns), making)],
    async run({ recorder, words }, [input]) {
      const rows = input as Rows
      const ranks = ranksIn(recorder, words)
      const parts = [
        ...keys.map(([name], i) => sortWords(columnOf(rows, name), ranks, n.order[i]?.descending)),
        ...ties.map((name) => sortWords(columnOf(rows, name), ranks)),
      ]
      const by = few(recorder, rows, n.by)
      const peers = few(
        recorder,
        rows,
        keys.map(([name]) => name),
      )
      const at = await ordered(recorder, rows, by, parts.toReversed().flat(), peers)
      const out: TableColumn[] = []
      for (const column of ready) out.push(await column(recorder, at))
      const others = rows.columns.filter((c) => !made.has(c.field.name))
      return inSchema({ ...rows, columns: [...others, ...out] }, n, making)
    },
  }
}

/** @throws DeviceGap for what is not computed over a frame */
function columnFor(call: WindowCall, field: Field, args: readonly string[], schema: Node['schema']): Column {
  const taken = async (recorder: Recorder, { rows }: Ordered, index: GPUBuffer): Promise<TableColumn> => {
    const [column] = await take(recorder, [columnOf(rows, args[0] as string)], index, rows, true)
    return { ...(column as TableColumn), field }
  }
  switch (call.fn) {
    case 'rowNumber':
    case 'rank':
    case 'denseRank':
      return (recorder, at) => numbersOf(recorder, at, call.fn, field)
    case 'lag':
    case 'lead':
      return async (recorder, at) => taken(recorder, at, await neighbours(recorder, at, call.fn, call.offset))
    case 'first':
    case 'last':
      counted(call.frame)
      return async (recorder, at) =>
        taken(recorder, at, await endsOf(recorder, at, await framesOf(recorder, at, call.frame), call.fn))
    case 'aggregate': {
      counted(call.frame)
      const accumulators = windowed([call.agg], schema)
      return async (recorder, at) => {
        const what: Aggregates = { accumulators, args: args.map((name) => columnOf(at.rows, name)), fields: [field] }
        const places = await framesOf(recorder, at, call.frame)
        const [column] = await aggregatesBetween(recorder, at.rows, at.order, at.rows, places, what)
        return column as TableColumn
      }
    }
  }
}

/** @throws DeviceGap for a range of some extent, whose ends are not counted in rows or peers */
function counted({ unit, from, to }: Frame): void {
  if (unit === 'range' && [from, to].some((end) => end !== null && end !== 0))
    throw new DeviceGap('window', 'ranges of an extent are not computed on the device')
}
