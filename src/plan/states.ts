import { hashJson } from '../base/hash.ts'
import { aggColumns } from './expr.ts'
import type { Node } from './nodes.ts'
import { spanText } from './print.ts'

type AsOf = Extract<Node, { op: 'asof' }>
export type Rolling = Extract<Node, { op: 'rolling' }>

/** A table as `asOf` reads it: the latest row of each key before a moment. */
export interface Latest {
  readonly input: Node
  readonly by: readonly string[]
  readonly on: string
  /** How old (µs) a row may be; without it, any age. */
  readonly within?: number
}

/** Keyed state that an endpoint holds for a part of its plan: fed by events, asked by requests as of their own time. */
export type OnlineState = {
  readonly id: string
  /** Names for people: `lateOut, flightsOut by origin over 3 h`. */
  readonly title: string
} & ({ readonly window: Rolling; readonly latest?: never } | { readonly latest: Latest; readonly window?: never })

/** The state that an as-of part needs. Parts that read the same in the same way share one. */
export function stateOf(n: AsOf): OnlineState {
  if (n.right.op === 'rolling') {
    const { aggs, by, over } = n.right
    const title = `${aggs.map(([name]) => name).join(', ')} by ${by.join(', ')} over ${spanText(over)}`
    return { id: hashJson(n.right).slice(0, 16), title, window: n.right }
  }
  const by = n.by.map(([, r]) => r)
  const latest: Latest = { input: n.right, by, on: n.on, ...(n.within === undefined ? {} : { within: n.within }) }
  const age = n.within === undefined ? '' : `, at most ${spanText(n.within)} old`
  const title = `latest ${broughtBy(latest).join(', ')} by ${by.join(', ')}${age}`
  return { id: hashJson([latest.input, by, n.on, n.within ?? null]).slice(0, 16), title, latest }
}

/** The columns that a latest row brings: all but its keys and its moment. */
export const broughtBy = ({ input, by, on }: Latest): readonly string[] =>
  input.schema.map((f) => f.name).filter((name) => name !== on && !by.includes(name))

/** The rows that a state is fed with, before it looks at their keys and moment. */
export const feedOf = (s: OnlineState): Node => (s.window ?? s.latest).input
export const keysOf = (s: OnlineState): readonly string[] => (s.window ?? s.latest).by
/** The column that says when a row counts. */
export const momentOf = (s: OnlineState): string => (s.window ?? s.latest).on
/** Of the rows that it is fed with, the columns that a state looks at. */
export const readBy = (s: OnlineState): ReadonlySet<string> =>
  s.window
    ? new Set([...s.window.by, s.window.on, ...s.window.aggs.flatMap(([, a]) => aggColumns(a))])
    : new Set(s.latest.input.schema.map((f) => f.name))
/** µs of history before a moment that an answer as of that moment hangs on; undefined: the latest row, however old. */
export const spanOf = (s: OnlineState): number | undefined => (s.window ? s.window.over : s.latest.within)
