import { type CompiledModule, compileWasm, instantiateWasm, plainMemory } from '../../base/wasm.ts'
import { BLOCK_ROWS } from './design.ts'

/** The exports of `assembly/gram.ts`; addresses are bytes from the start of the memory. */
interface Kernels {
  dotColumn(v: number, x: number, rows: number): number
  gramRow(x: number, stride: number, a: number, w: number, rows: number, weighted: number, out: number): number
}

let compiled: Promise<CompiledModule> | undefined

/** Sums over the rows of blocks, a column after another. */
export interface Grams {
  /** Takes a block's rows: columns, and what each row weighs and is to be multiplied with. */
  take(x: Float32Array, w: Float64Array, v: Float64Array, rows: number): void
  /** Adds the block's Σ w·xₐ·x_b of every b ≤ a to row `a`, and gives Σ w·xₐ. */
  add(a: number): number
  /** Σ v·xₐ of the block. */
  cross(a: number): number
  clear(): void
  /** Σ w·xₐ·x_b at place a · width + b of the lower triangle. */
  readonly lower: Float64Array
}

/** Sums of products of `width` columns of blocks (see `design.ts`), in float64. */
export async function gramsOf(width: number): Promise<Grams> {
  compiled ??= compileWasm(new URL('./gram.wasm', import.meta.url))
  const [stride, vector] = [BLOCK_ROWS * 4, BLOCK_ROWS * 8]
  const [w, v, weighted, out, x] = [0, vector, 2 * vector, 3 * vector, 3 * vector + Math.ceil(width / 2) * 16] as const
  const memory = plainMemory(x + width * stride)
  const kernels = instantiateWasm<Kernels>(await compiled, memory)
  const columns = new Float32Array(memory.buffer, x, width * BLOCK_ROWS)
  const [weights, values] = [new Float64Array(memory.buffer, w, BLOCK_ROWS), new Float64Array(memory.buffer, v, BLOCK_ROWS)] // biome-ignore format: one line
  const row = new Float64Array(memory.buffer, out, width)
  const lower = new Float64Array(width * width)
  let rows = 0
  return {
    lower,
    take(block, w, v, n) {
      columns.set(block)
      for (const [own, from] of [
        [weights, w],
        [values, v],
      ] as const) {
        own.set(from.subarray(0, n))
        own.fill(0, n)
      }
      rows = Math.ceil(n / 4) * 4
    },
    add(a) {
      row.fill(0, 0, a + 1)
      const sum = kernels.gramRow(x, stride, a, w, rows, weighted, out)
      for (let b = 0, at = a * width; b <= a; b++, at++) lower[at] = (lower[at] as number) + (row[b] as number)
      return sum
    },
    cross: (a) => kernels.dotColumn(v, x + a * stride, rows),
    clear: () => void lower.fill(0),
  }
}
