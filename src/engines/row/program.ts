import { GalleyError } from '../../base/errors.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import { col, lit } from '../../plan/expr.ts'
import type { Node } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import { nodeId, type OnlinePlan } from '../../plan/online.ts'
import { feedOf, type OnlineState, readBy, spanOf, stateOf } from '../../plan/states.ts'
import type { Schema } from '../../plan/types.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import type { Value } from '../batch.ts'
import type { Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { LatestState } from './latest.ts'
import { chainOf, type External, isRowWise, lower, type Refusal, refused } from './lower.ts'
import { Once } from './once.ts'
import { compileRecord, type RecordFunction } from './record.ts'
import { type KeyedState, type StateEvent, WindowState } from './state.ts'

/** An endpoint's plan, ready: answers requests from raw records and takes in the events that feed its state. */
export interface OnlineProgram {
  /** What `answer` gives, in this order. */
  readonly schema: Schema
  readonly states: ReadonlyMap<string, KeyedState>
  /** Keys of events that are kept to know repeated ones by. */
  readonly remembered: number
  /** @throws RECORD_REJECTED with the recipe's reason; TOO_OLD */
  answer(record: Tuple): Tuple
  /** Takes one event in. False when it changed nothing: refused by the recipe, a duplicate, or older than the history kept. */
  feed(record: Tuple): boolean
  /** Computes all that an event does and changes nothing yet. @throws what its expressions do */
  prepare(record: Tuple): PreparedEvent
}

/** An event that is computed and not taken in. */
export interface PreparedEvent {
  /** The latest moment (µs) at which it enters a window; −∞ when it enters none. */
  readonly time: number
  /** Takes it in, into the windows that it enters after `after` (µs, by state id). Can't fail; false as `feed`. */
  take(after?: (state: string) => number): boolean
}

export interface ProgramInputs {
  /** Rows of each table of the plan by id, in its schema's order. */
  readonly tables: ReadonlyMap<string, readonly Tuple[]>
  /** µs that events may arrive late. */
  readonly lateness: number
  models?(name: string): Evaluator
  /** Closures in the place of generated code. */
  readonly closures?: boolean
}

/** Compiles an online plan. */
export function compileOnline(plan: OnlinePlan, inputs: ProgramInputs): OnlineProgram {
  const states = new Map(plan.states.map((s) => [s.id, keyedState(s, inputs.lateness)]))
  const compile = compiler(inputs, states)
  const request = compile(plan.request)
  const once = new Map<string, Once>()
  /** A `distinct` over events. Windows over the same rows that look as far back have one in common. */
  const onceOf = ({ input }: Extract<Node, { op: 'distinct' }>, span: number, state: KeyedState) => {
    const id = `${nodeId(input)} ${span}`
    const known = once.get(id) ?? new Once(compile(input), span)
    once.set(id, known)
    return { once: known, window: known.window(state) }
  }
  const feeds = plan.states.map((s) => {
    const rows = feedOf(s)
    const entry = bindScans(rows, (from) =>
      from.kind === 'source' && from.name === plan.entry
        ? build({ op: 'scan', from: { kind: 'record' }, schema: plan.feedInput })
        : undefined,
    )
    // what a window counts once is what its own `distinct` looks at; the latest row is the same however often it came
    const span = inputs.lateness + (spanOf(s) ?? 0)
    const state = states.get(s.id) as KeyedState
    const unlike = s.window
      ? [...nodes(entry)].flatMap((n) => (n.op === 'distinct' ? [onceOf(n, span, state)] : []))
      : []
    return { id: s.id, state, row: compile(selectLike(entry, s)), unlike }
  })
  const prepare = (record: Tuple): PreparedEvent => {
    const events: (StateEvent | undefined)[] = []
    const keys: (readonly string[])[] = []
    let time = Number.NEGATIVE_INFINITY
    for (const { state, row, unlike } of feeds) {
      const made = row(record)
      const event = refused(made) ? undefined : state.event(made)
      events.push(event)
      keys.push(event ? unlike.map((o) => o.once.key(record)) : [])
      if (event && event.time > time) time = event.time
    }
    return {
      time,
      take(after) {
        let taken = false
        for (const [i, { id, state, unlike }] of feeds.entries()) {
          const event = events[i]
          if (!event || (after !== undefined && event.time <= after(id))) continue
          const own = keys[i] as readonly string[]
          if (unlike.every((o, k) => o.once.first(own[k] as string, record, o.window)))
            taken = state.add(event) || taken
        }
        return taken
      },
    }
  }
  return {
    schema: plan.request.schema,
    states,
    get remembered() {
      return [...once.values()].reduce((n, o) => n + o.size, 0)
    },
    answer(record) {
      const row = request(record)
      if (refused(row))
        throw new GalleyError('RECORD_REJECTED', {
          what: 'the record is not one this service answers for',
          why: row.reason,
          fix: 'correct the record; the reason is a rule of the recipe',
          details: { reason: row.reason },
        })
      return row
    },
    prepare,
    feed: (record) => prepare(record).take(),
  }
}

const keyedState = (s: OnlineState, lateness: number): KeyedState =>
  s.window ? new WindowState(s.window, lateness) : new LatestState(s.latest, lateness)

/** The state's own order of columns over a scan that was bound wider; what the state does not read is left out. */
function selectLike(n: Node, state: OnlineState): Node {
  const read = readBy(state)
  const { schema } = feedOf(state)
  const columns = schema.map((f) => [f.name, read.has(f.name) ? col(f.name) : lit(null, f.type)] as const)
  return build({ op: 'select', input: n, columns })
}

/** The plan of one record as one function; joins and windows are what it calls. */
function compiler(inputs: ProgramInputs, states: ReadonlyMap<string, KeyedState>) {
  const externals = (n: Node): External | undefined => {
    if (n.op === 'distinct') return { args: [], call: () => [] } // a repeated event is caught where it arrives
    if (n.op === 'join') return joinOf(n, inputs.tables.get(nodeId(n.right)))
    if (n.op !== 'asof') return undefined
    const state = states.get(stateOf(n).id) ?? past(n, inputs.tables.get(nodeId(feedOf(stateOf(n)))))
    return {
      args: [...n.by.map(([l]) => l), n.at],
      call: (values) => {
        const at = values.pop() as Value
        return state.ask(values, at)
      },
    }
  }
  const models = (name: string): Evaluator => {
    if (inputs.models) return inputs.models(name)
    throw new GalleyError('ENGINE_GAP', { what: `no model '${name}' is bound`, why: 'predict() needs one' })
  }
  return (root: Node): RecordFunction => {
    const { base, chain } = chainOf(root, (n) => ['distinct', 'join', 'asof'].includes(n.op))
    if (base.op !== 'scan') throw new GalleyError('PLAN_INVALID', { what: `${base.op} has no meaning for one record` })
    const known = new Map(chain.map((n) => [n, isRowWise(n) ? undefined : externals(n)]))
    const options = { models, externals: (n: Node) => known.get(n), closures: inputs.closures === true }
    return compileRecord(lower(chain, base.schema, options.externals), options).run
  }
}

/** The past of a source that is not the entry: all of it, loaded once. */
function past(n: Extract<Node, { op: 'asof' }>, rows: readonly Tuple[] | undefined): KeyedState {
  if (!rows) throw new GalleyError('INTERNAL_BUG', { what: 'an as-of part has no state', why: stateOf(n).title })
  const state = keyedState(stateOf(n), Number.POSITIVE_INFINITY)
  for (const row of rows) {
    const event = state.event(row)
    if (event) state.add(event)
  }
  return state
}

/** A join with a table that is loaded: one match or none, since an endpoint answers with one row. */
function joinOf(n: Extract<Node, { op: 'join' }>, table: readonly Tuple[] | undefined): External {
  if (!table) throw new GalleyError('INTERNAL_BUG', { what: 'a join has no table', why: nodeId(n.right) })
  const at = (schema: Schema, name: string) => schema.findIndex((f) => f.name === name)
  const rightKeys = n.on.map(([, r]) => at(n.right.schema, r))
  const kept = n.right.schema.flatMap((_, i) => (rightKeys.includes(i) ? [] : [i]))
  const index = new Map<string, Tuple>()
  for (const row of table) {
    const key = rightKeys.map((i) => row[i] as Value)
    if (key.includes(null)) continue
    const id = keyOf(key)
    if (index.has(id) && n.how !== 'semi' && n.how !== 'anti')
      throw new GalleyError('PLAN_INVALID', {
        what: `an endpoint can't answer this join: ${n.on.map(([, r]) => r).join(', ')} is not unique on its right side`,
        why: `'${key.join(', ')}' stands twice`,
        fix: 'make the table unique by that key first (aggregate or distinct)',
      })
    index.set(
      id,
      kept.map((i) => row[i] as Value),
    )
  }
  const nothing: Tuple = kept.map(() => null)
  return {
    args: n.on.map(([l]) => l),
    call: (key) => {
      const found = key.includes(null) ? undefined : index.get(keyOf(key))
      if (n.how === 'semi' || n.how === 'anti')
        return (found !== undefined) === (n.how === 'semi') ? [] : unmatched(n, key)
      return found ?? (n.how === 'inner' ? unmatched(n, key) : nothing)
    },
  }
}

const unmatched = (n: Extract<Node, { op: 'join' }>, key: readonly Value[]): Refusal => ({
  reason: `there is no ${n.on.map(([l], i) => `${l} '${String(key[i])}'`).join(', ')} in the table it is joined with`,
})
