import { Readable } from 'node:stream'
import type pg from 'pg'

const [COPY_DATA, COPY_DONE, ERROR] = [0x64, 0x63, 0x45]
const HIGH_WATER = 1 << 18

/** The client's connection, as a query is given it. */
interface Connection {
  readonly stream: NodeJS.ReadableStream
  query(text: string): void
}
type OnData = (chunk: Buffer) => void

/**
 * What `COPY … TO STDOUT` writes. The server sends a message for each row; their contents are moved together within the
 * block that came, so that a row costs no buffer of its own.
 */
export class CopyOut extends Readable implements pg.Submittable {
  readonly text: string
  /** Rows, once the server has told. */
  rowCount = 0
  #stream: NodeJS.ReadableStream | undefined
  #handler: OnData | undefined
  #rest: Buffer | undefined
  /** Bytes of a row's message that are still to come. */
  #left = 0
  readonly #onData: OnData = (chunk) => this.#take(chunk)

  constructor(text: string) {
    super({ highWaterMark: HIGH_WATER })
    this.text = text
  }

  submit(connection: unknown): void {
    const { stream } = connection as Connection
    this.#stream = stream
    this.#handler = stream.listeners('data')[0] as OnData
    stream.removeListener('data', this.#handler)
    stream.on('data', this.#onData)
    ;(connection as Connection).query(this.text)
  }

  override _read(): void {
    if (this.#handler) this.#stream?.resume()
  }

  #take(chunk: Buffer): void {
    const block = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk
    // a row that is longer than a block is handed on as it comes
    let at = Math.min(this.#left, block.length)
    let to = at
    this.#left -= at
    let ended = false
    while (!ended && block.length - at >= 5) {
      const code = block[at] as number
      // the client's own parser tells what went wrong
      if (code === ERROR) break
      const end = at + 1 + block.readUInt32BE(at + 1)
      if (code === COPY_DATA) {
        const here = Math.min(end, block.length)
        block.copyWithin(to, at + 5, here)
        to += here - at - 5
        this.#left = end - here
        at = here
      } else if (end > block.length) break
      else {
        at = end
        ended = code === COPY_DONE
      }
    }
    ended ||= block.length > at && block[at] === ERROR
    const whole = to === 0 || this.push(block.subarray(0, to))
    // what was taken is another part of the block than what is left
    this.#rest = at < block.length ? block.subarray(at) : undefined
    if (ended) this.#end()
    else if (!whole) this.#stream?.pause()
  }

  /** Gives the connection back, with what was not ours. */
  #end(): void {
    const [stream, handler, rest] = [this.#stream, this.#handler, this.#rest]
    this.#handler = undefined
    this.#rest = undefined
    if (!stream || !handler) return
    stream.removeListener('data', this.#onData)
    stream.on('data', handler)
    if (rest) handler(rest)
    stream.resume()
  }

  handleError(error: Error): void {
    this.destroy(error)
  }

  handleCommandComplete({ text = '' }: { text?: string }): void {
    this.rowCount = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0)
    // not before: how many rows there are is known only now
    this.push(null)
  }

  handleReadyForQuery(): void {}
}
