import { Agent, request } from 'node:http'
import { parentPort } from 'node:worker_threads'
import { systemClock } from '../../base/clock.ts'

/** Requests to send, and what came of them: milliseconds each, in order, and the first failure if there was one. */
export interface Calls {
  readonly url: string
  readonly bodies: readonly string[]
  readonly concurrency: number
}
export interface Called {
  readonly latencies: Float64Array
  readonly failure: string | null
}

/** A client in a thread of its own, so that what it costs to ask is not counted as what it costs to answer. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

function post(url: string, body: string): Promise<string | null> {
  return new Promise((resolve) => {
    const call = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve(response.statusCode === 200 ? null : text))
      },
    )
    call.on('error', (error) => resolve(error.message))
    call.end(body)
  })
}

parentPort?.on('message', async ({ url, bodies, concurrency }: Calls) => {
  const latencies = new Float64Array(bodies.length)
  let failure: string | null = null
  let next = 0
  const line = async () => {
    while (next < bodies.length) {
      const i = next++
      const began = systemClock.ticks()
      failure = (await post(url, bodies[i] as string)) ?? failure
      latencies[i] = systemClock.ticks() - began
    }
  }
  await Promise.all(Array.from({ length: concurrency }, line))
  parentPort?.postMessage({ latencies, failure } satisfies Called, [latencies.buffer])
})
