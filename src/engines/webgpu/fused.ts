import type { Program, Val } from '../row/lower.ts'
import { ENTRY } from './kernel.ts'
import { type Code, Emitter, emitProgram } from './wgsl/emit.ts'
import { FLOAT64 } from './wgsl/float64.ts'
import { PRELUDE } from './wgsl/prelude.ts'
import type { Rep } from './wgsl/reps.ts'

/** An output of a fused kernel. */
export interface Output {
  readonly rep: Rep
  /** Whether a row may have no value there. */
  readonly nullable: boolean
}

/**
 * A chain of filters and derived columns as one kernel. Buffers: `input` (the columns that it reads, then the bits of
 * those with missing values), `output` (values of the outputs but for bools), `bits` (word 0: `RAN`, and `FAILED` when a
 * value failed that a surviving row uses; then the rows that are kept, then for each output its values if it is a bool and its valid rows if
 * some may be null), `at` (the number of rows, then the places of all these).
 */
export interface Fused {
  readonly code: string
  readonly outputs: readonly Output[]
  readonly filters: boolean
  /** Texts that the code names by their codes, the first of the dictionary. */
  readonly words: readonly string[]
}

/** Marks of a kernel: that it ran at all, and that a value failed. */
export const RAN = 2
export const FAILED = 1

/** What the arithmetic of floats is called by. */
const COMPUTES_FLOATS = /\b(\w*f64\w*|longOver|exponentOf|magnitudeOf|isInf)\(/

/** Columns of the input that a program reads. */
export function readColumns(program: Program): number[] {
  // a value knows how many read it, directly or not
  const read = program.vals.filter((val) => val.op === 'input' && val.uses > 0).map((val) => val.index)
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

/** Writes the kernel. `missing`: whether a column that is read has missing values in this segment. @throws DeviceGap */
export function fuse(program: Program, read: readonly number[], missing: (column: number) => boolean): Fused {
  const load = (val: Val, rep: Rep): { v: string; s: string } => {
    const i = read.indexOf(val.index)
    const base = `at[${PLACES.input(i)}]`
    const bit = (from: string) => `((input[${from} + word] & bit) != 0u)`
    const v =
      rep === 'bool'
        ? bit(base)
        : rep === 'vec2u'
          ? `vec2u(input[${base} + row * 2u], input[${base} + row * 2u + 1u])`
          : rep === 'i32'
            ? `bitcast<i32>(input[${base} + row])`
            : `input[${base} + row]`
    return { v, s: missing(val.index) ? `select(1u, 0u, ${bit(`at[${PLACES.input(i) + 1}]`)})` : '0u' }
  }
  const emitter = new Emitter(load)
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
  return {
    code: `${PRELUDE}${lines.some((line) => COMPUTES_FLOATS.test(line)) ? FLOAT64 : ''}
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(2) var<storage, read_write> bits: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read> at: array<u32>;
fn main(row: u32) {
  if (row == 0u) { atomicOr(&bits[0], ${RAN}u); }
  if (row >= at[0]) { return; }
  let word = row >> 5u;
  let bit = 1u << (row & 31u);
  ${lines.join('\n  ')}
}
${ENTRY}`,
    outputs: outputs.map((c) => ({ rep: c.rep, nullable: c.s !== '0u' })),
    filters: tests.length > 0,
    words: emitter.words,
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
