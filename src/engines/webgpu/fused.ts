import type { Program, Val } from '../row/lower.ts'
import { bitIn, valueIn } from './draft.ts'
import { ENTRY } from './kernel.ts'
import type { TextTable } from './wgsl/bytext.ts'
import { type Code, Emitter } from './wgsl/emit.ts'
import { float64For } from './wgsl/logs64.ts'
import { PRELUDE } from './wgsl/prelude.ts'
import { emitProgram } from './wgsl/program.ts'
import type { Rep } from './wgsl/reps.ts'
import { needsZones, ZONES } from './wgsl/zones.ts'

/** An output of a fused kernel. */
export interface Output {
  readonly rep: Rep
  /** Whether a row may have no value there. */
  readonly nullable: boolean
}

/**
 * A chain of filters and derived columns as one kernel. Buffers: `input0` and further ones (the columns that it reads and
 * the bits of those with missing values), `output` (values of the outputs but for bools), `bits` (word 0: `RAN`, and `FAILED` when a
 * value failed that a surviving row uses; then the rows that are kept, then for each output its values if it is a bool and its valid rows if
 * some may be null), `at` (the number of rows, then the places of all these).
 */
export interface Fused {
  readonly code: string
  readonly outputs: readonly Output[]
  /** What it reads beside columns, in a binding after these; none where it reads nothing of the kind. */
  readonly constants: readonly number[]
  /** What it reads by the codes of texts, in a binding after these; none likewise. */
  readonly tables: readonly TextTable[]
  readonly filters: boolean
}

/** What a kernel needs to know of the columns that it reads. */
export interface Inputs {
  /** Which columns of the program's input they are. */
  readonly read: readonly number[]
  readonly missing: (column: number) => boolean
  /** Which of the input buffers a column's values, or its bits, lie in. */
  readonly buffer: (column: number, part: 'values' | 'validity') => number
  readonly buffers: number
}

/** Columns as a kernel meets them at most: each with missing values. */
export const anyInputs = (program: Program): Inputs => ({
  read: readColumns(program),
  missing: () => true,
  buffer: () => 0,
  buffers: 1,
})

/** Marks of a kernel: that it ran at all, and that a value failed. */
export const RAN = 2
export const FAILED = 1
/** In place of these where a join gives more rows than were guessed. */
export const BEYOND = 4

/** Columns of the input that a program's tests and outputs read. */
export function readColumns({ steps, outputs }: Program): number[] {
  const seen = new Set<Val>()
  const visit = (val: Val): void => {
    if (seen.has(val)) return
    seen.add(val)
    for (const arg of val.args) visit(arg)
  }
  for (const step of steps) if (step.op === 'test') visit(step.val)
  for (const val of outputs) visit(val)
  const read = [...seen].filter((val) => val.op === 'input').map((val) => val.index)
  return [...new Set(read)].sort((a, b) => a - b)
}

/** Where things lie: indexes into `at`. */
export const PLACES = {
  rows: 0,
  keep: 1,
  /** Values and then bits of input `i`. */
  input: (i: number): number => 2 + 2 * i,
  /** Values and then valid rows of output `i`. */
  output: (i: number, inputs: number): number => 2 + 2 * inputs + 2 * i,
}

/**
 * Writes the kernel. `words`: the texts that the plan's kernels name, to which its own are added. @throws DeviceGap
 */
export function fuse(program: Program, inputs: Inputs, words: string[]): Fused {
  const { read } = inputs
  const load = (val: Val, rep: Rep): { v: string; s: string } => {
    const i = read.indexOf(val.index)
    const place = `at[${PLACES.input(i)}]`
    const v = valueIn(rep, `input${inputs.buffer(val.index, 'values')}`, place, 'row')
    if (!inputs.missing(val.index)) return { v, s: '0u' }
    const there = bitIn(`input${inputs.buffer(val.index, 'validity')}`, `at[${PLACES.input(i) + 1}]`, 'row')
    return { v, s: `select(1u, 0u, ${there})` }
  }
  const emitter = new Emitter(load, words)
  const { tests, outputs } = emitProgram(program, emitter)
  const fails = (c: Code) =>
    c.s === '0u' ? [] : [`if ((${c.s} & 2u) != 0u) { atomicOr(&bits[0], ${FAILED}u); return; }`]
  const present = (c: Code) => (c.s === '0u' ? c.v : `((${c.s} == 0u) & ${c.v})`)
  const lines = [
    ...emitter.lines,
    ...tests.flatMap(({ code, wanted }) => [
      ...fails(code),
      `if (${wanted ? `!${present(code)}` : present(code)}) { return; }`,
    ]),
    ...outputs.flatMap((c) => fails(c)),
    ...(tests.length > 0 ? [`atomicOr(&bits[at[${PLACES.keep}] + word], bit);`] : []),
    ...outputs.flatMap((c, i) => {
      const place = PLACES.output(i, read.length)
      const valid = c.s === '0u' ? [] : [`if (${c.s} == 0u) { atomicOr(&bits[at[${place + 1}] + word], bit); }`]
      return [...store(c, `at[${place}]`), ...valid]
    }),
  ]
  const names = Array.from({ length: inputs.buffers }, (_, i) => `input${i}`)
  if (emitter.constants.length > 0) names.push('constants')
  if (emitter.tables.length > 0) names.push('tables')
  const declared = names.map((name, i) => `@group(0) @binding(${i + 3}) var<storage, read> ${name}: array<u32>;`)
  return {
    code: `${PRELUDE}${float64For(lines.join(' '))}
@group(0) @binding(0) var<storage, read> at: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<storage, read_write> bits: array<atomic<u32>>;
${declared.join('\n')}
${needsZones(lines) ? ZONES : ''}
fn main(row: u32) {
  if (row == 0u) { atomicOr(&bits[0], ${RAN}u); }
  if (row >= at[0]) { return; }
  let word = row >> 5u;
  let bit = 1u << (row & 31u);
  ${lines.join('\n  ')}
}
${ENTRY}`,
    constants: emitter.constants,
    tables: emitter.tables,
    outputs: outputs.map((c) => ({ rep: c.rep, nullable: c.s !== '0u' })),
    filters: tests.length > 0,
  }
}

function store({ rep, v }: Code, place: string): string[] {
  switch (rep) {
    case 'bool':
      return [`if (${v}) { atomicOr(&bits[${place} + word], bit); }`]
    case 'i32':
      return [`output[${place} + row] = bitcast<u32>(${v});`]
    case 'u32':
      return [`output[${place} + row] = ${v};`]
    case 'vec2u':
      return [`output[${place} + row * 2u] = ${v}.x;`, `output[${place} + row * 2u + 1u] = ${v}.y;`]
  }
}
