import { setTimeout as sleep } from 'node:timers/promises'
import { asGalleyError, CODES, GalleyError } from '../base/errors.ts'
import type { Scope } from '../base/scope.ts'
import { everything } from '../data/datasets/keep/everything.ts'
import type { EngineChoice } from '../engines/engine.ts'
import type { Job, JobClaim } from '../store/jobs.ts'
import type { Run } from '../store/runs.ts'
import type { Schedule } from '../store/schedules.ts'
import { dueAt } from './calendar.ts'
import { runnable } from './declared.ts'
import type { OnRunEvent } from './events.ts'
import { type Holidays, holidaysUsed } from './holidays/countries.ts'
import { momentsOf, restsAt } from './holidays/resting.ts'
import { backfill } from './partitions/backfill.ts'
import { FILES_TAG, filedOf, requireSame } from './partitions/filed.ts'
import type { Partitioned } from './partitions/partitioned.ts'
import { newestPartitions } from './partitions/states.ts'
import { passes } from './passing.ts'
import { run } from './runner.ts'
import type { Kitchenware } from './step.ts'
import { plural } from './text.ts'
import { deadlineOf, runTimedOut } from './timeouts.ts'
import { lookout, reap, tellFailed } from './told.ts'
import { stateOf } from './watched.ts'

/** A job is free for another worker so many seconds after its worker was heard last. */
const LEASE = 2
/** ms between two looks for a job. */
const LOOK = 250
/** ms between two looks for schedules that are due. */
const SCHEDULES = 1000
/** Of its time a worker looks at most one part in so many at files that schedules watch: a folder may hold a million. */
const OF_LOOKING = 10
/** ms after which a job is tried again that failed for what may pass; doubled each time, up to the longest. */
const FIRST_PAUSE = 5000
const LONGEST_PAUSE = 300_000

export interface WorkerOptions {
  /** What this worker has: it takes jobs that ask for nothing else. */
  readonly tags: readonly string[]
  readonly signal: AbortSignal
  /** Told what a run under way tells. */
  readonly on: OnRunEvent
  readonly say: (text: string) => void
  /** Loads a recipe that is run partition by partition; a worker without it has no tag `recipe-files`. */
  readonly load?: (file: string) => Promise<Partitioned>
  /** Ends once no job is due. */
  readonly untilEmpty?: boolean
  /** Told after each job, when nothing is under way. */
  readonly after?: () => void
}

/** Takes jobs one after the other until it is asked to stop; what it is at then goes back to the queue. Gives how many it took, and how many of them failed. */
export async function work(
  ware: Kitchenware,
  scope: Scope,
  options: WorkerOptions,
): Promise<{ readonly taken: number; readonly failed: number }> {
  let [taken, failed] = [0, 0]
  let told = false
  let looked = 0
  const looks = lookingAt(ware, scope, options)
  let watched = Promise.resolve()
  // what fails here is seen where jobs are taken
  const watch = () => (watched = watched.then(() => lookout(ware, scope)).catch(() => undefined))
  // a job may take hours: others are late meanwhile, or this one is
  const watching = setInterval(watch, SCHEDULES)
  try {
    while (!options.signal.aborted) {
      try {
        if (ware.clock.ticks() >= looked) {
          looked = ware.clock.ticks() + SCHEDULES
          const now = await ware.store.clock()
          const holidays = await holidaysUsed(ware.store, scope)
          const queued = await ware.store.schedules.fire(scope, now, (s) => dueOf(s, now, holidays))
          const seen = await looks(now, holidays)
          await watch()
          if (queued + seen > 0) options.say(`schedules queued ${plural(queued + seen, 'job')}`)
        }
        await reap(ware, scope)
        const next = await ware.store.jobs.take(
          scope,
          options.load ? [...options.tags, FILES_TAG] : options.tags,
          LEASE,
        )
        told = false
        if (next) {
          taken++
          if (!(await attempt(ware, scope, next, options))) failed++
          options.after?.()
          continue
        }
        if (options.untilEmpty) break
      } catch (thrown) {
        // what it was looking at when it was asked to stop says so
        if (options.signal.aborted && asGalleyError(thrown).code === 'CANCELLED') break
        if (!passes(thrown) || options.untilEmpty) throw thrown
        if (!told) options.say(asGalleyError(thrown).what)
        told = true
      }
      await sleep(LOOK, undefined, { signal: options.signal }).catch(() => undefined)
    }
  } finally {
    // left on, it would keep a process that failed from its end
    clearInterval(watching)
    await watched
  }
  await ware.alerts?.settled()
  return { taken, failed }
}

/** What of a schedule is due; nothing yet of one whose calendar was not there a moment ago. */
function dueOf(s: Schedule, now: number, holidays: ReadonlyMap<string, Holidays>) {
  const known = s.calendar === null ? undefined : holidays.get(s.calendar)
  if (s.calendar !== null && !known) return { moments: [], next: s.next }
  return dueAt(s, now, s.cron === null ? null : momentsOf({ ...s, cron: s.cron }, known?.days))
}

/** Queues jobs of schedules whose watched things have changed, and gives how many. What can't be looked at is told once, and keeps nothing else waiting. */
function lookingAt({ store, clock }: Kitchenware, scope: Scope, { signal, say }: WorkerOptions) {
  const told = new Map<string, string>()
  let next = 0
  const look = async (s: Schedule, now: number): Promise<boolean> => {
    try {
      const state = await stateOf(store, scope, { watch: s.watch as string, seen: s.seen, signal })
      const queued = state !== undefined && state !== s.seen && (await store.schedules.saw(scope, s, state, now))
      told.delete(s.name)
      return queued
    } catch (thrown) {
      const { code, why, what } = asGalleyError(thrown)
      if (code === 'STORE_UNAVAILABLE' || code === 'CANCELLED') throw thrown
      const text = `the schedule '${s.name}' can't look at ${s.watch}: ${why ?? what}`
      if (told.get(s.name) !== text) say(text)
      told.set(s.name, text)
      return false
    }
  }
  return async (now: number, holidays: ReadonlyMap<string, Holidays>): Promise<number> => {
    const began = clock.ticks()
    if (began < next) return 0
    let queued = 0
    for (const s of await store.schedules.watching(scope)) {
      // what has changed on a day on which it rests is seen on the first one after; nothing is where its calendar was not there a moment ago
      const known = s.calendar === null ? undefined : holidays.get(s.calendar)
      if ((s.calendar !== null && !known) || restsAt(s, now, known?.days)) continue
      if (await look(s, now)) queued++
    }
    next = clock.ticks() + (clock.ticks() - began) * (OF_LOOKING - 1)
    return queued
  }
}

/** False for one that failed for good. */
async function attempt(
  ware: Kitchenware,
  scope: Scope,
  { job, claim }: { job: Job; claim: JobClaim },
  { signal, on, say, load }: WorkerOptions,
): Promise<boolean> {
  const { jobs } = ware.store
  const { lost, release } = ware.store.hold(scope, claim, LEASE)
  const deadline = deadlineOf(ware.clock, job.timeout, runTimedOut(job.recipe, job.timeout))
  try {
    const before = job.run === null ? undefined : await ware.store.runs.get(scope, job.run)
    const waiting = await runJob(ware, scope, job, load, {
      ...{ folder: job.folder, signal: AbortSignal.any([signal, lost, deadline.signal]), on },
      ...(job.engine ? { engine: job.engine as EngineChoice } : {}),
      begun: (record) => jobs.began(scope, claim, record.id),
      ...(before?.status === 'waiting' ? { resume: before } : {}),
    })
    if (waiting === undefined) await jobs.end(scope, claim, { status: 'done' })
    else await jobs.end(scope, claim, { status: 'waiting', run: waiting, attempts: job.attempts - 1 })
    return true
  } catch (thrown) {
    const error = asGalleyError(thrown)
    if (lost.aborted || (error.code === 'STORE_CONFLICT' && error.details['job'] === job.number)) {
      say(`job ${job.number} was cancelled or taken over: what this worker was at is left`)
      return true
    }
    const end = endOf(job, error, signal.aborted)
    if (!signal.aborted)
      say(
        `job ${job.number} ${end.status === 'queued' ? 'is tried again' : 'failed'}: ${[error.what, error.why].filter(Boolean).join(': ')}`,
      )
    const ours = await jobs.end(scope, claim, end).then(
      () => true,
      (cause: unknown) => {
        if (!(cause instanceof GalleyError && cause.code === 'STORE_CONFLICT')) throw cause
        return false
      },
    )
    if (ours && end.status === 'failed') await tellFailed(ware, scope, job, error.toJSON())
    return end.status !== 'failed'
  } finally {
    deadline.close()
    await release()
  }
}

/**
 * Runs a recipe; of one that is declared by a file the partitions of the newest window that was over when the job was due: each by itself, whatever becomes of the
 * others. Gives a run that waits for an approval, where one does.
 */
async function runJob(
  ware: Kitchenware,
  scope: Scope,
  job: Job,
  load: WorkerOptions['load'],
  { resume, ...options }: Omit<Parameters<typeof run>[3], 'resume'> & { readonly resume?: Run },
): Promise<string | undefined> {
  const filed = filedOf(job.recipeJson)
  if (!filed) {
    const { id, waiting } = await run(ware, scope, runnable(job.recipeJson), { ...options, ...(resume ? { resume: resume.id } : {}) }) // biome-ignore format: one line
    return waiting.length > 0 ? id : undefined
  }
  if (!load)
    throw new GalleyError('RECIPE_NOT_FOUND', {
      what: `this worker loads no recipe files, and ${filed.file} is one`,
      fix: 'start one with galley worker --recipes FOLDER',
    })
  const made = await load(filed.file)
  requireSame(filed, made)
  const partitions = newestPartitions(made, job.due ?? job.notBefore)
  const newest = await everything((cursor) => ware.store.runs.partitions(scope, made.name, { limit: 500, cursor, job: job.number })) // biome-ignore format: one line
  const before = new Map(newest.map((r) => [r.partition as string, r]))
  const filled = await backfill(ware, scope, made, partitions, { ...options, before, keepGoing: true })
  const waits = filled.find((f) => f.waits !== undefined)?.waits
  const failed = filled.find((f) => f.error !== undefined)?.error
  if (waits === undefined && failed) throw failed
  return waits
}

/** What becomes of a job whose attempt failed: what may pass is tried again. */
export function endOf(job: Pick<Job, 'attempts' | 'mostAttempts'>, error: GalleyError, stopping: boolean) {
  const told = error.toJSON()
  if (stopping) return { status: 'queued', error: null, pause: 0, attempts: job.attempts - 1 } as const
  // nobody else is at a step of a job that is held: its claim went with a database that died before that was on disk
  const unclaimed = error.code === 'STORE_CONFLICT' && error.details['step'] !== undefined
  const again = (unclaimed || passes(error) || CODES[error.code].status === 503) && job.attempts < job.mostAttempts
  if (!again) return { status: 'failed', error: told } as const
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (job.attempts - 1))
  return { status: 'queued', error: told, pause, attempts: job.attempts } as const
}
