import type { Expr } from '../../plan/expr.ts'
import type { Named, Node, SortKey } from '../../plan/nodes.ts'
import { type Field, typeName } from '../../plan/types.ts'
import { isRowWise } from '../row/lower.ts'
import { accumulatorOf } from './aggregates.ts'
import { launch } from './chain.ts'
import { finish } from './finish.ts'
import { segments } from './gather.ts'
import { group } from './group.ts'
import { grouperOf, groupsOf } from './grouped.ts'
import { join } from './join.ts'
import { ranksIn } from './ranks.ts'
import type { Recorder } from './recorder.ts'
import { windowsAt } from './rolling.ts'
import { columnOf, noRows, type Rows, take, together } from './rows.ts'
import { upload } from './run.ts'
import { firstRows, sortRows, sortWords } from './sort.ts'
import {
  argsOf,
  chainAt,
  chainStep,
  columnsAsThey,
  type Making,
  type Step,
  selectOf,
  shelvedStep,
  sourceOf,
  tiesOf,
  wantedOf,
} from './steps.ts'
import { scanOf } from './streamed.ts'
import type { TableColumn } from './table.ts'
import { latestBefore, timelineOf } from './timeline.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'

/** A node as a step, made once however many read it. @throws DeviceGap for what is not done on the device */
export function stepOf(n: Node, making: Making): Step {
  const known = making.made.get(n)
  if (known) return known
  const step = isRowWise(n) ? chainStep(n, making, (base) => stepOf(base, making)) : special(n, making)
  making.made.set(n, step)
  return step
}

function special(n: Node, making: Making): Step {
  switch (n.op) {
    case 'scan':
      return shelvedStep(n, making) ?? scanStep(n, making)
    case 'aggregate':
    case 'distinct':
      return groupStep(n, making)
    case 'join':
      return joinStep(n, making)
    case 'asof':
      return n.right.op === 'rolling' ? windowStep(n, n.right, making) : latestStep(n, making)
    case 'rolling':
      return windowStep(n, n, making)
    case 'sort':
      return sortStep(n, n.keys, undefined, making)
    case 'limit':
      return sortStep(n, n.input.op === 'sort' ? n.input.keys : [], n.count, making)
    default:
      throw new DeviceGap(n.op, `${n.op} is not done on the device`)
  }
}

function scanStep(n: Extract<Node, { op: 'scan' }>, making: Making): Step {
  const read = wantedOf(n, making).map((f) => n.schema.indexOf(f))
  const source = sourceOf(scanOf(n, read), making.host)
  for (const { type } of wantedOf(n, making))
    if (!repOf(type)) throw new DeviceGap(n.op, `the device holds no ${typeName(type)}`)
  return {
    op: 'scan',
    inputs: [],
    async run({ recorder, ctx, words }) {
      const rows = await source.run(ctx, 'batches')
      try {
        const columns = read.length > 0 ? rows.schema : []
        // one segment holds all of them
        let there: Rows = { most: 0, count: null, columns: [] }
        for await (const segment of segments(rows.batches(), columns, words, Number.POSITIVE_INFINITY)) {
          ctx.ledger.add(
            'webgpu',
            'copied',
            segment.columns.reduce((sum, c) => sum + c.words.byteLength, 0),
          )
          there = upload(recorder, segment, columns)
        }
        return there.most > 0 ? there : noRows(recorder, columns)
      } finally {
        rows.close()
      }
    },
  }
}

function groupStep(n: Node, making: Making): Step {
  const grouped = groupsOf(n) as Extract<Node, { op: 'aggregate' }>
  const grouper = grouperOf(grouped)
  const { base, chain, code } = chainAt(grouper.rows, making)
  const { program } = chain
  return {
    op: n.op,
    inputs: [stepOf(base, making)],
    code,
    async run({ recorder }, [rows]) {
      const input = rows as Rows
      const sparse = await launch(recorder, input, program, program.output, making.names)
      const { by, accumulators } = grouper
      const groups = await group(recorder, input, sparse, by.length, accumulators)
      return finish(recorder, groups, sparse.outputs.slice(0, by.length), accumulators, grouped.schema, input.most)
    },
  }
}

function joinStep(n: Extract<Node, { op: 'join' }>, making: Making): Step {
  const wanted = new Set(wantedOf(n, making).map((f) => f.name))
  const of = (side: Node) => side.schema.map((f) => f.name).filter((name) => wanted.has(name))
  const dropped = new Set(n.on.map(([, r]) => r))
  const j = {
    on: n.on,
    how: n.how,
    left: of(n.left),
    right: n.how === 'inner' || n.how === 'left' ? of(n.right).filter((name) => !dropped.has(name)) : [],
  }
  return {
    op: `${n.how} join`,
    inputs: [stepOf(n.left, making), stepOf(n.right, making)],
    run: ({ recorder }, [left, right]) => join(recorder, left as Rows, right as Rows, j),
  }
}

/** A window as of other rows' moments, or, where it is read as a table, of its own. */
function windowStep(
  n: Extract<Node, { op: 'asof' | 'rolling' }>,
  window: Extract<Node, { op: 'rolling' }>,
  making: Making,
): Step {
  const asked = new Set(wantedOf(n, making).map((f) => f.name))
  const aggs = window.aggs.filter(([name]) => asked.has(name))
  timed(window, window.on)
  let args = 0
  const accumulators = aggs.map(([, a]) => {
    const made = accumulatorOf(a, a.arg === null ? -1 : args++, window.input.schema)
    if (made.fn === 'min' || made.fn === 'max') throw new DeviceGap('rolling', `${a.fn} over a window is not computed`)
    return made
  })
  const keys = window.by.map((name, i) => [`k${i}`, { op: 'col', name }] as const)
  const columns: Named<Expr> = [...keys, ['on', { op: 'col', name: window.on }], ...argsOf(aggs)]
  const events = stepOf(selectOf(window.input, columns), making)
  const own = window.input.schema.filter((f) => [...window.by, window.on].includes(f.name))
  const probes = stepOf(n.op === 'asof' ? n.left : selectOf(window.input, columnsAsThey(own)), making)
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

function latestStep(n: Extract<Node, { op: 'asof' }>, making: Making): Step {
  const { schema } = n.right
  timed(n.right, n.on)
  const by = n.by.map(([, r]) => r)
  const ties = tiesOf(schema).filter((name) => name !== n.on && !by.includes(name))
  const asked = new Set(wantedOf(n, making).map((f) => f.name))
  const own = new Set(n.left.schema.map((f) => f.name))
  return {
    op: 'as-of join',
    inputs: [stepOf(n.left, making), stepOf(n.right, making)],
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

function sortStep(
  n: Extract<Node, { op: 'sort' | 'limit' }>,
  keys: readonly SortKey[],
  most: number | undefined,
  making: Making,
): Step {
  const input = n.op === 'limit' && n.input.op === 'sort' ? n.input.input : n.input
  const columns = wantedOf(n, making)
  // a limit breaks ties by all columns
  const ties = most === undefined ? [] : tiesOf(input.schema)
  const read = most === undefined ? columns : input.schema
  const by = keys.map((k, i) => [`__sort${i}`, k.by] as const)
  return {
    op: n.op,
    inputs: [stepOf(selectOf(input, [...columnsAsThey(read), ...by]), making)],
    async run({ recorder, words }, [input]) {
      const all = input as Rows
      const ranks = ranksIn(recorder, words)
      const parts = [
        ...by.map(([name], i) => sortWords(columnOf(all, name), ranks, keys[i]?.descending)),
        ...ties.map((name) => sortWords(columnOf(all, name), ranks)),
      ]
      const order = await sortRows(recorder, all, parts.toReversed().flat())
      const to = most === undefined ? { most: all.most, count: all.count } : await firstRows(recorder, all, most)
      const kept = columns.map((f) => columnOf(all, f.name))
      return { ...to, columns: await take(recorder, kept, order, to, false) }
    },
  }
}

/** Columns of rows in as few buffers as a look-up may read. */
const few = (recorder: Recorder, rows: Rows, names: readonly string[]): readonly TableColumn[] =>
  together(
    recorder,
    names.map((name) => columnOf(rows, name)),
    rows.most,
    2,
  )

/** The columns that are read of a node, as its schema says them. */
const inSchema = (rows: Rows, n: Node, making: Making): Rows => ({
  ...rows,
  columns: wantedOf(n, making).map((field) => ({ ...columnOf(rows, field.name), field })),
})

/** @throws DeviceGap for a time that is not held in µs */
function timed({ op, schema }: Node, on: string): void {
  if (schema.find((f) => f.name === on)?.type === 'date')
    throw new DeviceGap(op, 'events are put in order by times on the device, and not by dates')
}
