import { setTimeout as sleep } from 'node:timers/promises'

/** ms between two looks at a run, and after which a line is sent where nothing has changed: proxies end connections that say nothing. */
const LOOK = 500
const SILENT = 15_000

interface Followed {
  readonly run: { readonly status: string }
  readonly steps: readonly { readonly id: string }[]
}

/** A run as server-sent events (HTML, 9.2): what has changed since the look before, all of it at first, until it is under way no more. */
export async function* followed(
  look: () => Promise<Followed>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const known = new Map<string, string>()
  for (let silent = 0; !signal?.aborted; silent += LOOK) {
    const { run, steps } = await look()
    const told = [['run', '', run] as const, ...steps.map((s) => ['step', s.id, s] as const)].flatMap(
      ([event, id, what]) => {
        const data = JSON.stringify(what)
        if (known.get(`${event} ${id}`) === data) return []
        known.set(`${event} ${id}`, data)
        return [`event: ${event}\ndata: ${data}\n\n`]
      },
    )
    const over = run.status !== 'running'
    if (over) told.push(`event: end\ndata: ${JSON.stringify({ status: run.status })}\n\n`)
    else if (told.length === 0 && silent >= SILENT) told.push(': still there\n\n')
    if (told.length > 0) {
      silent = 0
      yield encoder.encode(told.join(''))
    }
    if (over) return
    await sleep(LOOK, undefined, signal ? { signal } : {}).catch(() => undefined)
  }
}
