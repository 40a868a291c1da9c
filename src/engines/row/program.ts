import { GalleyError } from '../../base/errors.ts'
import type { Evaluator } from '../../plan/evaluator.ts'
import type { Node } from '../../plan/nodes.ts'
import { build } from '../../plan/nodes.ts'
import { nodeId, type OnlinePlan } from '../../plan/online.ts'
import type { Schema } from '../../plan/types.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import type { Value } from '../batch.ts'
import { compileExpr, type Tuple } from '../closures.ts'
import { keyOf } from '../values.ts'
import { WindowState } from './state.ts'

/** Computes one row, or says why there is none. */
type Step = (record: Tuple) => Tuple | Refusal
interface Refusal {
  readonly reason: string
}
const refused = (row: Tuple | Refusal): row is Refusal => !Array.isArray(row)

/** An endpoint's plan, ready: answers requests from raw records and takes in the events that feed its state. */
export interface OnlineProgram {
  /** What `answer` gives, in this order. */
  readonly schema: Schema
  readonly states: ReadonlyMap<string, WindowState>
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
}

/** Compiles an online plan. */
export function compileOnline(plan: OnlinePlan, inputs: ProgramInputs): OnlineProgram {
  const states = new Map(plan.states.map((s) => [s.id, new WindowState(s.window, inputs.lateness)]))
  const compile = compiler(inputs, states)
  const request = compile(plan.request)
  const seen = new Seen(inputs.lateness + Math.max(0, ...plan.states.map((s) => s.window.over)))
  const dedupes = plan.states.some((s) => [...nodes(s.window.input)].some((n) => n.op === 'distinct'))
  const feeds = plan.states.map((s) => {
    const entry = bindScans(s.window.input, (from) =>
      from.kind === 'source' && from.name === plan.entry
        ? build({ op: 'scan', from: { kind: 'record' }, schema: plan.feedInput })
        : undefined,
    )
    return { id: s.id, state: states.get(s.id) as WindowState, row: compile(selectLike(entry, s.window.input.schema)) }
  })
  const prepare = (record: Tuple): PreparedEvent => {
    const events = feeds.flatMap(({ id, state, row }) => {
      const made = row(record)
      const event = refused(made) ? undefined : state.event(made)
      return event ? [{ id, state, event }] : []
    })
    return {
      time: Math.max(...events.map((e) => e.event.time)),
      take(after) {
        if (feeds.length === 0) return false
        const newest = Math.max(...feeds.map((f) => f.state.newest))
        if (dedupes && !seen.add(keyOf(record), newest)) return false
        let taken = false
        for (const { id, state, event } of events)
          if (after === undefined || event.time > after(id)) taken = state.add(event) || taken
        return taken
      },
    }
  }
  return {
    schema: plan.request.schema,
    states,
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

/** A scan bound wider than before reorders columns: bring the window's own order back. */
function selectLike(n: Node, schema: Schema): Node {
  return build({ op: 'select', input: n, columns: schema.map((f) => [f.name, { op: 'col', name: f.name }] as const) })
}

/** A `distinct` over events: those of the last `span` µs, in two generations, so that a repeated one is taken once. */
class Seen {
  readonly #span: number
  #young = new Set<string>()
  #old = new Set<string>()
  #turned = Number.NEGATIVE_INFINITY

  constructor(span: number) {
    this.#span = span
  }

  add(key: string, now: number): boolean {
    if (now - this.#turned > this.#span) {
      this.#old = this.#young
      this.#young = new Set()
      this.#turned = now
    }
    if (this.#young.has(key) || this.#old.has(key)) return false
    this.#young.add(key)
    return true
  }
}

function compiler(inputs: ProgramInputs, states: ReadonlyMap<string, WindowState>) {
  const models = inputs.models
  const compile = (n: Node): Step => {
    const expr = (e: Parameters<typeof compileExpr>[0], schema: Schema) => compileExpr(e, schema, models?.bind(inputs))
    switch (n.op) {
      case 'scan':
        return (record) => record
      case 'distinct': // a repeated event is caught where it arrives
        return compile(n.input)
      case 'filter':
      case 'reject': {
        const input = compile(n.input)
        const predicate = expr(n.predicate, n.input.schema)
        const wanted = n.op === 'filter'
        const refusal: Refusal = { reason: n.op === 'reject' ? n.reason : 'it is outside of what the recipe keeps' }
        return (record) => {
          const row = input(record)
          if (refused(row)) return row
          return (predicate(row) === true) === wanted ? row : refusal
        }
      }
      case 'select':
      case 'derive': {
        const input = compile(n.input)
        const computed = new Map(n.columns.map(([name, e]) => [name, expr(e, n.input.schema)]))
        const columns = n.schema.map((f) => computed.get(f.name) ?? expr({ op: 'col', name: f.name }, n.input.schema))
        return (record) => {
          const row = input(record)
          if (refused(row)) return row
          const out: Value[] = new Array(columns.length)
          for (let i = 0; i < columns.length; i++) out[i] = (columns[i] as (row: Tuple) => Value)(row)
          return out
        }
      }
      case 'join':
        return compileJoin(n, compile(n.left), inputs.tables.get(nodeId(n.right)))
      case 'asof': {
        const left = compile(n.left)
        const state = states.get(nodeId(n.right))
        if (!state) throw new GalleyError('INTERNAL_BUG', { what: 'a window has no state', why: nodeId(n.right) })
        const key = n.by.map(([l]) => expr({ op: 'col', name: l }, n.left.schema))
        const at = expr({ op: 'col', name: n.at }, n.left.schema)
        return (record) => {
          const row = left(record)
          return refused(row)
            ? row
            : [
                ...row,
                ...state.ask(
                  key.map((k) => k(row)),
                  at(row),
                ),
              ]
        }
      }
      default:
        throw new GalleyError('PLAN_INVALID', { what: `${n.op} has no meaning for one record` })
    }
  }
  return compile
}

/** A join with a table that is loaded: one match or none, since an endpoint answers with one row. */
function compileJoin(n: Extract<Node, { op: 'join' }>, left: Step, table: readonly Tuple[] | undefined): Step {
  if (!table) throw new GalleyError('INTERNAL_BUG', { what: 'a join has no table', why: nodeId(n.right) })
  const at = (schema: Schema, name: string) => schema.findIndex((f) => f.name === name)
  const keys = n.on.map(([l]) => at(n.left.schema, l))
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
  return (record) => {
    const row = left(record)
    if (refused(row)) return row
    const key = keys.map((i) => row[i] as Value)
    const found = key.includes(null) ? undefined : index.get(keyOf(key))
    if (n.how === 'semi' || n.how === 'anti')
      return (found !== undefined) === (n.how === 'semi') ? row : unmatched(n, key)
    if (!found && n.how === 'inner') return unmatched(n, key)
    return [...row, ...(found ?? nothing)]
  }
}

const unmatched = (n: Extract<Node, { op: 'join' }>, key: readonly Value[]): Refusal => ({
  reason: `there is no ${n.on.map(([l], i) => `${l} '${String(key[i])}'`).join(', ')} in the table it is joined with`,
})
