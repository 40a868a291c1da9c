import { GalleyError } from '../base/errors.ts'
import type { Output } from './kind.ts'
import type { Step } from './specs.ts'
import type { ConditionOutput } from './steps/condition.ts'

/** How a step ended. A condition says whether it holds; an approval that nobody has given yet waits. */
export type Ended = 'done' | 'holds' | 'fails' | 'waits'
export type State = Ended | 'failed' | 'skipped'

/** How a step ended that left an output: by a condition's a branch is taken. */
export const endedOf = (step: Step, output: Output): Ended => {
  if (step.kind !== 'condition') return 'done'
  return (output as ConditionOutput).holds ? 'holds' : 'fails'
}

export interface Scheduled {
  /** Steps whose turn never came: on a branch that was not taken, or they read one that is. */
  readonly skipped: readonly string[]
  /** Steps that failed, and for which others stood in. */
  readonly failed: readonly string[]
  /** Approvals that are not given yet. */
  readonly waiting: readonly string[]
}

/** What happens beside the steps that run. */
export interface Watching {
  skipped?(step: Step): void
  /** Whether other steps may stand in for one that failed so; those of branches that wait for its failure. */
  handles?(thrown: unknown): boolean
}

/**
 * Runs each step once what it reads is there and its branch is taken, at most `most` at a time, earlier ones of the recipe first. After a failure
 * for which no branch stands in no further step begins; those under way come to their end, so that their work is kept. Steps behind an approval
 * that is not given stay as they are.
 * @throws what failed first; RECIPE_INVALID for steps whose inputs never come
 */
export async function runSteps(
  steps: readonly Step[],
  most: number,
  runOne: (step: Step) => Promise<Ended>,
  on: Watching = {},
  /** How steps ended already that are not run again. */
  before: ReadonlyMap<string, State> = new Map(),
): Promise<Scheduled> {
  const state = new Map(before)
  const begun = new Set(before.keys())
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  const stoodIn = new Set(steps.flatMap((s) => (s.after ?? []).flatMap((a) => (a.is === 'failed' ? a.of : []))))
  const readers = readersOf(steps)
  /** Steps to be asked whether it is their turn: all at first, then those that something has changed for, and those for which there was no room. */
  const asked = [...steps.keys()]
  const ended = (step: Step, how: State) => {
    state.set(step.id, how)
    for (const reader of readers.get(step.id) ?? []) insert(asked, reader)
  }
  const begin = (step: Step) => {
    const work = runOne(step)
      .then(
        (how) => ended(step, how),
        (thrown: unknown) => {
          ended(step, 'failed')
          if (!(stoodIn.has(step.id) && on.handles?.(thrown))) failures.push(thrown)
        },
      )
      .finally(() => running.delete(work))
    running.add(work)
  }
  const turns = () => {
    // a step that is skipped changes later ones alone, which are asked in the same round
    while (asked.length > 0 && running.size < most) {
      const step = steps[asked.shift() as number] as Step
      if (begun.has(step.id)) continue
      const turn = turnOf(step, state)
      if (turn === 'not yet') continue
      begun.add(step.id)
      if (turn === 'begin') begin(step)
      else {
        ended(step, turn)
        on.skipped?.(step)
      }
    }
  }
  for (;;) {
    if (failures.length === 0) turns()
    if (running.size === 0) break
    await Promise.race(running)
  }
  if (failures.length > 0) throw failures[0]
  const all = (which: State) => steps.map((s) => s.id).filter((id) => state.get(id) === which)
  const waiting = all('waits')
  const stuck = steps.find((step) => !begun.has(step.id))
  if (stuck && waiting.length === 0) throw neverComes(stuck, state)
  return { skipped: all('skipped'), failed: all('failed'), waiting }
}

/** Places of the steps that a step's end may be the turn of, by its id. */
function readersOf(steps: readonly Step[]): ReadonlyMap<string, readonly number[]> {
  const readers = new Map<string, number[]>()
  for (const [place, { inputs, after }] of steps.entries())
    for (const id of new Set([...inputs, ...(after ?? []).flatMap((a) => a.of)])) {
      const places = readers.get(id) ?? []
      readers.set(id, places)
      places.push(place)
    }
  return readers
}

/** Puts a number in its place among others, once. */
function insert(sorted: number[], number: number): void {
  const at = sorted.findIndex((other) => other >= number)
  if (at < 0) sorted.push(number)
  else if (sorted[at] !== number) sorted.splice(at, 0, number)
}

/** Steps are in the order of what they read: what one is skipped for is known when the next is asked. */
function turnOf(step: Step, state: ReadonlyMap<string, State>): 'begin' | 'skipped' | 'not yet' {
  const turns = [...(step.after ?? []).map((a) => branchTaken(a, state)), inputsOf(step, state)]
  if (turns.includes('skipped')) return 'skipped'
  return turns.every((turn) => turn === 'begin') ? 'begin' : 'not yet'
}

type Turn = ReturnType<typeof turnOf>

function inputsOf({ kind, inputs }: Step, state: ReadonlyMap<string, State>): Turn {
  const states = inputs.map((id) => state.get(id))
  const there = states.map((s) => s === 'done' || s === 'holds' || s === 'fails')
  const gone = states.map((s) => s === 'failed' || s === 'skipped')
  // what was tried first may be there before a step beside it fails: only once both are known it is known which counts
  if (kind === 'either') {
    if (!states.every((_, i) => there[i] || gone[i])) return 'not yet'
    return there.some(Boolean) ? 'begin' : 'skipped'
  }
  if (gone.some(Boolean)) return 'skipped'
  return there.every(Boolean) ? 'begin' : 'not yet'
}

function branchTaken({ of, is }: NonNullable<Step['after']>[number], state: ReadonlyMap<string, State>): Turn {
  const states = of.map((id) => state.get(id))
  if (states.includes(is)) return 'begin'
  return states.every((s) => s !== undefined && s !== 'waits') ? 'skipped' : 'not yet'
}

function neverComes(step: Step, state: ReadonlyMap<string, State>): GalleyError {
  const missing = [...step.inputs, ...(step.after ?? []).flatMap((a) => a.of)].filter((id) => !state.has(id))
  return new GalleyError('RECIPE_INVALID', {
    what: `step '${step.id}' can't begin`,
    why: `it reads ${missing.map((id) => `'${id}'`).join(', ')}, which never comes`,
    fix: 'a step reads steps of the same recipe, and none that reads it',
  })
}
