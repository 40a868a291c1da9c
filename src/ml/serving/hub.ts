import { asGalleyError, GalleyError } from '../../base/errors.ts'
import type { Endpoint as EndpointRow } from '../../store/endpoints.ts'
import { type EndpointOptions, type LiveEndpoint, openEndpoint } from './endpoint.ts'

interface Slot {
  generation: number
  state: 'starting' | 'ready' | 'failed'
  live?: LiveEndpoint
  error?: GalleyError
  opening?: Promise<void>
}

/** The endpoints of one workspace that live in this process: opened when deployed, replaced when deployed anew. */
export interface EndpointHub {
  /** Opens what is deployed and follows new deployments until closed. */
  start(): Promise<void>
  /** The live endpoint. @throws ENDPOINT_UNKNOWN, ENDPOINT_NOT_READY while it starts, and why when it failed */
  get(name: string): Promise<LiveEndpoint>
  /** Looks for new deployments now and waits until they are open. */
  refresh(): Promise<void>
  states(): Readonly<Record<string, string>>
  close(): Promise<void>
}

export function createHub(options: EndpointOptions): EndpointHub {
  const { store, scope, log } = options
  const slots = new Map<string, Slot>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const open = (row: EndpointRow): Promise<void> => {
    const former = slots.get(row.name)
    const slot: Slot = { generation: row.generation, state: 'starting' }
    slots.set(row.name, slot)
    slot.opening = (async () => {
      try {
        await former?.opening
        const live = await openEndpoint(options, row.name)
        slot.live = live
        slot.generation = live.generation
        slot.state = 'ready'
      } catch (thrown) {
        slot.state = 'failed'
        slot.error = asGalleyError(thrown)
        log.error('an endpoint could not start', { endpoint: row.name, ...slot.error.toJSON() })
      }
      await former?.live?.close()
    })()
    return slot.opening
  }
  const refresh = async () => {
    let cursor: string | undefined
    do {
      const page = await store.endpoints.list(scope, { limit: 100, cursor })
      await Promise.all(
        page.items.map((row) => {
          const slot = slots.get(row.name)
          if (slot && slot.generation >= row.generation) return slot.opening
          return closed ? undefined : open(row)
        }),
      )
      cursor = page.next
    } while (cursor)
  }
  return {
    async start() {
      timer = setInterval(() => {
        refresh().catch((error: unknown) => log.warn('deployments could not be read', { error: String(error) }))
      }, 1000)
      timer.unref()
      await refresh()
    },
    refresh,
    async get(name) {
      const slot = slots.get(name)
      if (slot?.live && slot.state === 'ready') return slot.live
      const row = await store.endpoints.get(scope, name)
      if (slot?.state === 'failed' && slot.error) throw slot.error
      if (!slot) void open(row)
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
