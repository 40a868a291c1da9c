import { build, type Node, type SortKey } from '../../plan/nodes.ts'
import { typeName } from '../../plan/types.ts'
import { isRowWise } from '../row/lower.ts'
import { arrive } from './arrive.ts'
import { launch } from './chain.ts'
import { finish } from './finish.ts'
import { group } from './group.ts'
import { grouperOf, groupsOf } from './grouped.ts'
import { join } from './join.ts'
import { latestStep, windowStep } from './moments.ts'
import { ranksIn } from './ranks.ts'
import { columnOf, type Rows, take } from './rows.ts'
import { firstRows, sortRows, sortWords } from './sort.ts'
import {
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
import { union } from './union.ts'
import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'
import { frameStep } from './windows.ts'

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
      return n.right.op === 'rolling' ? windowStep(n, n.right, making, stepOf) : latestStep(n, making, stepOf)
    case 'rolling':
      return windowStep(n, n, making, stepOf)
    case 'window':
      return frameStep(n, making, stepOf)
    case 'sort':
      return sortStep(n, n.keys, undefined, making)
    case 'limit':
      return sortStep(n, n.input.op === 'sort' ? n.input.keys : [], n.count, making)
    case 'union':
      return {
        op: n.op,
        inputs: [stepOf(n.left, making), stepOf(n.right, making)],
        run: ({ recorder }, [left, right]) => union(recorder, left as Rows, right as Rows, wantedOf(n, making)),
      }
    case 'intersect':
    case 'except':
      return sharedStep(n, making)
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
        return await arrive(recorder, rows.batches(), read.length > 0 ? rows.schema : [], words, ctx)
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
    async run({ recorder, words }, [rows]) {
      const input = rows as Rows
      const sparse = await launch(recorder, input, program, program.output, making.names, words)
      const { by, accumulators } = grouper
      const groups = await group(recorder, input, sparse, by.length, accumulators, ranksIn(recorder, words))
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

/** Different rows of one table that another has, or has not; what is missing equals what is missing. */
function sharedStep(n: Extract<Node, { op: 'union' | 'intersect' | 'except' }>, making: Making): Step {
  const names = n.left.schema.map((f) => f.name)
  const how = n.op === 'intersect' ? ('semi' as const) : ('anti' as const)
  const j = { on: names.map((name) => [name, name] as const), how, left: names, right: [], nulls: 'are a key' as const }
  return {
    op: n.op,
    inputs: [stepOf(build({ op: 'distinct', input: n.left }), making), stepOf(n.right, making)],
    run: ({ recorder }, [left, right]) => join(recorder, left as Rows, right as Rows, j),
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
