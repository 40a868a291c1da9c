import { GalleyError } from '../../base/errors.ts'
import type { OnlineProgram } from '../../engines/row/index.ts'
import { readRecord } from '../../plan/record.ts'
import type { Schema } from '../../plan/types.ts'
import type { AppendLog } from '../../store/log/appendlog.ts'
import type { Present } from '../monitoring/present.ts'
import { each } from './each.ts'
import { fedOf } from './feedlog.ts'

export interface Fed {
  readonly taken: number
  /** Without effect: a duplicate, refused by the recipe, or older than the history kept. */
  readonly ignored: number
  readonly refused: readonly { readonly index: number; readonly reason: string }[]
}

interface Feeder {
  readonly name: string
  readonly program: OnlineProgram
  readonly input: Schema
  readonly present: Present
  /** The clock, µs. */
  now(): number
  /** Absent for a rehearsal that keeps nothing. */
  readonly log: AppendLog | undefined
}

/** What takes events in: all that can fail comes before the log, and the log before the state. */
export function feeder({
  name,
  program,
  input,
  present,
  now,
  log,
}: Feeder): (records: readonly unknown[]) => Promise<Fed> {
  return async (records) => {
    if (program.states.size === 0)
      throw new GalleyError('REQUEST_INVALID', {
        what: `the endpoint '${name}' takes no events`,
        why: 'its plan has no window over time, so it keeps no state',
        fix: 'send requests to /predict',
      })
    // all that can fail comes before the log, and the log before the state
    const events = each(records, (record, index) => {
      const values = readRecord(input, record)
      return { index, values, event: program.prepare(values) }
    })
    const time = now()
    const refused: { index: number; reason: string }[] = []
    const accepted = events.filter(({ index, event }) => {
      if (event.time === Number.NEGATIVE_INFINITY || present.reach(event.time, time)) return true
      const [at, until] = [event.time, present.limit(time)].map(isoOf)
      refused.push({ index, reason: `it happens at ${at}, events are taken up to ${until}` })
      return false
    })
    if (accepted.length > 0)
      await log?.append(
        fedOf(
          time / 1000,
          accepted.map((e) => e.values),
          input,
        ),
      )
    let taken = 0
    for (const { event } of accepted) if (event.take()) taken++
    return { taken, ignored: accepted.length - taken, refused }
  }
}

const isoOf = (micros: number): string => {
  const date = new Date(micros / 1000)
  return Number.isNaN(date.getTime()) ? 'the end of time' : date.toISOString()
}
