import type { StepContext } from '../kind.ts'
import type { ProcessSpec } from '../specs.ts'

/** Bytes of a log that are kept of its beginning, and of its end. */
const KEPT = 2 * 2 ** 20

/** What a process says, of which the beginning and the end are kept however much it is. */
export class BoundedLog {
  readonly #head: Buffer[] = []
  readonly #tail: Buffer[] = []
  #headBytes = 0
  #tailBytes = 0
  #dropped = 0

  add(piece: Buffer): void {
    const room = KEPT - this.#headBytes
    if (room > 0) {
      const first = piece.subarray(0, room)
      this.#head.push(Buffer.from(first))
      this.#headBytes += first.length
    }
    const rest = piece.subarray(Math.max(0, room))
    if (rest.length === 0) return
    // a copy: the pieces of a stream share memory
    this.#tail.push(Buffer.from(rest))
    this.#tailBytes += rest.length
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= KEPT) {
      const gone = this.#tail.shift()?.length ?? 0
      this.#tailBytes -= gone
      this.#dropped += gone
    }
  }

  /** The text, secrets too; where something is left out between, whole lines are, so that no part of a secret stays. */
  text(): string {
    const head = Buffer.concat(this.#head).toString('utf8')
    const tail = Buffer.concat(this.#tail).toString('utf8')
    if (this.#dropped === 0) return head + tail
    const first = head.slice(0, head.lastIndexOf('\n') + 1)
    const last = tail.slice(tail.indexOf('\n') + 1)
    const left = this.#headBytes + this.#tailBytes + this.#dropped - Buffer.byteLength(first) - Buffer.byteLength(last)
    return `${first}… ${left} bytes are left out …\n${last}`
  }
}

/** Characters of a log that an error shows. */
const SHOWN = 2000

/** The last lines of a text, for an error. */
export function lastLines(text: string, most: number): string {
  const last = text.trimEnd().split('\n').slice(-most).join('\n')
  return last.length > SHOWN ? `…${last.slice(-SHOWN)}` : last
}

/** Puts what a process said beside the run, where it said something. */
export async function keepLog(ctx: StepContext<ProcessSpec>, text: string): Promise<{ readonly log?: string }> {
  if (text === '') return {}
  const { hash, bytes } = await ctx.store.blobs.put(ctx.scope, text)
  const of = { run: ctx.run.id, step: ctx.step.id, kind: 'log', name: `${ctx.step.id}.log`, mediaType: 'text/plain' }
  await ctx.store.artifacts.add(ctx.scope, { ...of, blob: hash, bytes, details: null })
  return { log: hash }
}
