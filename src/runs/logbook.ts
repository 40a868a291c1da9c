import type { Clock } from '../base/clock.ts'
import { redactedJson } from '../base/redact.ts'
import type { Scope } from '../base/scope.ts'
import type { Line } from '../store/lines.ts'
import type { Store } from '../store/store.ts'
import type { OnRunEvent, RunEvent } from './events.ts'

type Told = Omit<Line, 'number'>

/** ms between two writes of lines: others read them from the store. */
const EVERY = 1000
/** Lines of one run that are kept, and characters of one of them. */
const MOST = 10_000
const LONGEST = 10_000

/** Listens to a run, and keeps what it tells with it, line by line: `galley runs log`. */
export function logbook(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  scope: Scope,
  run: string,
  on: OnRunEvent,
): { readonly on: OnRunEvent; close(): Promise<void> } {
  let waiting: Told[] = []
  let kept = 0
  let leftOut = 0
  let writing: Promise<void> = Promise.resolve()
  const write = (): Promise<void> => {
    writing = writing.then(async () => {
      const [batch, rest] = [waiting.slice(0, 500), waiting.slice(500)]
      if (batch.length === 0) return
      waiting = rest
      // where the store is away they are written next time; a run that another process has taken is not this one's to tell of
      await store.lines.add(scope, run, batch).catch((error: { code?: string }) => {
        if (error.code !== 'STORE_CONFLICT') waiting = [...batch, ...waiting]
      })
    })
    return writing
  }
  const timer = setInterval(() => void write(), EVERY)
  return {
    on(event) {
      const line = lineOf(event, clock.now())
      if (line && kept < MOST) {
        waiting.push(held(redactedJson(line)))
        kept++
      } else if (line) leftOut++
      on(event)
    },
    async close() {
      clearInterval(timer)
      if (leftOut > 0)
        waiting.push({ ...of(clock.now(), 'warn', null), message: `${leftOut} lines more were left out` })
      while (waiting.length > 0) {
        const before = waiting.length
        await write()
        if (waiting.length >= before) return
      }
    },
  }
}

/** A line without what a text of the store can't hold: what a program says may be any bytes. */
const held = (line: Told): Told => ({ ...line, message: line.message.replaceAll('\0', '\ufffd').toWellFormed() })

const of = (at: number, level: Told['level'], step: string | null) => ({ at, level, step, fields: null as unknown })

/** What an event says in a log; nothing where it is no news. */
function lineOf(event: RunEvent, at: number): Told | undefined {
  const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text)
  switch (event.type) {
    case 'progress':
      return undefined
    case 'run':
      return { ...of(at, 'info', null), message: `${event.recipe} begins`, fields: { steps: event.steps } }
    case 'end': {
      const level = event.status === 'failed' ? 'error' : 'info'
      return { ...of(at, level, null), message: `the run is ${event.status}`, fields: { seconds: event.seconds } }
    }
    case 'start':
      return { ...of(at, 'info', event.step), message: 'begins' }
    case 'skipped':
      return { ...of(at, 'info', event.step), message: 'skipped: its branch was not taken' }
    case 'waits':
      return {
        ...of(at, 'info', event.step),
        message: `waits: ${cut(event.ask)}`,
        fields: { approval: event.approval },
      }
    case 'said':
      return { ...of(at, 'warn', event.step), message: cut(event.text) }
    case 'done': {
      const { cached, because, seconds } = event
      return { ...of(at, 'info', event.step), message: cut(event.summary), fields: { cached, because, seconds } }
    }
    case 'failed': {
      const { code, what, why, fix } = event.error
      return { ...of(at, 'error', event.step), message: cut(what), fields: { code, why, fix } }
    }
  }
}
