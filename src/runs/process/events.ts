import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** Bytes of what a process tells that are read at once, and in all. */
const PIECE = 65_536
const MOST = 16 * 2 ** 20
/** Characters of a line. */
const MOST_LINE = 2 ** 20
/** Metrics that are kept, and texts that are passed on. */
const MOST_METRICS = 1000
const MOST_TEXTS = 100

/** What a process tells while it works, read from the file that it adds lines of JSON to: `progress`, `metrics`, `say`. Lines that are none are passed over. */
export class Events {
  readonly metrics: Record<string, number> = {}
  readonly #path: string
  readonly #on: { progress(done: number, total: number): void; say(text: string): void }
  readonly #decoder = new StringDecoder('utf8')
  #at = 0
  #rest = ''
  /** Whether the line that is being read is too long to be one. */
  #passing = false
  #texts = 0

  constructor(path: string, on: { progress(done: number, total: number): void; say(text: string): void }) {
    this.#path = path
    this.#on = on
  }

  /** Reads what has come since; a line that has no end yet counts once the process has ended. */
  look(ended = false): void {
    let file: number
    try {
      // a pipe that nobody writes to would keep this process waiting; a link leads to what the program itself may not see
      file = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    } catch {
      return // it took the file away: nothing more is told
    }
    try {
      if (!fstatSync(file).isFile()) return
      const piece = Buffer.alloc(PIECE)
      for (let n = 1; n > 0 && this.#at < MOST; ) {
        n = readSync(file, piece, 0, PIECE, this.#at)
        this.#at += n
        this.#text(this.#decoder.write(piece.subarray(0, n)))
      }
      if (ended) this.#text('\n')
    } finally {
      closeSync(file)
    }
  }

  #text(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!this.#passing) this.#line(line)
      this.#passing = false
    }
    if (this.#rest.length <= MOST_LINE) return
    this.#passing = true
    this.#rest = ''
  }

  #line(line: string): void {
    let told: { progress?: unknown; metrics?: unknown; say?: unknown }
    try {
      told = JSON.parse(line)
    } catch {
      return
    }
    if (typeof told !== 'object' || told === null) return
    if (Array.isArray(told.progress)) {
      const [done, total] = told.progress
      if (Number.isFinite(done) && Number.isFinite(total)) this.#on.progress(done, total)
    }
    if (typeof told.metrics === 'object' && told.metrics !== null)
      for (const [name, value] of Object.entries(told.metrics))
        if (
          Number.isFinite(value) &&
          (Object.hasOwn(this.metrics, name) || Object.keys(this.metrics).length < MOST_METRICS)
        )
          Object.defineProperty(this.metrics, name, { value, enumerable: true, configurable: true, writable: true })
    if (typeof told.say === 'string' && this.#texts++ < MOST_TEXTS) this.#on.say(told.say.slice(0, 1000))
  }
}
