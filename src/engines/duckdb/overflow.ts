import { GalleyError } from '../../base/errors.ts'
import type { Agg } from '../../plan/expr.ts'
import { build, type Named, type Node } from '../../plan/nodes.ts'
import { printExpr } from '../../plan/print.ts'
import { typeName } from '../../plan/types.ts'
import { SUM_AS_FLOAT } from '../aggregates.ts'

/**
 * Which sum of a node had no room in its type, as an error that names it; undefined when none of them is why the node failed.
 * `ready` is the same node over what its own expressions gave; `holds` tells whether the values of such a node have room.
 */
export async function overflown(
  n: Node,
  ready: Node,
  holds: (n: Node) => Promise<boolean>,
): Promise<GalleyError | undefined> {
  const written = sumsOf(n)
  for (const [i, [name, , alone]] of sumsOf(ready).entries()) {
    if (await holds(alone)) continue
    const type = alone.schema.find((f) => f.name === name)?.type
    const arg = written[i]?.[1].arg
    const where = `${n.op} of '${name}'`
    return new GalleyError('VALUE_INVALID', {
      what: `sum(${arg ? printExpr(arg) : ''}) overflows ${type ? typeName(type) : 'its type'} in ${where}`,
      why: 'the sum of some rows is larger than that holds',
      fix: SUM_AS_FLOAT,
      details: { node: where },
    })
  }
  return undefined
}

/** Each sum of a node, and the node with that one alone. */
function sumsOf(n: Node): (readonly [name: string, agg: Agg, alone: Node])[] {
  const only = <T>(columns: Named<T>, aggOf: (t: T) => Agg | undefined, make: (one: Named<T>) => Node) =>
    columns.flatMap(([name, c]) => {
      const agg = aggOf(c)
      return agg?.fn === 'sum' ? [[name, agg, make([[name, c]])] as const] : []
    })
  switch (n.op) {
    case 'aggregate':
      return only(n.aggs, (a) => a, (aggs) => build({ ...n, aggs })) // biome-ignore format: one line
    case 'window':
      return only(n.columns, (c) => ('agg' in c ? c.agg : undefined), (columns) => build({ ...n, columns })) // biome-ignore format: one line
    case 'rolling':
      return only(n.aggs, (a) => a, (aggs) => build({ ...n, aggs })) // biome-ignore format: one line
    case 'asof': {
      const { right } = n
      if (right.op !== 'rolling') return []
      return only(right.aggs, (a) => a, (aggs) => build({ ...n, right: build({ ...right, aggs }) })) // biome-ignore format: one line
    }
    default:
      return []
  }
}
