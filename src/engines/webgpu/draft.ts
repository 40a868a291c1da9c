/// <reference types="@webgpu/types" />
import { dispatch, ENTRY, kernelOf } from './kernel.ts'
import type { Recorder } from './recorder.ts'
import type { TableColumn, Words } from './table.ts'
import { float64For } from './wgsl/logs64.ts'
import { PRELUDE } from './wgsl/prelude.ts'
import type { Rep } from './wgsl/reps.ts'

/** A bit of a row in code. */
export const bitIn = (buffer: string, place: string, row: string): string =>
  `(((${buffer}[${place} + (${row} >> 5u)] >> (${row} & 31u)) & 1u) != 0u)`

/** A value of a row in code. */
export function valueIn(rep: Rep, buffer: string, place: string, row: string): string {
  switch (rep) {
    case 'bool':
      return bitIn(buffer, place, row)
    case 'i32':
      return `bitcast<i32>(${buffer}[${place} + ${row}])`
    case 'u32':
      return `${buffer}[${place} + ${row}]`
    case 'vec2u':
      return `vec2u(${buffer}[${place} + ${row} * 2u], ${buffer}[${place} + ${row} * 2u + 1u])`
  }
}

type Kind = 'read' | 'write' | 'atomic'

/** A kernel being written. Its code names buffers and numbers, which are bound in the order in which they were named. */
export class Draft {
  readonly #buffers = new Map<GPUBuffer, { name: string; kind: Kind }>()
  readonly #numbers: (number | Words)[] = []

  /** A number that is not part of the code: the host's, or a word on the device as it is when the kernel runs. */
  number(n: number | Words): string {
    return `at[${this.#numbers.push(n) - 1}]`
  }

  read(buffer: GPUBuffer): string {
    return this.#bind(buffer, 'read')
  }

  write(buffer: GPUBuffer): string {
    return this.#bind(buffer, 'write')
  }

  /** A buffer whose words several threads change at once. */
  shared(buffer: GPUBuffer): string {
    return this.#bind(buffer, 'atomic')
  }

  /** A column's value in a row, and whether it is there. */
  load({ rep, values, validity }: TableColumn): (row: string) => { v: string; there: string } {
    const [buffer, place] = [this.read(values.buffer), this.number(values.at)]
    const bits = validity && ([this.read(validity.buffer), this.number(validity.at)] as const)
    return (row) => ({
      v: valueIn(rep, buffer, place, row),
      there: bits ? bitIn(bits[0], bits[1], row) : 'true',
    })
  }

  /** Statements that set a column's value in a row, where `there` holds. */
  store({ rep, values, validity }: TableColumn): (row: string, v: string, there: string) => string {
    const place = this.number(values.at)
    const mark = (buffer: string, from: string, row: string) =>
      `atomicOr(&${buffer}[${from} + (${row} >> 5u)], 1u << (${row} & 31u));`
    const bits = validity && ([this.shared(validity.buffer), this.number(validity.at)] as const)
    const buffer = rep === 'bool' ? this.shared(values.buffer) : this.write(values.buffer)
    return (row, v, there) => {
      const own =
        rep === 'bool'
          ? `if (${v}) { ${mark(buffer, place, row)} }`
          : rep === 'vec2u'
            ? `let x = ${v}; ${buffer}[${place} + ${row} * 2u] = x.x; ${buffer}[${place} + ${row} * 2u + 1u] = x.y;`
            : `${buffer}[${place} + ${row}] = ${rep === 'i32' ? `bitcast<u32>(${v})` : v};`
      const valid = bits ? mark(bits[0], bits[1], row) : ''
      return there === 'true' ? `{ ${own} ${valid} }` : `if (${there}) { ${own} ${valid} }`
    }
  }

  /** Records the kernel for `rows` rows. `main` is the body of a function of `row`; `functions` stand before it. */
  async run(recorder: Recorder, rows: number, main: string, functions = ''): Promise<void> {
    const { device, transfers } = recorder
    const at = transfers.upload(this.#numbers.length, (to) => {
      for (const [i, n] of this.#numbers.entries()) if (typeof n === 'number') to[i] = n
    })
    for (const [i, n] of this.#numbers.entries()) if (typeof n !== 'number') recorder.copy(n, { buffer: at, at: i }, 1)
    const bound = [...this.#buffers.values()]
    const declared = bound.map(
      ({ name, kind }, i) =>
        `@group(0) @binding(${i + 1}) var<storage, ${kind === 'read' ? 'read' : 'read_write'}> ${name}: array<${kind === 'atomic' ? 'atomic<u32>' : 'u32'}>;`,
    )
    const code = `${PRELUDE}${float64For(`${functions}${main}`)}
@group(0) @binding(0) var<storage, read> at: array<u32>;
${declared.join('\n')}
${functions}
fn main(row: u32) {
  ${main}
}
${ENTRY}`
    const access = bound.map(({ kind }) => (kind === 'read' ? ('read' as const) : ('write' as const)))
    const kernel = await kernelOf(device, code, ['read', ...access])
    await recorder.pass(async (pass) => dispatch(device, pass, kernel, [at, ...this.#buffers.keys()], rows))
  }

  #bind(buffer: GPUBuffer, kind: Kind): string {
    let bound = this.#buffers.get(buffer)
    if (!bound) this.#buffers.set(buffer, (bound = { name: `b${this.#buffers.size}`, kind }))
    if (bound.kind !== kind) throw new TypeError(`a buffer is bound as ${bound.kind} and as ${kind}`)
    return bound.name
  }
}
