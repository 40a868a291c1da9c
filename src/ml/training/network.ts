import { BLOCK_ROWS } from './design.ts'
import type { GoalBlock } from './goalBlocks.ts'
import { mix } from './mix.ts'
import { weightsOf } from './mlpModel.ts'
import { decodeFloat64, encodeArray } from './model.ts'
import { softmaxInPlace } from './softmax.ts'

/** A network between two steps: float64, as a model's arrays are written. */
export interface NetworkState {
  readonly steps: number
  readonly weights: string
  readonly first: string
  readonly second: string
}

/** A network of rectified layers as it learns, in float64: weights in the order of a model's, gradients and Adam's moments beside them. */
export class Network {
  readonly weights: Float64Array
  readonly #gradient: Float64Array
  readonly #first: Float64Array
  readonly #second: Float64Array
  readonly #sizes: readonly number[]
  readonly #values: readonly Float64Array[]
  readonly #slopes: readonly Float64Array[]
  #steps = 0

  /** `sizes`: inputs, hidden units of each layer, outputs. `starts`: intercepts of the outputs. Weights are drawn as He et al. 2015 do. */
  constructor(sizes: readonly number[], starts: readonly number[], seed: number) {
    this.#sizes = sizes
    this.weights = new Float64Array(weightsOf(sizes[0] as number, sizes.slice(1)))
    const room = () => new Float64Array(this.weights.length)
    ;[this.#gradient, this.#first, this.#second] = [room(), room(), room()]
    this.#values = sizes.map((size) => new Float64Array(size * BLOCK_ROWS))
    this.#slopes = sizes.map((size) => new Float64Array(size * BLOCK_ROWS))
    let at = 0
    for (const [l, to] of sizes.slice(1).entries()) {
      const from = sizes[l] as number
      const reach = Math.sqrt(6 / Math.max(1, from))
      const last = l === sizes.length - 2
      for (let o = 0; o < to; o++) {
        for (let i = 0; i < from; i++, at++)
          this.weights[at] = (last ? 0.1 : 1) * reach * ((mix(at ^ mix(seed + 0x2545f491)) / 2 ** 32) * 2 - 1)
        this.weights[at++] = last ? (starts[o] as number) : 0
      }
    }
  }

  /** All that it is between two steps. */
  state(): NetworkState {
    const [weights, first, second] = [this.weights, this.#first, this.#second].map(encodeArray) as [
      string,
      string,
      string,
    ]
    return { steps: this.#steps, weights, first, second }
  }

  /** Goes on from what one of the same sizes was. */
  resume(state: NetworkState): void {
    this.#steps = state.steps
    for (const [name, own] of [['weights', this.weights], ['first', this.#first], ['second', this.#second]] as const) // biome-ignore format: one line
      own.set(decodeFloat64({ ...state }, name))
  }

  /** Adds the gradient of rows [first, end) of a block, each by its weight ÷ `by`. */
  learn(
    { x, y, w }: GoalBlock,
    first: number,
    end: number,
    kind: 'binary' | 'multiclass' | 'squared',
    by: number,
  ): void {
    const n = end - first
    const sizes = this.#sizes
    const inputs = this.#values[0] as Float64Array
    for (let i = 0; i < (sizes[0] as number); i++) inputs.set(x.subarray(i * BLOCK_ROWS + first, i * BLOCK_ROWS + end), i * n) // biome-ignore format: one line
    this.#forward(n)
    const out = this.#values.at(-1) as Float64Array
    const slope = this.#slopes.at(-1) as Float64Array
    const outputs = sizes.at(-1) as number
    const scores = new Float64Array(outputs)
    for (let r = 0; r < n; r++) {
      const [own, label] = [(w[first + r] as number) / by, y[first + r] as number]
      if (kind === 'multiclass') {
        for (let k = 0; k < outputs; k++) scores[k] = out[k * n + r] as number
        softmaxInPlace(scores, 0, outputs)
        for (let k = 0; k < outputs; k++) slope[k * n + r] = own * ((scores[k] as number) - Number(label === k))
      } else {
        const score = out[r] as number
        slope[r] = own * ((kind === 'binary' ? 1 / (1 + Math.exp(-score)) : score) - label)
      }
    }
    this.#backward(n)
  }

  /** A step of Adam (Kingma and Ba 2015) down the gradient, with λ·w beside it, and the gradient begins anew. */
  step(rate: number, l2: number): void {
    const [b1, b2] = [0.9, 0.999]
    this.#steps++
    const [c1, c2] = [1 - b1 ** this.#steps, 1 - b2 ** this.#steps]
    const { weights } = this
    const [g, m, v] = [this.#gradient, this.#first, this.#second]
    let at = 0
    for (const [l, to] of this.#sizes.slice(1).entries())
      for (let o = 0; o < to; o++)
        for (let i = 0; i <= (this.#sizes[l] as number); i++, at++) {
          const own = (g[at] as number) + (i === this.#sizes[l] ? 0 : l2 * (weights[at] as number))
          m[at] = b1 * (m[at] as number) + (1 - b1) * own
          v[at] = b2 * (v[at] as number) + (1 - b2) * own * own
          weights[at] = (weights[at] as number) - (rate * ((m[at] as number) / c1)) / (Math.sqrt((v[at] as number) / c2) + 1e-8) // biome-ignore format: one line
        }
    g.fill(0)
  }

  /** Values of every layer for `n` rows: of unit o from o · n on. */
  #forward(n: number): void {
    let at = 0
    for (let l = 1; l < this.#sizes.length; l++) {
      const [from, to] = [this.#sizes[l - 1] as number, this.#sizes[l] as number]
      const [below, above] = [this.#values[l - 1] as Float64Array, this.#values[l] as Float64Array]
      const last = l === this.#sizes.length - 1
      for (let o = 0; o < to; o++, at += from + 1) {
        const own = above.subarray(o * n, o * n + n)
        own.fill(this.weights[at + from] as number)
        for (let i = 0; i < from; i++) {
          const weight = this.weights[at + i] as number
          for (let r = 0, b = i * n; r < n; r++, b++) own[r] = (own[r] as number) + weight * (below[b] as number)
        }
        if (!last) for (let r = 0; r < n; r++) if ((own[r] as number) < 0) own[r] = 0
      }
    }
  }

  #backward(n: number): void {
    let end = this.weights.length
    for (let l = this.#sizes.length - 1; l > 0; l--) {
      const [from, to] = [this.#sizes[l - 1] as number, this.#sizes[l] as number]
      const [below, slope, next] = [this.#values[l - 1] as Float64Array, this.#slopes[l] as Float64Array, this.#slopes[l - 1] as Float64Array] // biome-ignore format: one line
      const start = end - to * (from + 1)
      if (l > 1) next.fill(0, 0, from * n)
      for (let o = 0, at = start; o < to; o++, at += from + 1) {
        let sum = 0
        for (let r = 0, s = o * n; r < n; r++, s++) sum += slope[s] as number
        this.#gradient[at + from] = (this.#gradient[at + from] as number) + sum
        for (let i = 0; i < from; i++) {
          const weight = this.weights[at + i] as number
          let product = 0
          for (let r = 0, s = o * n, b = i * n; r < n; r++, s++, b++)
            product += (slope[s] as number) * (below[b] as number)
          this.#gradient[at + i] = (this.#gradient[at + i] as number) + product
          if (l > 1) for (let r = 0, s = o * n, b = i * n; r < n; r++, s++, b++) next[b] = (next[b] as number) + weight * (slope[s] as number) // biome-ignore format: one line
        }
      }
      if (l > 1) for (let b = 0; b < from * n; b++) if ((below[b] as number) <= 0) next[b] = 0
      end = start
    }
  }
}
