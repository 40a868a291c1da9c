import { setTimeout as sleep } from 'node:timers/promises'
import { asGalleyError, GalleyError, throwIfAborted } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Job } from '../../store/jobs.ts'
import type { Standing } from '../../store/shares.ts'
import type { Output, StepContext } from '../kind.ts'
import { FILES_TAG } from '../partitions/filed.ts'
import { again, passes } from '../passing.ts'
import { restored } from '../portable.ts'
import type { Recipe, Step } from '../specs.ts'
import { type Asking, alone, type Elsewhere, isLeft } from './elsewhere.ts'

/** ms between two looks at what others are at. */
const LOOK = 200
/** Failures after which nothing more is asked of workers that have answered nothing. */
const MOST_FAILURES = 3
/** Workers that may die at one. */
const ATTEMPTS = 2

/** The step that shares out its work. */
export type Sharer = Pick<StepContext<unknown>, 'store' | 'scope' | 'recipe' | 'step' | 'run' | 'folder' | 'signal' | 'say'> // biome-ignore format: one line

/** What jobs do for a step. */
export interface Sharing<Out extends Output = Output> {
  /** What asks are called: `trials`. */
  readonly noun: string
  /** One ask as the step of a job, which reads no other step. */
  stepOf(ask: Json): Step
  /** What such a step left. @throws where it is not there any more */
  answerOf(output: Out): Promise<Json>
}

/** The same, and how many were answered by others. */
export interface Queued extends Elsewhere {
  others(): number
}

/** A name that no recipe has. */
const nameOf = (recipe: Recipe, noun: string): string => `${recipe.name}/${noun}`

/** Asks as jobs of the queue, which any worker of the workspace takes; this process does those that nobody has taken, and never waits for workers that are not there. */
export function queued<Out extends Output>(ctx: Sharer, sharing: Sharing<Out>): Queued {
  const { store, scope, recipe, folder, signal } = ctx
  let others = 0
  let failures = 0
  const heard = new Set<string>()
  const sayOnce = (why: string, text: string) => {
    if (!heard.has(why)) ctx.say(text)
    heard.add(why)
  }
  let begun: Promise<Pick<Job, 'priority' | 'tags'> | undefined> | undefined
  const queue = async (ask: Json, { priority, tags }: Pick<Job, 'priority' | 'tags'>): Promise<number> => {
    const share = { run: ctx.run.id, step: ctx.step.id }
    const made = { format: 1, name: nameOf(recipe, sharing.noun), steps: [sharing.stepOf(ask)], share } satisfies Recipe
    const { number } = await store.jobs.queue(scope, {
      ...{ recipe: made.name, recipeJson: made, folder, engine: null, mostAttempts: ATTEMPTS },
      ...{ priority, tags },
    })
    return number
  }
  const jobOf = (number: number) => `job ${number} of ${nameOf(recipe, sharing.noun)}`
  const answerOf = async ({ run }: Standing): Promise<Json> => {
    const [step] = (await store.steps.list(scope, run ?? '', { limit: 1 })).items
    return sharing.answerOf(restored(step?.output as Out, store.home.path))
  }

  async function run(asks: readonly Json[], asking: Asking): Promise<(Json | undefined)[]> {
    const inVain = failures >= MOST_FAILURES && others === 0
    const like = asks.length > 1 && !inVain ? await (begun ??= begin(ctx, sharing.noun)) : undefined
    return like ? shared(asks, asking, like) : alone.run(asks, asking)
  }

  async function shared(
    asks: readonly Json[],
    { here, came, until }: Asking,
    like: Pick<Job, 'priority' | 'tags'>,
  ): Promise<(Json | undefined)[]> {
    const answers: (Json | undefined)[] = asks.map(() => undefined)
    /** Places of what others may do, by the number of its job; places of what this process is to do. */
    const open = new Map<number, number>()
    const own = asks.length > 0 ? [0] : []
    const either = until ? AbortSignal.any([signal, until]) : signal
    let fault: { readonly thrown: unknown } | undefined
    const turns = inTurns()
    const told = inTurns()
    const answered = (answer: Json, place: number) => {
      answers[place] = answer
      return told(async () => came?.(answer, place))
    }
    /** What another worker was at has ended. */
    const settle = async (standing: Standing, place: number): Promise<void> => {
      const { number, status } = standing
      const error = (standing.error ?? {}) as { readonly what?: string; readonly why?: string }
      let why = [status === 'failed' ? 'failed' : `is ${status}`, error.what, error.why].filter(Boolean).join(': ')
      const answer = await (status === 'done' ? answerOf(standing) : undefined)?.catch((thrown: unknown) => {
        if (passes(thrown)) throw thrown
        why = `left nothing that can be read: ${asGalleyError(thrown).what}`
      })
      open.delete(number)
      if (answer === undefined) {
        own.push(place)
        failures++
        sayOnce(why, `${jobOf(number)} ${why}; this process does it itself`)
        return
      }
      others++
      await answered(answer, place)
      await store.shares.remove(scope, [number])
    }
    const look = async (): Promise<void> => {
      const standing = await store.shares.standing(scope, [...open.keys()])
      for (const s of standing)
        if (s.status !== 'queued' && s.status !== 'running') await settle(s, open.get(s.number) as number)
    }
    const takeBack = async (): Promise<number | undefined> => {
      const back = await store.shares.takeBack(scope, [...open.keys()])
      if (!back) return undefined
      const place = open.get(back.number)
      open.delete(back.number)
      if (back.died) ctx.say(`${jobOf(back.number)}: its worker is gone; this process does it itself`)
      return place
    }
    /** A database that is away for a moment comes back. */
    const patiently = <T>(work: () => Promise<T>): Promise<T | undefined> =>
      turns(work).catch((thrown: unknown) => {
        if (passes(thrown)) return undefined
        throw thrown
      })
    const ended = new AbortController()
    const over = AbortSignal.any([either, ended.signal])
    const wait = () => sleep(LOOK, undefined, { signal: over }).catch(() => undefined)
    const watch = async (): Promise<void> => {
      while (!over.aborted) {
        await patiently(look)
        await wait()
      }
    }
    const work = async (): Promise<void> => {
      for (let first = true; first || !either.aborted; first = false) {
        if (fault) return
        const place = own.shift() ?? (await patiently(takeBack))
        if (place !== undefined) await answered(await here(asks[place] as Json, place), place)
        else if (open.size === 0 && own.length === 0) return
        else await wait()
      }
    }
    const withdraw = () => turns(() => store.shares.withdraw(scope, [...open.keys()]))
    const withdrawn = () => withdraw().catch((thrown: unknown) => passes(thrown) && again(withdraw))
    // what this process is at may take a moment to stop
    const stop = () => void withdrawn()
    either.addEventListener('abort', stop)
    try {
      for (const [place, ask] of asks.entries()) {
        if (place === 0 || either.aborted) continue
        const number = await patiently(() => queue(ask, like))
        if (number === undefined) own.push(place)
        else open.set(number, place)
      }
      const noted = (thrown: unknown) => void (fault ??= { thrown })
      await Promise.all([watch().catch(noted), work().catch(noted).finally(() => ended.abort())]) // biome-ignore format: one line
      throwIfAborted(signal)
      if (fault && !isLeft(fault.thrown, until)) throw fault.thrown
      return answers
    } finally {
      either.removeEventListener('abort', stop)
      ended.abort()
      if (open.size > 0) await withdrawn()
    }
  }
  return { run, others: () => others }
}

/** Does one thing after the other, whatever became of those before. */
function inTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const next = last.then(work)
    last = next.catch(() => undefined)
    return next
  }
}

/**
 * What the job says that a step is part of, where it is one. Undefined where this process does all by itself: the run is over and computed once more, or the
 * database is away.
 */
async function begin(ctx: Sharer, noun: string): Promise<Pick<Job, 'priority' | 'tags'> | undefined> {
  const { store, scope, run } = ctx
  try {
    const { job, status } = await store.runs.get(scope, run.id)
    if (status !== 'running') return undefined
    await withdrawLeft(ctx, noun)
    if (job === null) return { priority: 0, tags: [] }
    const { priority, tags } = await store.jobs.get(scope, job)
    return { priority, tags: tags.filter((tag) => tag !== FILES_TAG) }
  } catch (thrown) {
    if (passes(thrown)) return undefined
    throw thrown
  }
}

/** Withdraws what a process that was killed had asked: its run is over, or is this one, which asks anew. */
async function withdrawLeft({ store, scope, recipe, step, run }: Sharer, noun: string): Promise<void> {
  const waiting = await store.shares.waiting(scope, nameOf(recipe, noun))
  const left: number[] = []
  for (const { number, recipeJson } of waiting) {
    const share = (recipeJson as Recipe).share
    if (share?.step === step.id && (share.run === run.id || !(await isWanted({ store, scope }, share.run)))) left.push(number) // biome-ignore format: one line
  }
  await store.shares.withdraw(scope, left)
}

/** Whether a run still waits for what it shared out. */
async function isWanted({ store, scope }: Pick<Sharer, 'store' | 'scope'>, run: string): Promise<boolean> {
  const found = await store.runs.get(scope, run).catch((thrown: unknown) => {
    if (asGalleyError(thrown).code !== 'RUN_UNKNOWN') throw thrown
  })
  return found?.status === 'running' && !(await store.runs.abandoned(scope)).some((gone) => gone.id === run)
}

/** @throws CANCELLED for a share of a run that is over */
export async function requireWanted(ctx: Pick<Sharer, 'store' | 'scope' | 'recipe'>): Promise<void> {
  const { share } = ctx.recipe
  if (!share || (await isWanted(ctx, share.run))) return
  throw new GalleyError('CANCELLED', {
    what: `nobody waits for this share of '${share.step}' any more`,
    why: 'the run that asked for it is over',
    fix: 'leave it: a run that is begun again asks anew',
  })
}
