import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { throwIfAborted } from '../../../base/errors.ts'
import type { CompiledModule } from '../../../base/wasm.ts'
import { isDecimal, type Type } from '../../../plan/types.ts'
import type { Header } from './header.ts'
import { type Range, type RangeSurvey, surveyor, surveyRange } from './range.ts'

/** The lines of a CSV, as readers need to know them. */
export interface Lines {
  readonly end: '\n' | '\r\n'
  readonly folded: boolean
}

/** What a look at all of a CSV found, when every record of it is sound. */
export interface Survey {
  readonly rows: number
  /** How lines end, and whether one ends within a quoted cell. */
  readonly lines: Lines
  /**
   * For each declared column whether every value is empty or written the plain way of its type: digits, a point between
   * digits, `2026-01-31`, … Any reader understands such a value alike. True of texts, whatever they hold.
   */
  readonly plain: readonly boolean[]
}

/** A part of a file that is worth a thread of its own, and what is looked over until such a thread has begun, bytes. */
const PART = 48 << 20
const HEAD_START = 32 << 20

/**
 * Looks a CSV over, on several threads where it is large. Undefined for one whose records are not sound (a wrong number
 * of cells, a quote within a cell, mixed line ends, blank lines, bytes that are no UTF-8, a record beyond 1 MiB) or whose
 * delimiter has more than one byte: what it holds is then for a slower reader to say.
 * @throws CANCELLED, and the file system's errors
 */
export async function survey(
  path: string,
  header: Header,
  columns: readonly { readonly type: Type; readonly place: number }[],
  signal: AbortSignal,
): Promise<Survey | undefined> {
  const delimiter = Buffer.from(header.delimiter)
  if (delimiter.length !== 1) return undefined
  const table = new Uint8Array(header.cells.length * 4)
  for (const { type, place } of columns) table.set(codeOf(type) ?? [], place * 4)
  const found = await surveyAll({ path, from: header.bytes, delimiter: delimiter[0] as number, table }, signal)
  if (!found) return undefined
  return {
    rows: found.reduce((n, r) => n + r.rows, 0),
    lines: { end: found.some((r) => r.lineEnd === 2) ? '\r\n' : '\n', folded: found.some((r) => r.folded) },
    plain: columns.map(
      ({ type, place }) => codeOf(type) !== undefined && found.every((r) => r.table[place * 4 + 3] !== 1),
    ),
  }
}

/** How a type's plain values look, as `assembly/survey.ts` has it; undefined for a type without such. */
function codeOf(type: Type): readonly number[] | undefined {
  if (isDecimal(type)) return [6, type.decimal[0] - type.decimal[1], type.decimal[1]]
  return typeof type === 'string' ? CODES[type] : undefined
}
const CODES: Readonly<Record<string, readonly number[]>> = {
  string: [0],
  int32: [1, 9],
  int64: [1, 18],
  float32: [2],
  float64: [2],
  bool: [3],
  date: [4],
  'local timestamp': [5, 0],
  timestamp: [5, 1],
}

/** All parts of a file; undefined when one is not sound. */
async function surveyAll(file: Omit<Range, 'to'>, signal: AbortSignal): Promise<readonly RangeSurvey[] | undefined> {
  const { starts, size } = await partsOf(file.path, file.from)
  const ranges = starts.map((from, i): Range => ({ ...file, from, to: starts[i + 1] ?? size }))
  throwIfAborted(signal)
  const module = await surveyor()
  const found = await Promise.all(
    ranges.map((range, i) => (i === 0 ? surveyRange(range, module, signal) : onThread(range, module, signal))),
  )
  throwIfAborted(signal)
  const sound = found.every((r) => r.sound) && new Set(found.map((r) => r.lineEnd).filter((e) => e > 0)).size < 2
  if (sound) return found
  // a line end within quotes looks like the end of a record to whoever begins in the middle
  const whole = ranges.length > 1 ? await surveyRange({ ...file, to: size }, module, signal) : undefined
  return whole?.sound ? [whole] : undefined
}

/** Where the parts begin: after a line end each. */
async function partsOf(path: string, from: number): Promise<{ starts: number[]; size: number }> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const parts = Math.max(1, Math.min(availableParallelism(), Math.floor((size - from) / PART)))
    const starts = [from]
    // this thread begins while the others are made
    const own = Math.floor((size - from + (parts - 1) * HEAD_START) / parts)
    const others = parts > 1 ? (size - from - own) / (parts - 1) : 0
    for (let i = 1; i < parts; i++) {
      const wanted = from + own + Math.floor(others * (i - 1))
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1 << 16), 0, 1 << 16, wanted)
      const end = buffer.subarray(0, bytesRead).indexOf(0x0a)
      if (end >= 0 && wanted + end + 1 < size) starts.push(wanted + end + 1)
    }
    return { starts, size }
  } finally {
    await file.close()
  }
}

function onThread(range: Range, module: CompiledModule, signal: AbortSignal): Promise<RangeSurvey> {
  const workerData = { range, module }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'csv-survey' })
  return new Promise<RangeSurvey>((resolve, reject) => {
    const cancel = () => reject(signal.reason)
    signal.addEventListener('abort', cancel, { once: true })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => {
      signal.removeEventListener('abort', cancel)
      reject(new Error('the thread ended'))
    })
  }).finally(() => worker.terminate())
}
