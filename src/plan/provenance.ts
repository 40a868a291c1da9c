import { call, col, type Expr, type Literal, lit } from './expr.ts'
import { build, type Node } from './nodes.ts'
import { isDecimal, isFloat, type Type } from './types.ts'
import { nodes } from './walk.ts'

type Scan = Extract<Node, { op: 'scan' }>

/** Rows of a scan, as a plan. */
export interface SourceRows {
  readonly scan: Scan
  /** The scan's rows that chosen ones are made of, each as often as it stands there. */
  readonly rows: Node
}

/**
 * Which rows of its sources some rows of a plan are made of: computed from these alone, the chosen rows are the same. Rows are told apart by their
 * content. Of verbs that look at rows together it names all that they look at: those of a group, of a window's key, of the time before a moment;
 * what only keeps rows out (`anti`, `except`) is named where it keeps some of these out, which were in no chosen row.
 *
 * The chosen rows carry copies of what they were read from through every verb that keeps rows as they are; where rows are put together, they carry the
 * keys, by which the rows before are found, and these are followed in turn.
 */
export function sourceRows(root: Node, chosen: Expr): SourceRows[] {
  const carried = new Carrier().carry(root)
  const found = follow(carried, build({ op: 'filter', input: carried.node, predicate: chosen }))
  const byScan = Map.groupBy(found, (f) => f.scan)
  return [...byScan].map(([scan, each]) => {
    const keys = each.map((f) => f.keys).reduce((left, right) => build({ op: 'union', left, right }))
    return { scan, rows: matching(scan, keys, comparable(scan)) }
  })
}

interface Found {
  readonly scan: Scan
  /** What the rows hold in the columns by which they are told apart. */
  readonly keys: Node
}

/** Columns of a node that stand for rows further down. */
interface Mark {
  readonly prefix: string
  readonly columns: readonly string[]
  /** What is found from the different values of the columns. */
  resume(keys: Node): Found[]
}

interface Carried {
  readonly node: Node
  readonly marks: readonly Mark[]
}

/** Goes on from rows of a node to what each of its marks stands for. */
function follow({ marks }: Carried, rows: Node): Found[] {
  return marks.flatMap((m) => {
    const there = build({ op: 'filter', input: rows, predicate: call('not', call('isNull', col(m.prefix))) })
    const columns = m.columns.map((c) => [c, col(`${m.prefix}${c}`)] as const)
    const flag = [[m.prefix, col(m.prefix)] as const]
    const select = build({ op: 'select', input: there, columns: columns.length > 0 ? columns : flag })
    return m.resume(build({ op: 'distinct', input: select }))
  })
}

class Carrier {
  #marks = 0

  /** The node with a mark of its own that holds copies of some columns. */
  #marked(n: Node, columns: readonly string[], resume: Mark['resume']): Carried {
    const prefix = `__from${this.#marks++}_`
    const copies = columns.map((c) => [`${prefix}${c}`, col(c)] as const)
    const node = build({ op: 'derive', input: n, columns: [...copies, [prefix, lit(true, 'bool')]] })
    return { node, marks: [{ prefix, columns, resume }] }
  }

  /** Rows of an input that hold these keys, followed. */
  #among(input: Node, columns: readonly string[]): Mark['resume'] {
    return (keys) => {
      const below = this.carry(input)
      return follow(below, columns.length > 0 ? matching(below.node, keys, columns) : below.node)
    }
  }

  carry(n: Node): Carried {
    switch (n.op) {
      case 'scan':
        return this.#marked(n, comparable(n), (keys) => [{ scan: n, keys }])
      case 'aggregate':
      case 'window':
        return this.#marked(n, n.by, this.#among(n.input, n.by))
      case 'distinct':
        return this.#marked(n, comparable(n), this.#among(n.input, comparable(n)))
      case 'rolling': {
        // as a table it has a row for each moment of its own rows
        const own = this.#among(n.input, [...n.by, n.on])
        const asked = { by: n.by.map((b) => [b, b] as const), at: n.on }
        return this.#marked(n, [...n.by, n.on], (keys) => [...own(keys), ...this.#before(n, keys, asked)])
      }
      case 'intersect':
      case 'except': {
        const [left, right] = [this.#among(n.left, comparable(n)), this.#among(n.right, comparable(n))]
        const others = n.op === 'intersect' ? right : () => this.#keptOut(n.left, n.right, comparable(n).map((c) => [c, c] as const)) // biome-ignore format: one line
        return this.#marked(n, comparable(n), (keys) => [...left(keys), ...others(keys)])
      }
      case 'union':
        return this.#union(n)
      case 'join':
        return this.#join(n)
      case 'asof':
        return this.#asof(n)
      case 'select': {
        const below = this.carry(n.input)
        return {
          node: build({ ...n, input: below.node, columns: [...n.columns, ...hidden(below)] }),
          marks: below.marks,
        }
      }
      default: {
        const below = this.carry(n.input)
        return { node: build({ ...n, input: below.node }), marks: below.marks }
      }
    }
  }

  #union(n: Extract<Node, { op: 'union' | 'intersect' | 'except' }>): Carried {
    const [left, right] = [this.carry(n.left), this.carry(n.right)]
    const own = n.schema.map((f) => [f.name, col(f.name)] as const)
    const none = (side: Carried) =>
      hidden(side).map(
        ([name]) => [name, lit(null, side.node.schema.find((f) => f.name === name)?.type ?? 'bool')] as const,
      )
    const node = build({
      op: 'union',
      left: build({ op: 'select', input: left.node, columns: [...own, ...hidden(left), ...none(right)] }),
      right: build({ op: 'select', input: right.node, columns: [...own, ...none(left), ...hidden(right)] }),
    })
    return { node, marks: [...left.marks, ...right.marks] }
  }

  #join(n: Extract<Node, { op: 'join' }>): Carried {
    const left = this.carry(n.left)
    if (n.how === 'inner' || n.how === 'left') {
      const right = this.carry(n.right)
      return { node: build({ ...n, left: left.node, right: right.node }), marks: [...left.marks, ...right.marks] }
    }
    if (n.how === 'anti') {
      if (!looksTogether(n.left)) return { node: build({ ...n, left: left.node }), marks: left.marks }
      const marked = this.#marked(build({ ...n, left: left.node }), [], () => this.#keptOut(n.left, n.right, n.on))
      return { node: marked.node, marks: [...left.marks, ...marked.marks] }
    }
    const keys = n.on.map(([l]) => l)
    const right = this.#among(n.right, n.on.map(([, r]) => r)) // biome-ignore format: one line
    const marked = this.#marked(build({ ...n, left: left.node }), keys, (found) =>
      right(
        renamed(
          found,
          n.on.map(([l, r]) => [r, l] as const),
        ),
      ),
    )
    return { node: marked.node, marks: [...left.marks, ...marked.marks] }
  }

  /** Rows that keep others out that are named only because a verb looks at them: without, these would come through. */
  #keptOut(from: Node, by: Node, on: readonly (readonly [left: string, right: string])[]): Found[] {
    if (!looksTogether(from)) return []
    const below = this.carry(by)
    const keys = build({ op: 'distinct', input: renamed(from, on.map(([l, r]) => [r, l] as const)) }) // biome-ignore format: one line
    return follow(below, matching(below.node, keys, on.map(([, r]) => r))) // biome-ignore format: one line
  }

  #asof(n: Extract<Node, { op: 'asof' }>): Carried {
    const left = this.carry(n.left)
    const { right } = n
    if (right.op !== 'rolling') {
      const below = this.carry(right)
      return { node: build({ ...n, left: left.node, right: below.node }), marks: [...left.marks, ...below.marks] }
    }
    const asked = this.#marked(left.node, [...n.by.map(([l]) => l), n.at], (keys) =>
      this.#before(right, keys, { by: n.by, at: n.at }),
    )
    return { node: build({ ...n, left: asked.node }), marks: [...left.marks, ...asked.marks] }
  }

  /** Rows of a rolling window's input in the time before moments, followed. */
  #before(
    n: Extract<Node, { op: 'rolling' }>,
    keys: Node,
    { by, at }: { by: readonly (readonly [string, string])[]; at: string },
  ): Found[] {
    const feed = this.carry(n.input)
    const asked = renamed(keys, [...by.map(([l]) => [`__asked_${l}`, l] as const), ['__asked_at', at]])
    const on = by.map(([l, r]) => [r, `__asked_${l}`] as const)
    const joined = build({ op: 'join', left: feed.node, right: asked, on, how: 'inner' })
    const day = joined.schema.find((f) => f.name === '__asked_at')?.type === 'date'
    const moment = (name: string): Expr =>
      day ? { op: 'cast', arg: col(name), to: 'local timestamp', onError: 'fail' } : col(name)
    const since = call('subDuration', moment('__asked_at'), lit(String(n.over), 'duration'))
    const within = call('and', call('ge', moment(n.on), since), call('lt', moment(n.on), moment('__asked_at')))
    const rows = build({ op: 'filter', input: joined, predicate: within })
    const columns = feed.node.schema.map((f) => [f.name, col(f.name)] as const)
    return follow(feed, build({ op: 'select', input: rows, columns }))
  }
}

/** Verbs that look at rows beside the one that they give. */
const TOGETHER: readonly Node['op'][] = ['aggregate', 'window', 'rolling', 'distinct', 'intersect', 'except']

const looksTogether = (root: Node): boolean => [...nodes(root)].some((n) => TOGETHER.includes(n.op))

/** The columns of marks, as they are. */
const hidden = ({ marks }: Carried): (readonly [string, Expr])[] =>
  marks.flatMap((m) => [...m.columns.map((c) => `${m.prefix}${c}`), m.prefix].map((name) => [name, col(name)] as const))

const renamed = (n: Node, names: readonly (readonly [to: string, from: string])[]): Node =>
  build({ op: 'select', input: n, columns: names.map(([to, from]) => [to, col(from)] as const) })

/** Columns by which rows are told apart; lists, structs and bytes are not compared. */
const comparable = (n: Node): string[] => n.schema.filter((f) => zeroOf(f.type) !== undefined).map((f) => f.name)

/** A value that stands in the place of a null where rows are compared. */
function zeroOf(type: Type): Literal | undefined {
  if (type === 'string' || isFloat(type)) return ''
  if (type === 'bool') return false
  if (isDecimal(type)) return '0'
  if (type === 'int32' || type === 'date') return 0
  return type === 'int64' || type === 'timestamp' || type === 'local timestamp' || type === 'duration' ? '0' : undefined
}

/** The rows of a node whose columns hold what some row of `keys` holds in them; null is equal to null, NaN to NaN. */
function matching(n: Node, keys: Node, columns: readonly string[]): Node {
  if (columns.length === 0) return n
  const pairs = columns.flatMap((_, i) => [`__null${i}`, `__value${i}`])
  const made = (side: Node) =>
    columns.flatMap((name, i): [string, Expr][] => {
      const type = side.schema.find((f) => f.name === name)?.type ?? 'bool'
      // as text, by which NaN is equal to itself; −0 and 0 are one value, plus 0 they are 0
      const value: Expr = isFloat(type) ? { op: 'cast', arg: call('add', col(name), lit(0, 'float64')), to: 'string', onError: 'fail' } : col(name) // biome-ignore format: one line
      const zero = lit(zeroOf(type) ?? null, isFloat(type) ? 'string' : type)
      return [
        [`__null${i}`, call('isNull', col(name))],
        [`__value${i}`, call('coalesce', value, zero)],
      ]
    })
  const left = build({ op: 'derive', input: n, columns: made(n) })
  const right = build({ op: 'select', input: keys, columns: made(keys) })
  const on = pairs.map((name) => [name, name] as const)
  const found = build({ op: 'join', left, right, on, how: 'semi' })
  return build({ op: 'select', input: found, columns: n.schema.map((f) => [f.name, col(f.name)] as const) })
}
