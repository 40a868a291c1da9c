import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { type CompiledModule, compileWasm, instantiateWasm, plainMemory } from '../../../base/wasm.ts'

/** A part of a file that begins and ends between records, and how its columns are to be written. */
export interface Range {
  readonly path: string
  readonly from: number
  readonly to: number
  /** The delimiter's byte. */
  readonly delimiter: number
  /** Four bytes for each cell of a record, as `assembly/survey.ts` has them. */
  readonly table: Uint8Array
}

export interface RangeSurvey {
  readonly rows: number
  /** 1 where lines end in LF, 2 where in CRLF, 0 without one. */
  readonly lineEnd: number
  /** Whether a line ends within a quoted cell. */
  readonly folded: boolean
  /** Whether every record was sound; where not, the rest is not looked at. */
  readonly sound: boolean
  /** The table with 1 at the end of the entries of columns that held another than a plain value. */
  readonly table: Uint8Array
}

interface Surveyor {
  start(): void
  survey(table: number, cells: number, delimiter: number, at: number, end: number, last: number): number
  count(): number
  ends(): number
  unsound(): number
  folds(): number
}

/** A record longer than this is not looked at: readers have such limits too. */
const BUFFER = 1 << 20
/** Bytes after the buffer that may be read with it. */
const BEYOND = 64

let compiled: Promise<CompiledModule> | undefined
/** The kernel, compiled once. */
export const surveyor = (): Promise<CompiledModule> => {
  compiled ??= compileWasm(new URL('./survey.wasm', import.meta.url))
  return compiled
}

/** Looks a range of a CSV over. @throws the file system's errors, and the signal's reason */
export async function surveyRange(range: Range, module: CompiledModule, signal?: AbortSignal): Promise<RangeSurvey> {
  const { path, from, to, delimiter, table } = range
  const at = (table.length + BEYOND) & ~15
  const memory = plainMemory(at + BUFFER + BEYOND)
  const bytes = new Uint8Array(memory.buffer)
  bytes.set(table)
  const kernel = instantiateWasm<Surveyor>(module, memory)
  kernel.start()
  const done = (sound: boolean): RangeSurvey => ({
    rows: kernel.count(),
    lineEnd: kernel.ends(),
    folded: kernel.folds() !== 0,
    sound,
    table: bytes.slice(0, table.length),
  })
  const file = await open(path)
  try {
    let filled = 0
    for (let offset = from; ; ) {
      signal?.throwIfAborted()
      const { bytesRead } = await file.read(bytes, at + filled, Math.min(BUFFER - filled, to - offset), offset)
      offset += bytesRead
      const end = at + filled + bytesRead
      const last = offset >= to || bytesRead === 0
      const next = kernel.survey(0, table.length / 4, delimiter, at, end, last ? 1 : 0)
      if (kernel.unsound() || !isUtf8(bytes.subarray(at, next)) || (next === at && !last)) return done(false)
      if (last) return done(offset >= to)
      filled = end - next
      bytes.copyWithin(at, next, end)
    }
  } finally {
    await file.close()
  }
}
