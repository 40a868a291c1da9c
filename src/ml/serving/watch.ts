import { join } from 'node:path'
import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { readIfThere, writeFileAtomic } from '../../store/files.ts'
import { type AppendLog, jsonOf } from '../../store/log/appendlog.ts'
import { Monitor, type MonitorOptions, type MonitorSnapshot } from '../monitoring/monitor.ts'
import type { ColumnReference } from '../monitoring/reference.ts'

/** A request as it was answered: the raw record, the features the model saw, the score, and the moment it is about (µs). */
export type Answered = readonly [
  record: Readonly<Record<string, unknown>>,
  features: readonly (number | null)[],
  score: number,
  moment: number | null,
]
/** What one record of the prediction log holds: requests that were answered together, and the clock then (ms). */
export interface LoggedPredictions {
  readonly time: number
  readonly rows: readonly Answered[]
}

/** A monitor and the log of what it watches. */
export interface Watch {
  readonly monitor: Monitor
  /** Logs answered requests, then counts them. */
  note(logged: LoggedPredictions): Promise<void>
  /** Keeps what it knows, so that the next start reads only the rest of the log. */
  save(): Promise<void>
}

export interface WatchOptions extends MonitorOptions {
  readonly endpoint: string
  /** Model inputs by name, in the order of logged features. */
  readonly inputs: readonly string[]
  /** Whether requests say which moment they are about; without, the clock does. */
  readonly moments: boolean
  /** Absent for a rehearsal that keeps nothing. */
  readonly kept?: { readonly log: AppendLog; readonly folder: string }
}

const FORMAT = 2
const Counts = z.object({
  rows: z.number().int().min(0),
  columns: z.array(
    z.object({
      bins: z.array(z.number().int().min(0)),
      names: z.array(z.tuple([z.string(), z.number().int().min(0)])),
      missing: z.number().int().min(0),
    }),
  ),
})
const Body = z.object({
  offset: z.number().int().min(0),
  monitor: z.object({
    origin: z.number().nullable(),
    newest: z.number().nullable(),
    judged: z.array(z.number().int()),
    floor: z.number().nullable(),
    windows: z.array(z.object({ index: z.number().int(), counts: Counts })),
    total: Counts,
  }),
})
const Saved = Body.extend({ sum: z.string() })
/**
 * What of a model's reference is seen of requests. Names are read of the request as it came: those of columns that are derived
 * or joined are not there, and those of a feature are its values before fits put something else in their place.
 */
export const seenOf = (
  reference: readonly ColumnReference[],
  inputs: readonly string[],
  request: readonly string[],
): readonly ColumnReference[] =>
  reference.filter((r) => r.kind === 'numeric' || (request.includes(r.name) && !inputs.includes(r.name)))

/** Requests after which it is saved. */
const EVERY = 50_000

/** Takes the monitor up where it was saved, and reads on in the log. @throws STORE_CORRUPT, STORE_FORMAT_NEWER */
export async function openWatch(options: WatchOptions): Promise<Watch> {
  const { kept, inputs, moments, reference, endpoint } = options
  const path = kept ? join(kept.folder, 'monitor.json') : ''
  const saved = kept ? await readCheckpoint(path, options) : undefined
  if (kept && saved && saved.offset > kept.log.next)
    throw new GalleyError('STORE_CORRUPT', {
      what: `predictions of the endpoint '${endpoint}' are gone`,
      why: `its monitor has counted ${saved.offset} records of the log, which has ${kept.log.next}`,
      fix: `restore ${join(kept.folder, 'predictions')} from a backup, or remove ${path} to watch from what is left`,
    })
  const monitor = new Monitor(options, saved?.monitor)
  const watched = reference.map(({ name }) => ({ name, feature: inputs.indexOf(name), scored: name === 'score' }))
  let counted = saved?.offset ?? 0
  let since = 0
  const observe = ({ rows, time }: LoggedPredictions, offset: number) => {
    for (const [record, seen, score, about] of rows)
      monitor.observe(
        watched.map((w) =>
          w.scored ? score : w.feature >= 0 ? (seen[w.feature] ?? null) : ((record[w.name] ?? null) as string | null),
        ),
        moments ? about : time * 1000,
        time * 1000,
      )
    counted = offset + 1
    since += rows.length
  }
  const save = async () => {
    if (!kept) return
    since = 0
    // taken together, then written once the log that it speaks of is on disk
    const body: z.input<typeof Body> = JSON.parse(JSON.stringify({ offset: counted, monitor: monitor.snapshot() }))
    await kept.log.sync()
    await writeFileAtomic(path, JSON.stringify({ format: FORMAT, sum: hashJson(body), ...body }))
  }
  if (kept)
    for await (const record of kept.log.read(counted)) observe(jsonOf(record) as LoggedPredictions, record.offset)
  return {
    monitor,
    async note(logged) {
      observe(logged, kept ? await kept.log.append(logged) : counted)
      if (since > EVERY) await save()
    },
    save,
  }
}

/** What was saved. It only saves time: where it can't be trusted, the log that it was made of is read from the start. */
async function readCheckpoint(
  path: string,
  { endpoint, reference }: WatchOptions,
): Promise<{ offset: number; monitor: MonitorSnapshot } | undefined> {
  let json: { format?: unknown } | undefined
  try {
    json = JSON.parse((await readIfThere(path)) ?? 'null') as typeof json
  } catch (thrown) {
    if (thrown instanceof GalleyError) throw thrown
    return undefined
  }
  const format = json?.format
  if (typeof format === 'number' && format > FORMAT)
    throw new GalleyError('STORE_FORMAT_NEWER', {
      what: `the monitor checkpoint of the endpoint '${endpoint}' has format ${format}`,
      why: `this Galley reads format ${FORMAT}`,
      fix: `upgrade Galley, or remove ${path}: it is made anew from the log`,
    })
  const read = format === FORMAT ? Saved.safeParse(json) : undefined
  if (!read?.success) return undefined
  const { sum, ...body } = read.data
  const fits = [body.monitor.total, ...body.monitor.windows.map((w) => w.counts)].every(
    (c) => c.columns.length === reference.length,
  )
  return fits && hashJson(body) === sum ? body : undefined
}
