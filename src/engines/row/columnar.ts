import { GalleyError } from '../../base/errors.ts'
import type { Type } from '../../plan/types.ts'
import { type Batch, batchOf, type Column, type FixedArray, fixedArray, type Value, valueAt } from '../batch.ts'
import { raise } from '../failure.ts'
import { type BatchCode, batchCode } from './batchcode.ts'
import { canGenerate } from './code.ts'
import { gather, recycled, trimmed } from './columns.ts'
import { interpreter, lazily } from './interpret.ts'
import { type Program, refused } from './lower.ts'
import type { CompileOptions } from './record.ts'
import { variantOf } from './reps.ts'
import { Beyond } from './wordtable.ts'

/**
 * A batch in, the batch of its surviving rows out; what comes out is valid until the next call, and so long as what
 * went in. @throws VALUE_INVALID where a surviving row uses a value that failed
 */
export type BatchFunction = (batch: Batch) => Batch

/** After so many values beyond 2⁵³ were met one by one, every 64-bit value is held as bigint. */
const PATIENCE = 6

/** A program as a function of a batch, and its source. */
export function compileColumns(program: Program, options: CompileOptions): { run: BatchFunction; source(): string } {
  const interpret = lazily(() => interpreter(program, options.models))
  const tupleAt = (batch: Batch, i: number) => {
    const out = interpret(batch.columns.map((c) => valueAt(c, i)))
    return refused(out) ? undefined : out.map(raise)
  }
  const exact: BatchFunction = (batch) => {
    const rows = Array.from({ length: batch.rows }, (_, i) => tupleAt(batch, i)).filter((r) => r !== undefined)
    return batchOf(
      program.output,
      rows.map((row) => Object.fromEntries(program.output.map((f, i) => [f.name, row[i] ?? null]))),
    )
  }
  if (options.closures || !canGenerate()) return { run: exact, source: () => 'closures, row by row' }
  let current: Batch | undefined
  const fail = (i: number): never => {
    if (current) tupleAt(current, i)
    throw new GalleyError('INTERNAL_BUG', { what: 'a value failed in a batch and not by itself', why: `row ${i}` })
  }
  const wide = new Set<number>()
  const nullable = new Set<number>()
  const compile = () =>
    batchCode(program, variantOf(wide.size > PATIENCE ? 'all' : wide, nullable), options.models, fail)
  let code: BatchCode | undefined
  const buffers = buffersOf(program)
  const run: BatchFunction = (batch) => {
    current = batch
    for (const [i, f] of program.input.entries())
      if (!f.nullable && !nullable.has(i) && batch.columns[i]?.validity != null) {
        nullable.add(i)
        code = undefined
      }
    for (;;) {
      code ??= compile()
      const out = attempt(program, code, batch, buffers)
      if (typeof out !== 'number') return out
      if (wide.has(out) || wide.size > PATIENCE) return exact(batch)
      wide.add(out)
      code = undefined
    }
  }
  return { run, source: () => (code ??= compile()).source }
}

/** What one program writes to, batch after batch. */
interface Buffers {
  readonly values: ((rows: number) => FixedArray)[]
  readonly validity: ((rows: number) => FixedArray)[]
  readonly picked: (rows: number) => FixedArray
}

const buffersOf = (program: Program): Buffers => ({
  values: program.output.map((f) => recycled(fixedArray(f.type, 0) ? f.type : 'codes')),
  validity: program.output.map(() => recycled('bool')),
  picked: recycled('codes'),
})

/** Runs the code over a batch; the id of the value that went beyond 2⁵³ when one did. */
function attempt(program: Program, code: BatchCode, batch: Batch, buffers: Buffers): Batch | number {
  let given: unknown[]
  try {
    given = code.bind(batch)
  } catch (thrown) {
    if (thrown instanceof Beyond) return thrown.id
    throw thrown
  }
  const held = code.outs.map((o, i) =>
    o.kind === 'fixed' || o.kind === 'text' ? buffers.values[i]?.(batch.rows) : undefined,
  )
  const objects = code.outs.map((): Value[] => [])
  const out = code.outs.map((o, i) =>
    o.kind === 'fixed' && o.words ? new Int32Array(held[i]?.buffer as ArrayBuffer) : (held[i] ?? objects[i]),
  )
  const bitmaps = code.outs.map((o, i) =>
    o.kind !== 'pass' && o.nullable ? buffers.validity[i]?.((batch.rows + 15) >> 3) : undefined,
  )
  const picked = (code.picks ? buffers.picked(batch.rows) : undefined) as Int32Array
  const rows = code.run(batch.rows, given, out, bitmaps, picked)
  if (rows < 0) return ~rows
  const columns = code.outs.map((o, i): Column => {
    const type = program.output[i]?.type as Type
    if (o.kind === 'pass') {
      const column = batch.columns[o.index] as Column
      return rows === batch.rows
        ? column
        : gather(column, picked, rows, buffers.values[i] as (rows: number) => FixedArray)
    }
    const bits = bitmaps[i]
    const base = { type, length: rows, validity: bits ? trimmed(bits as Uint8Array, rows) : null }
    if (o.kind === 'object') return { ...base, kind: 'object', values: objects[i] ?? [] }
    const values = (held[i] as FixedArray).subarray(0, rows)
    if (o.kind === 'text') return { ...base, kind: 'dictionary', codes: values as Int32Array, words: o.dictionary() }
    return { ...base, kind: 'fixed', values }
  })
  return { schema: program.output, rows, columns }
}
