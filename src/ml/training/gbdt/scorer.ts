import { compileWasm, instantiateWasm, plainMemory } from '../../../base/wasm.ts'
import type { Forest } from './forest.ts'

type Score = (roots: number, trees: number, data: number, stride: number, rows: number, out: number) => void
interface ScorerKernel {
  readonly score: Score
  /** Of a forest with splits by sets. */
  readonly scoreSets: Score
}

/** Rows scored together: their features stay in the cache while all trees pass over them. */
const BLOCK = 256
const NODE_BYTES = 24
const LEAF = 2
const SET = 4

const compiled = await compileWasm(new URL('./scorer.wasm', import.meta.url))

/**
 * A function that writes the scores of `rows` rows, given column by column, into `out`. Its memory holds the forest and
 * one block of rows.
 */
export function makeScorer(
  forest: Forest,
  features: number,
): (columns: readonly Float64Array[], rows: number, out: Float64Array) => void {
  const { bases, test, threshold, children, values, sets } = forest
  const n = bases.length
  const each = forest.roots.length / n
  // those of an output together
  const roots = Int32Array.from(forest.roots, (_, i) => forest.roots[(i % each) * n + Math.floor(i / each)] as number)
  const nodes = test.length
  const leavesAt = 64 + nodes * NODE_BYTES
  const setsAt = leavesAt + values.length * NODE_BYTES
  const rootsAt = setsAt + (sets?.words.length ?? 0) * 4
  const dataAt = Math.ceil((rootsAt + roots.length * 4) / 64) * 64
  const outAt = dataAt + BLOCK * features * 8
  const memory = plainMemory(outAt + BLOCK * 8)
  const kernel = instantiateWasm<ScorerKernel>(compiled, memory)
  const score = sets ? kernel.scoreSets : kernel.score

  const view = new DataView(memory.buffer)
  const addressOf = (node: number): number => (node >= 0 ? 64 + node * NODE_BYTES : leavesAt + ~node * NODE_BYTES)
  const put = (at: number, limit: number, offset: number, how: number, left: number, right: number): void => {
    view.setFloat64(at, limit, true)
    for (const [i, value] of [offset, how, left, right].entries()) view.setUint32(at + 8 + i * 4, value, true)
  }
  for (let i = 0; i < nodes; i++) {
    const how = test[i] as number
    const left = addressOf(children[i * 2] as number)
    const right = addressOf(children[i * 2 + 1] as number)
    const set = sets ? (sets.of[i] as number) : -1
    if (set >= 0) put(addressOf(i), setsAt + set * 32, (how >> 1) * 8, SET, left, right)
    else put(addressOf(i), threshold[i] as number, (how >> 1) * 8, how & 1, left, right)
  }
  for (const [i, value] of values.entries()) put(addressOf(~i), value, 0, LEAF, addressOf(~i), addressOf(~i))
  for (const [i, word] of sets?.words.entries() ?? []) view.setUint32(setsAt + i * 4, word, true)
  for (const [i, root] of roots.entries()) view.setUint32(rootsAt + i * 4, addressOf(root), true)

  const data = new Float64Array(memory.buffer, dataAt, BLOCK * features)
  const scores = new Float64Array(memory.buffer, outAt, BLOCK)
  return (columns, rows, out) => {
    for (let from = 0; from < rows; from += BLOCK) {
      const count = Math.min(BLOCK, rows - from)
      for (let f = 0; f < features; f++) {
        const column = columns[f] as Float64Array
        const bin = sets?.bins.get(f)
        if (bin) for (let i = 0, to = f; i < count; i++, to += features) data[to] = bin(column[from + i] as number)
        else for (let i = 0, to = f; i < count; i++, to += features) data[to] = column[from + i] as number
      }
      for (const [k, base] of bases.entries()) {
        scores.fill(base)
        score(rootsAt + k * each * 4, each, dataAt, features * 8, (count + 3) & ~3, outAt)
        if (n === 1) out.set(count === BLOCK ? scores : scores.subarray(0, count), from)
        else for (let i = 0; i < count; i++) out[(from + i) * n + k] = scores[i] as number
      }
    }
  }
}
