import type { Node } from '../../plan/nodes.ts'
import { isOrdered } from '../../plan/types.ts'
import { named, quote } from './sql/names.ts'

/** Each left row beside the latest right row of its key before it. */
export function lowerAsOf(n: Extract<Node, { op: 'asof' }>, left: string, right: string): string {
  const skip = new Set([...n.by.map(([, r]) => r), n.on])
  const kept = n.right.schema.filter((f) => !skip.has(f.name)).map((f) => f.name)
  // no moment is after another when it is null; where DuckDB sorts both sides, it takes null for the last of all
  const known = `__l.${quote(n.at)} IS NOT NULL`
  // a match that is too old is none: the nearest one decides, so it is looked at after the join
  const counts =
    n.within === undefined ? known : `epoch_us(__l.${quote(n.at)}) - epoch_us(__r.${quote(n.on)}) <= ${n.within}`
  const columns = kept.map((name) => named(`CASE WHEN ${counts} THEN __r.${quote(name)} END`, name))
  const on = [...n.by.map(([l, r]) => `__l.${quote(l)} = __r.${quote(r)}`), `__l.${quote(n.at)} > __r.${quote(n.on)}`]
  return `SELECT ${[n.left.schema.map((f) => `__l.${quote(f.name)}`).join(', '), ...columns].join(', ')} FROM ${left} __l ASOF LEFT JOIN ${oneAMoment(n, right)} __r ON ${on.join(' AND ')}`
}

/** The right side of an as-of join with one row a key and moment: the first in the order of all columns. */
function oneAMoment(n: Extract<Node, { op: 'asof' }>, right: string): string {
  const same = new Set([...n.by.map(([, r]) => r), n.on])
  const kept = n.right.schema.filter((f) => !same.has(f.name))
  const keys = n.right.schema.filter((f) => same.has(f.name)).map((f) => quote(f.name))
  const unique = n.right.op === 'aggregate' && n.right.by.every((name) => same.has(name))
  if (unique) return right
  if (kept.length === 0) return `(SELECT DISTINCT ${keys.join(', ')} FROM ${right})`
  // marks of failures are not part of the order
  const order = kept.filter((f) => isOrdered(f.type) && !f.name.startsWith('__')).map((f) => quote(f.name))
  const whole = `{${kept.map((f, i) => `'${i}': ${quote(f.name)}`).join(', ')}}`
  const first = order.length > 0 ? `arg_min(${whole}, row(${order.join(', ')}))` : `any_value(${whole})`
  const present = keys.map((k) => `${k} IS NOT NULL`).join(' AND ')
  const back = kept.map((f, i) => `"__first"['${i}'] AS ${quote(f.name)}`)
  return `(SELECT ${[...keys, ...back].join(', ')} FROM (SELECT ${keys.join(', ')}, ${first} AS "__first" FROM ${right} WHERE ${present} GROUP BY ${keys.join(', ')}))`
}
