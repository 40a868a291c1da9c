import { sha256 } from './sha256.ts'

/** What of Node a page needs: the little that plans and models ask for, as a browser has it. */

/** A path is an address. */
export const fileURLToPath = (url: string | URL): string => String(url)

/** A file of the package is fetched from where the page has it. */
export async function readFile(at: string | URL): Promise<Uint8Array> {
  const response = await fetch(at)
  if (!response.ok) throw new Error(`${at} answers ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

/** The next turn of the event loop, without the delay of a timer. */
export const setImmediate = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(0)
  })

/** The browser's own WebGPU. */
export const create = (): GPU => navigator.gpu
export const globals = {}

/** SHA-256 alone: plans and recipes are named by it. */
export function createHash(name: string) {
  if (name !== 'sha256') throw new Error(`a page has no ${name}`)
  const parts: Uint8Array[] = []
  return {
    update(data: string | Uint8Array) {
      parts.push(typeof data === 'string' ? new TextEncoder().encode(data) : data)
      return this
    },
    digest(): string {
      const whole = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
      let at = 0
      for (const part of parts) {
        whole.set(part, at)
        at += part.length
      }
      return sha256(whole)
    },
  }
}

/** Bytes that know base64, as models are written in. */
class PageBuffer extends Uint8Array {
  override toString(encoding?: string): string {
    if (encoding !== 'base64') return new TextDecoder().decode(this)
    let text = ''
    for (let at = 0; at < this.length; at += 8192) text += String.fromCharCode(...this.subarray(at, at + 8192))
    return btoa(text)
  }
}
const pageBuffer = {
  from(data: string | ArrayBuffer | ArrayLike<number>, at?: string | number, length?: number): PageBuffer {
    if (typeof data === 'string')
      return new PageBuffer(
        at === 'base64' ? [...atob(data)].map((c) => c.charCodeAt(0)) : new TextEncoder().encode(data),
      )
    return data instanceof ArrayBuffer ? new PageBuffer(data, Number(at ?? 0), length) : new PageBuffer(data)
  },
}
if (typeof Buffer === 'undefined') Object.assign(globalThis, { Buffer: pageBuffer })
