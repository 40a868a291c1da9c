import type { Agg, Expr } from '../../plan/expr.ts'
import type { Named, Node } from '../../plan/nodes.ts'
import { type Field, type Schema, typeName } from '../../plan/types.ts'
import { type Accumulator, accumulatorOf, addsFloats, isLate } from './aggregates.ts'
import { ranksIn } from './ranks.ts'
import type { Recorder } from './recorder.ts'
import { windowsAt } from './rolling.ts'
import { columnOf, type Rows, take, together } from './rows.ts'
import { sortWords } from './sort.ts'
import { argsOf, columnsAsThey, type Making, type Step, selectOf, tiesOf, wantedOf } from './steps.ts'
import type { TableColumn } from './table.ts'
import { latestBefore, timelineOf } from './timeline.ts'
import { DeviceGap } from './wgsl/emit.ts'

/** Makes the steps of inputs. */
export type Make = (n: Node, making: Making) => Step

/** A window as of other rows' moments, or, where it is read as a table, of its own. */
export function windowStep(
  n: Extract<Node, { op: 'asof' | 'rolling' }>,
  window: Extract<Node, { op: 'rolling' }>,
  making: Making,
  make: Make,
): Step {
  const asked = new Set(wantedOf(n, making).map((f) => f.name))
  const aggs = window.aggs.filter(([name]) => asked.has(name))
  timed(window, window.on)
  const accumulators = windowed(
    aggs.map(([, a]) => a),
    window.input.schema,
  )
  const keys = window.by.map((name, i) => [`k${i}`, { op: 'col', name }] as const)
  const columns: Named<Expr> = [...keys, ['on', { op: 'col', name: window.on }], ...argsOf(aggs)]
  const events = make(selectOf(window.input, columns), making)
  const own = window.input.schema.filter((f) => [...window.by, window.on].includes(f.name))
  const probes = make(n.op === 'asof' ? n.left : selectOf(window.input, columnsAsThey(own)), making)
  const by = n.op === 'asof' ? n.by.map(([l]) => l) : n.by
  const fields = aggs.map(([name]) => n.schema.find((f) => f.name === name) as Field)
  return {
    op: n.op === 'asof' ? 'as-of window' : 'window',
    inputs: [events, probes],
    async run({ recorder }, [from, to]) {
      const [own, others] = [from as Rows, to as Rows]
      const [on, ...ownKeys] = few(recorder, own, ['on', ...keys.map(([name]) => name)])
      const [at, ...otherKeys] = few(recorder, others, [n.op === 'asof' ? n.at : n.on, ...by])
      const timeline = await timelineOf(recorder, own, ownKeys, on as TableColumn)
      const args = own.columns.filter((c) => c.field.name.startsWith('a'))
      const made = await windowsAt(recorder, own, timeline, others, otherKeys, at as TableColumn, {
        over: window.over,
        accumulators,
        args,
        fields,
      })
      return inSchema({ ...others, columns: [...others.columns, ...made] }, n, making)
    },
  }
}

/** Aggregates as differences of sums or folds, and which of the arguments each reads. @throws DeviceGap for those that are none */
export function windowed(aggs: readonly Agg[], schema: Schema): Accumulator[] {
  let args = 0
  return aggs.map((a) => {
    const made = accumulatorOf(a, a.arg === null ? -1 : args++, schema)
    if (isLate(made) && !addsFloats(made))
      throw new DeviceGap('window', `${a.fn} of a ${typeName(made.type)} over a window is not computed on the device`)
    return made
  })
}

/** The latest row as of each moment. */
export function latestStep(n: Extract<Node, { op: 'asof' }>, making: Making, make: Make): Step {
  const { schema } = n.right
  timed(n.right, n.on)
  const by = n.by.map(([, r]) => r)
  const ties = tiesOf(schema).filter((name) => name !== n.on && !by.includes(name))
  const asked = new Set(wantedOf(n, making).map((f) => f.name))
  const own = new Set(n.left.schema.map((f) => f.name))
  return {
    op: 'as-of join',
    inputs: [make(n.left, making), make(n.right, making)],
    async run({ recorder, words }, [left, right]) {
      const [probes, events] = [left as Rows, right as Rows]
      const [at, ...probeKeys] = few(recorder, probes, [n.at, ...n.by.map(([l]) => l)])
      const [on, ...keys] = few(recorder, events, [n.on, ...by])
      const ranks = ranksIn(recorder, words)
      const apart = ties.toReversed().flatMap((name) => sortWords(columnOf(events, name), ranks))
      const timeline = await timelineOf(recorder, events, keys, on as TableColumn, apart)
      const index = await latestBefore(recorder, timeline, probes, probeKeys, at as TableColumn, n.within)
      const kept = events.columns.filter(({ field }) => asked.has(field.name) && !own.has(field.name))
      const found = await take(recorder, kept, index, probes, true)
      return inSchema({ ...probes, columns: [...probes.columns, ...found] }, n, making)
    },
  }
}

/** Columns of rows in as few buffers as a look-up may read. */
export const few = (recorder: Recorder, rows: Rows, names: readonly string[]): readonly TableColumn[] =>
  together(
    recorder,
    names.map((name) => columnOf(rows, name)),
    rows.most,
    2,
  )

/** The columns that are read of a node, as its schema says them. */
export const inSchema = (rows: Rows, n: Node, making: Making): Rows => ({
  ...rows,
  columns: wantedOf(n, making).map((field) => ({ ...columnOf(rows, field.name), field })),
})

/** @throws DeviceGap for a time that is not held in µs */
function timed({ op, schema }: Node, on: string): void {
  if (schema.find((f) => f.name === on)?.type === 'date')
    throw new DeviceGap(op, 'events are put in order by times on the device, and not by dates')
}
