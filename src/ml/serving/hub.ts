import { asGalleyError, GalleyError } from '../../base/errors.ts'
import type { Endpoint as EndpointRow } from '../../store/endpoints.ts'
import { type EndpointOptions, type LiveEndpoint, openEndpoint } from './endpoint.ts'

/** How an endpoint does in this process. */
export interface Serving {
  /** Of the newest deployment. */
  readonly state: 'starting' | 'ready' | 'failed'
  /** Why the newest deployment could not start. */
  readonly error?: GalleyError
  /** The deployment that answers; the former one until the newest is ready. */
  readonly live?: LiveEndpoint
}
interface Slot {
  state: Serving['state']
  error?: GalleyError | undefined
  live?: LiveEndpoint
  generation: number
  opening?: Promise<void> | undefined
  /** Failures in a row, and when to try again (ticks, ms). */
  tries: number
  retry: number
  /** When it was last looked whether there is a newer deployment (ticks, ms). */
  looked: number
}

/** ms */
const FIRST_RETRY = 500
const LAST_RETRY = 60_000
/** How often new deployments are looked for, ms. */
const EVERY = 1000

/** The endpoints of one workspace that live in this process: opened when deployed, replaced when deployed anew. */
export interface EndpointHub {
  /** Opens what is deployed and follows new deployments until closed; tries again where one could not start. */
  start(): Promise<void>
  /** The live endpoint. @throws ENDPOINT_UNKNOWN, ENDPOINT_NOT_READY while it starts, and why when it failed */
  get(name: string): Promise<LiveEndpoint>
  /** Looks for new deployments now and waits until they are open. */
  refresh(): Promise<void>
  /** Opens one endpoint and waits for it. @throws ENDPOINT_UNKNOWN, and why it could not start */
  open(name: string): Promise<LiveEndpoint>
  /** How it does here; undefined when this process does not serve it. */
  find(name: string): Serving | undefined
  states(): Readonly<Record<string, string>>
  close(): Promise<void>
}

export function createHub(options: EndpointOptions): EndpointHub {
  const { store, scope, log, clock } = options
  const slots = new Map<string, Slot>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** Opens the newest deployment beside the one that answers, and changes over once it is ready. */
  const change = async (name: string, slot: Slot) => {
    try {
      const next = await openEndpoint(options, name)
      const former = slot.live
      Object.assign(slot, { live: next, generation: next.generation, state: 'ready', error: undefined, tries: 0 })
      if (!former) return
      await turn() // who was given the former one has begun to use it by now
      await former.close()
      await next.catchUp()
    } catch (thrown) {
      const error = asGalleyError(thrown)
      log.error('an endpoint could not start', { endpoint: name, deployment: slot.generation, ...error.toJSON() })
      const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** slot.tries)
      Object.assign(slot, { state: 'failed', error, tries: slot.tries + 1, retry: clock.ticks() + wait })
      // a log that another process has is no fault of the deployment
      if (error.code !== 'STORE_CONFLICT')
        await store.endpoints
          .setState(scope, name, slot.generation, 'failed', error.toJSON())
          .catch((failed: unknown) => log.warn('a failure could not be recorded', { error: String(failed) }))
    }
  }
  const openNow = ({ name, generation }: EndpointRow): Promise<void> => {
    const slot: Slot = slots.get(name) ?? { state: 'starting', generation, tries: 0, retry: 0, looked: clock.ticks() }
    if (slot.generation !== generation) slot.tries = 0
    Object.assign(slot, { generation, state: 'starting' })
    slots.set(name, slot)
    slot.opening = change(name, slot).finally(() => {
      slot.opening = undefined
    })
    return slot.opening
  }
  const follow = async (row: EndpointRow, now = false) => {
    let slot = slots.get(row.name)
    for (; slot?.opening; slot = slots.get(row.name)) await slot.opening
    const due = slot?.state === 'failed' && (now || clock.ticks() >= slot.retry)
    if (!closed && (!slot || slot.generation < row.generation || due)) await openNow(row)
  }
  const refresh = async () => {
    let cursor: string | undefined
    do {
      const page = await store.endpoints.list(scope, { limit: 100, cursor })
      await Promise.all(page.items.map((row) => follow(row)))
      cursor = page.next
    } while (cursor)
  }
  return {
    async start() {
      timer = setInterval(() => {
        refresh().catch((error: unknown) => log.warn('deployments could not be read', { error: String(error) }))
      }, EVERY)
      timer.unref()
      await refresh()
    },
    refresh,
    async open(name) {
      await follow(await store.endpoints.get(scope, name), true)
      const { live, error } = slots.get(name) ?? {}
      if (live) return live
      throw error ?? new GalleyError('CANCELLED', { what: 'the endpoints are closed' })
    },
    find: (name) => (slots.get(name) as Serving | undefined) ?? (timer ? { state: 'starting' } : undefined),
    async get(name) {
      const slot = slots.get(name)
      // a workspace whose endpoints nobody follows is followed by who asks
      if (slot?.live && !timer && clock.ticks() - slot.looked > EVERY) {
        slot.looked = clock.ticks()
        store.endpoints
          .get(scope, name)
          .then((row) => follow(row))
          .catch((error: unknown) => log.warn('deployments could not be read', { error: String(error) }))
      }
      if (slot?.live) return slot.live
      const row = await store.endpoints.get(scope, name)
      if (slot?.error) throw slot.error
      if (!slot) void follow(row)
      throw new GalleyError('ENDPOINT_NOT_READY', {
        what: `the endpoint '${name}' is starting`,
        why: 'its model and history are being loaded',
        fix: 'ask again in a second',
        details: { retryAfter: 1 },
      })
    },
    states: () => Object.fromEntries([...slots].map(([name, slot]) => [name, slot.state])),
    async close() {
      closed = true
      clearInterval(timer)
      for (const slot of slots.values()) {
        await slot.opening
        await slot.live?.close()
      }
      slots.clear()
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
