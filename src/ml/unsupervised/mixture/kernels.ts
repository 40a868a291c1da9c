/** The expectation step: each block sums what its rows say of each component. */
interface Arrays {
  readonly x: Float64Array
  /** Of each component: log weight less half the log determinant, its mean, and the inverse of its Cholesky factor (lower, whole d × d). */
  readonly logs: Float64Array
  readonly means: Float64Array
  readonly factors: Float64Array
  /** Of each row where it begins: the component that it is given whole; −1 where none is known. */
  readonly labels: Int32Array
  /** A block's sums: of each component 1 + d + d · d, then the log likelihood. */
  readonly sums: Float64Array
}
export interface Shape {
  readonly k: number
  readonly d: number
}

const LOG_2PI = Math.log(2 * Math.PI)

/** Log of weight · density of each component at the row that begins at `row`; gives the log of their sum. */
export function densities(
  { x, logs, means, factors }: Pick<Arrays, 'x' | 'logs' | 'means' | 'factors'>,
  { k, d }: Shape,
  row: number,
  out: Float64Array,
): number {
  let most = -Infinity
  for (let c = 0; c < k; c++) {
    let square = 0
    for (let i = 0; i < d; i++) {
      let y = 0
      for (let j = 0, at = c * d * d + i * d; j <= i; j++)
        y += (factors[at + j] as number) * ((x[row + j] as number) - (means[c * d + j] as number))
      square += y * y
    }
    const log = (logs[c] as number) - 0.5 * (square + d * LOG_2PI)
    out[c] = log
    if (log > most) most = log
  }
  let sum = 0
  for (let c = 0; c < k; c++) sum += Math.exp((out[c] as number) - most)
  return most + Math.log(sum)
}

function expect(
  arrays: Arrays,
  { k, d, first }: Shape & { readonly first: number },
  from: number,
  to: number,
  block: number,
): void {
  const { x, labels, sums } = arrays
  const width = 1 + d + d * d
  const at = block * (k * width + 1)
  sums.fill(0, at, at + k * width + 1)
  const logs = new Float64Array(k)
  let likelihood = 0
  for (let i = from; i < to; i++) {
    const row = i * d
    const whole = first === 1 ? 0 : densities(arrays, { k, d }, row, logs)
    likelihood += whole
    for (let c = 0; c < k; c++) {
      const share = first === 1 ? (labels[i] === c ? 1 : 0) : Math.exp((logs[c] as number) - whole)
      if (share === 0) continue
      const own = at + c * width
      sums[own] = (sums[own] as number) + share
      for (let j = 0; j < d; j++) {
        const v = share * (x[row + j] as number)
        sums[own + 1 + j] = (sums[own + 1 + j] as number) + v
        for (let l = 0, to = own + 1 + d + j * d; l <= j; l++)
          sums[to + l] = (sums[to + l] as number) + v * (x[row + l] as number)
      }
    }
  }
  sums[at + k * width] = likelihood
}

export const kernels = { expect }
