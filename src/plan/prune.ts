import { aggColumns, col, columnsOf, type WindowCall, windowExprs } from './expr.ts'
import { build, type Named, type Node } from './nodes.ts'

/**
 * The same relation with only the wanted columns computed: what nobody reads is neither read nor derived.
 * Set operations compare whole rows, so below a `distinct` or a `union` everything stays.
 */
export function prune(n: Node, wanted: ReadonlySet<string>): Node {
  switch (n.op) {
    case 'scan': {
      const schema = n.schema.filter((f) => wanted.has(f.name))
      if (schema.length === n.schema.length || n.from.kind === 'rows') return n
      return build({ ...n, schema: schema.length > 0 ? schema : n.schema.slice(0, 1) })
    }
    case 'filter':
    case 'reject':
      return build({ ...n, input: prune(n.input, union(wanted, columnsOf(n.predicate))) })
    case 'select': {
      const columns = n.columns.filter(([name]) => wanted.has(name))
      return build({ ...n, columns, input: prune(n.input, new Set(columnsOf(...columns.map(([, e]) => e)))) })
    }
    case 'derive': {
      const columns = n.columns.filter(([name]) => wanted.has(name))
      const replaced = new Set(n.columns.map(([name]) => name))
      const through = [...wanted].filter((name) => !replaced.has(name))
      const input = prune(n.input, new Set([...through, ...columnsOf(...columns.map(([, e]) => e))]))
      return columns.length === 0 ? input : build({ ...n, columns, input })
    }
    case 'aggregate': {
      const aggs = wantedAggs(n.aggs, wanted)
      return build({ ...n, aggs, input: prune(n.input, new Set([...n.by, ...aggs.flatMap(([, a]) => aggColumns(a))])) })
    }
    case 'rolling': {
      const aggs = wantedAggs(n.aggs, wanted)
      return build({
        ...n,
        aggs,
        input: prune(n.input, new Set([...n.by, n.on, ...aggs.flatMap(([, a]) => aggColumns(a))])),
      })
    }
    case 'join': {
      const left = prune(
        n.left,
        union(
          only(wanted, n.left),
          n.on.map(([l]) => l),
        ),
      )
      const right = prune(
        n.right,
        union(
          only(wanted, n.right),
          n.on.map(([, r]) => r),
        ),
      )
      return build({ ...n, left, right })
    }
    case 'asof': {
      const fromRight = n.right.schema.filter(
        (f) => wanted.has(f.name) && !n.left.schema.some((l) => l.name === f.name),
      )
      if (fromRight.length === 0) return prune(n.left, wanted)
      const left = prune(n.left, union(only(wanted, n.left), [...n.by.map(([l]) => l), n.at]))
      const right = prune(n.right, new Set([...fromRight.map((f) => f.name), ...n.by.map(([, r]) => r), n.on]))
      return build({ ...n, left, right })
    }
    case 'sort':
      return build({ ...n, input: prune(n.input, union(wanted, columnsOf(...n.keys.map((k) => k.by)))) })
    case 'limit':
      return n // which rows come first may hang on any column
    case 'window': {
      const columns = n.columns.filter(([name]) => wanted.has(name))
      if (columns.length === 0) return prune(n.input, wanted)
      // ties are broken by the remaining columns, so none of them can go
      if (columns.some(([, c]) => breaksTies(c))) return n
      const made = new Set(n.columns.map(([name]) => name))
      const through = [...wanted].filter((name) => !made.has(name))
      const read = columnsOf(...columns.flatMap(([, c]) => windowExprs(c)), ...n.order.map((k) => k.by))
      return build({ ...n, columns, input: prune(n.input, new Set([...through, ...n.by, ...read])) })
    }
    case 'unnest':
      return build({ ...n, input: prune(n.input, union(only(wanted, n.input), [n.column])) })
    case 'annotate': {
      const input = prune(n.input, wanted)
      const notes = n.notes.filter(([name]) => input.schema.some((f) => f.name === name))
      return notes.length === 0 ? input : build({ ...n, notes, input })
    }
    case 'distinct':
    case 'union':
    case 'intersect':
    case 'except':
      return n
  }
}

/** Whether which row comes first matters where the order's keys are equal. */
const breaksTies = (c: WindowCall): boolean =>
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

const wantedAggs = <T>(aggs: Named<T>, wanted: ReadonlySet<string>): Named<T> =>
  aggs.filter(([name]) => wanted.has(name))
const union = (set: ReadonlySet<string>, more: readonly string[]): Set<string> => new Set([...set, ...more])
const only = (wanted: ReadonlySet<string>, n: Node): Set<string> =>
  new Set(n.schema.filter((f) => wanted.has(f.name)).map((f) => f.name))
