import { aggColumns, col, columnsOf, type WindowCall, windowExprs } from './expr.ts'
import { build, type Named, type Node, nodeChildren } from './nodes.ts'
import type { Schema } from './types.ts'

/**
 * The same relation with only the wanted columns computed: what nobody reads is neither read nor derived.
 * Set operations compare whole rows, and a limit, row-based windows and as-of joins with a table break ties by all
 * columns, so what goes into these stays whole.
 */
export function prune(n: Node, wanted: ReadonlySet<string>): Node {
  const asked = needs(n, wanted)
  return narrowed(
    n,
    wanted,
    nodeChildren(n).map((child, i) => (asked[i] ? prune(child, asked[i]) : child)),
  )
}

/** What a node needs of each of its inputs so as to give the wanted columns; undefined: that input is not read at all. */
export function needs(n: Node, wanted: ReadonlySet<string>): readonly (ReadonlySet<string> | undefined)[] {
  switch (n.op) {
    case 'scan':
      return []
    case 'filter':
    case 'reject':
      return [union(wanted, columnsOf(n.predicate))]
    case 'select':
      return [new Set(columnsOf(...one(n.columns, wanted).map(([, e]) => e)))]
    case 'derive': {
      const replaced = new Set(n.columns.map(([name]) => name))
      const read = columnsOf(...only(n.columns, wanted).map(([, e]) => e))
      return [new Set([...[...wanted].filter((name) => !replaced.has(name)), ...read])]
    }
    case 'aggregate':
      return [new Set([...n.by, ...keptAggs(n, wanted).flatMap(([, a]) => aggColumns(a))])]
    case 'rolling':
      return [new Set([...n.by, n.on, ...only(n.aggs, wanted).flatMap(([, a]) => aggColumns(a))])]
    case 'join': {
      const whole = n.how === 'inner' || n.how === 'left'
      return [
        union(
          within(wanted, n.left),
          n.on.map(([l]) => l),
        ),
        union(
          whole ? within(wanted, n.right) : new Set(),
          n.on.map(([, r]) => r),
        ),
      ]
    }
    case 'asof': {
      const fromRight = [...within(wanted, n.right)].filter((name) => !n.left.schema.some((l) => l.name === name))
      if (fromRight.length === 0) return [wanted, undefined]
      return [
        union(within(wanted, n.left), [...n.by.map(([l]) => l), n.at]),
        // of a table's rows that share a moment, all columns tell which counts
        n.right.op === 'rolling' ? new Set([...fromRight, ...n.by.map(([, r]) => r), n.on]) : all(n.right),
      ]
    }
    case 'sort':
      return [union(wanted, columnsOf(...n.keys.map((k) => k.by)))]
    case 'window': {
      const columns = only(n.columns, wanted)
      if (columns.length === 0) return [wanted]
      if (columns.some(([, c]) => breaksTies(c))) return [all(n.input)]
      const made = new Set(n.columns.map(([name]) => name))
      const read = columnsOf(...columns.flatMap(([, c]) => windowExprs(c)), ...n.order.map((k) => k.by))
      return [new Set([...[...wanted].filter((name) => !made.has(name)), ...n.by, ...read])]
    }
    case 'unnest':
      return [union(within(wanted, n.input), [n.column])]
    case 'annotate':
      return [wanted]
    default:
      return nodeChildren(n).map(all)
  }
}

/** The node over inputs that give what it needs, without the columns that nobody wants; the same one when that is all. */
export function narrowed(n: Node, wanted: ReadonlySet<string>, inputs: readonly Node[]): Node {
  const [first, second] = inputs
  switch (n.op) {
    case 'scan': {
      const schema = n.schema.filter((f) => wanted.has(f.name))
      if (schema.length === n.schema.length || n.from.kind === 'rows') return n
      return build({ ...n, schema: schema.length > 0 ? schema : n.schema.slice(0, 1) })
    }
    case 'select':
      return withColumns(n, one(n.columns, wanted), first as Node)
    case 'derive': {
      const columns = only(n.columns, wanted)
      return columns.length === 0 && stays(n, first) ? (first as Node) : withColumns(n, columns, first as Node)
    }
    case 'window': {
      const columns = only(n.columns, wanted)
      return columns.length === 0 && stays(n, first) ? (first as Node) : withColumns(n, columns, first as Node)
    }
    case 'aggregate':
    case 'rolling': {
      const aggs = n.op === 'aggregate' ? keptAggs(n, wanted) : only(n.aggs, wanted)
      if (first === n.input && aggs.length === n.aggs.length) return n
      const names = new Set([...n.by, ...(n.op === 'rolling' ? [n.on] : []), ...aggs.map(([name]) => name)])
      return freeze({ ...n, input: first as Node, aggs, schema: given(n, names) })
    }
    case 'asof':
    case 'join':
      if (n.op === 'asof' && needs(n, wanted)[1] === undefined) return first as Node
      return first === n.left && second === n.right ? n : build({ ...n, left: first as Node, right: second as Node })
    case 'union':
    case 'intersect':
    case 'except':
      return first === n.left && second === n.right ? n : freeze({ ...n, left: first as Node, right: second as Node })
    case 'annotate': {
      const names = all(first as Node)
      const notes = n.notes.filter(([name]) => names.has(name))
      if (notes.length === 0 && stays(n, first)) return first as Node
      return first === n.input ? n : build({ ...n, input: first as Node, notes })
    }
    case 'unnest':
      return first === n.input ? n : build({ ...n, input: first as Node })
    default:
      return first === n.input ? n : freeze({ ...n, input: first as Node, schema: (first as Node).schema })
  }
}

type Computes = Extract<Node, { op: 'select' | 'derive' | 'window' }>

function withColumns(n: Computes, columns: Named<unknown>, input: Node): Node {
  if (input === n.input && columns.length === n.columns.length) return n
  const kept = new Set(columns.map(([name]) => name))
  const own = given(n, kept)
  // a column that replaced one of the input's, when it goes, leaves that one where it stood
  const through = n.op === 'select' ? [] : input.schema.filter((f) => !kept.has(f.name))
  return freeze({ ...n, input, columns, schema: Object.freeze([...through, ...own]) } as Node)
}

/** As-of reads a rolling window otherwise than a table: what covers one is not taken away. */
const stays = (n: Node, input: Node | undefined): boolean => input?.op !== 'rolling' || n.op === 'rolling'
const freeze = (n: Node): Node => Object.freeze(n)
/** The node's columns among the names: what is left of it has their types and notes. */
const given = (n: Node, names: ReadonlySet<string>): Schema => Object.freeze(n.schema.filter((f) => names.has(f.name)))

/** Whether which row comes first matters where the order's keys are equal. */
export const breaksTies = (c: WindowCall): boolean =>
  c.fn !== 'rank' &&
  c.fn !== 'denseRank' &&
  !(c.fn === 'aggregate' && (c.frame.unit === 'range' || (c.frame.from === null && c.frame.to === null)))

/** `prune`, and then exactly these columns in this order. */
export function project(n: Node, names: readonly string[]): Node {
  const pruned = prune(n, new Set(names))
  const same = pruned.schema.length === names.length && pruned.schema.every((f, i) => f.name === names[i])
  return same
    ? pruned
    : build({ op: 'select', input: pruned, columns: names.map((name) => [name, col(name)] as const) })
}

const only = <T>(named: Named<T>, wanted: ReadonlySet<string>): Named<T> => named.filter(([name]) => wanted.has(name))
/** The wanted ones, or the first where none is: rows without columns can't be. */
const one = <T>(named: Named<T>, wanted: ReadonlySet<string>): Named<T> => {
  const kept = only(named, wanted)
  return kept.length > 0 ? kept : named.slice(0, 1)
}
const keptAggs = (n: Extract<Node, { op: 'aggregate' }>, wanted: ReadonlySet<string>) =>
  (n.by.length === 0 ? one : only)(n.aggs, wanted)
const union = (set: ReadonlySet<string>, more: readonly string[]): Set<string> => new Set([...set, ...more])
const all = (n: Node): Set<string> => new Set(n.schema.map((f) => f.name))
const within = (wanted: ReadonlySet<string>, n: Node): Set<string> =>
  new Set(n.schema.filter((f) => wanted.has(f.name)).map((f) => f.name))
