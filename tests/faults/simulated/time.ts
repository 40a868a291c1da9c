import { AsyncLocalStorage } from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import type { Random } from '../random.ts'

/** A process that is simulated: what runs in it has its time of day, and stops when it is killed. */
export interface World {
  readonly name: string
  /** ms that its clock of the day is off. */
  off: number
  alive: boolean
  /** Until when it is stopped (SIGSTOP); in the past for one that runs. */
  stopped: number
}

const worlds = new AsyncLocalStorage<World>()
export const worldOf = (): World | undefined => worlds.getStore()
export const within = <T>(world: World, work: () => T): T => worlds.run(world, work)
/** As a server that belongs to none of them. */
export const outside = <T>(work: () => T): T => worlds.exit(work)

interface Due {
  at: number
  readonly order: number
  readonly world: World | undefined
  readonly fire: () => void
  gone: boolean
}

export const START = Date.UTC(2026, 0, 5)
let now = 0
let order = 0
const due: Due[] = []

/** ms since the beginning, of every clock that is not of the day. */
export const ticks = (): number => now

function later(ms: number, fire: () => void): Due {
  const world = worldOf()
  const one = { at: now + Math.max(0, ms), order: order++, world, fire: world ? () => within(world, fire) : fire, gone: false } // biome-ignore format: one line
  due.push(one)
  return one
}

/** A promise that is kept then. */
export const after = (ms: number): Promise<void> => new Promise((resolve) => void later(ms, resolve))
/** One that never is. */
export const never = (): Promise<never> => new Promise(() => {})

const immediate = setImmediate
/** Lets what has come about take its course, as far as it goes by itself. */
const course = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => immediate(resolve))
}

/** What is asked of a server or a disk that is real: time stands still until it has answered, and what is asked next waits for what the answer brings about. */
let asked = 0
let last: Promise<unknown> = Promise.resolve()
export async function real<T>(work: () => Promise<T>): Promise<T> {
  asked++
  const before = last
  const mine = outside(async () => {
    await before
    return work()
  })
  last = mine.then(course, course)
  try {
    return await mine
  } finally {
    asked--
  }
}

const settled = async (): Promise<void> => {
  do await course()
  while (asked > 0)
}

/** Lets time pass until something holds. @throws when it does not within so many ms */
export async function pass(until: () => boolean, most: number): Promise<void> {
  const end = now + most
  for (await settled(); !until(); await settled()) {
    const live = due.filter((d) => !d.gone && d.world?.alive !== false)
    due.splice(0, due.length, ...live)
    const next = live.reduce<Due | undefined>((a, b) => (!a || b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a), undefined) // biome-ignore format: one line
    if (!next || next.at > end) throw new Error(`it did not come to pass within ${most} ms of simulated time`)
    now = Math.max(now, next.at)
    // one that is stopped goes on where it stood
    if (next.world && next.world.stopped > now) {
      next.at = next.world.stopped
      continue
    }
    next.gone = true
    next.fire()
  }
}

/** From here on this process has simulated time, and ids by the seed. */
export function begin(random: Random): void {
  const day = () => START + now + (worldOf()?.off ?? 0)
  const Real = Date
  class Simulated extends Real {
    constructor(...args: [] | [number]) {
      if (args.length === 0) super(day())
      else super(...args)
    }
    static override now = () => Math.floor(day())
  }
  const handle = (one: Due) => Object.assign(one, { ref: () => one, unref: () => one, hasRef: () => true, [Symbol.toPrimitive]: () => one.order }) // biome-ignore format: one line
  const clear = (one: Due | undefined) => void (one && (one.gone = true))
  const every = (fire: (...given: unknown[]) => void, ms: number, ...given: unknown[]) => {
    const one = handle(later(ms, () => {}))
    const again = () => {
      fire(...given)
      if (!stopped) Object.assign(next, { inner: later(ms, again) })
    }
    let stopped = false
    const next: { inner: Due } = { inner: later(ms, again) }
    return Object.assign(one, {
      stop() {
        stopped = true
        next.inner.gone = true
      },
    })
  }
  Object.assign(globalThis, {
    Date: Simulated,
    setTimeout: (fire: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => handle(later(ms, () => fire(...given))), // biome-ignore format: one line
    clearTimeout: clear,
    setInterval: every,
    clearInterval: (one: (Due & { stop?: () => void }) | undefined) => {
      clear(one)
      one?.stop?.()
    },
  })
  performance.now = () => now
  const sleep = (ms: number, value?: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const one = later(ms, () => resolve(value))
      signal?.addEventListener('abort', () => {
        one.gone = true
        reject(signal.reason)
      })
    })
  const bytes = (n: number) => Buffer.from(Array.from({ length: n }, () => Math.floor(random() * 256)))
  Object.assign(timers, { setTimeout: sleep })
  Object.assign(crypto, {
    randomBytes: bytes,
    randomUUID: () =>
      bytes(16)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  })
  syncBuiltinESMExports()
}
