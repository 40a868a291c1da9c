import { decodeFloat64, encodeArray } from '../../training/model.ts'
import type { NumberParam } from '../../training/params.ts'
import { askedOf, assigner, columnsOf, learntModel } from '../asked.ts'
import { cutOf, floats, ints, type Run, withCrew } from '../crew.ts'
import { squared } from '../kmeans/kernels.ts'
import { kmeans } from '../kmeans/lloyd.ts'
import type { Learner, OutputColumn } from '../learner.ts'
import { readMatrix, unfit } from '../matrix.ts'
import { densities, kernels } from './kernels.ts'

const KIND = 'gaussian-mixture'
const PARAMS = {
  clusters: { value: 3, min: 1, max: 256, integer: true },
  maxIterations: { value: 100, min: 1, max: 10_000, integer: true },
  /** Of the mean log likelihood of a row, below which an iteration is the last. */
  tolerance: { value: 1e-3, min: 0, max: 1 },
  /** Added to every variance, so that no component collapses on a point. */
  ridge: { value: 1e-6, min: 1e-12, max: 1 },
} as const satisfies Record<string, NumberParam>
const OUTPUTS: readonly OutputColumn[] = [
  { name: 'cluster', type: 'int32' },
  { name: 'probability', type: 'float64' },
  { name: 'log_density', type: 'float64' },
]
/** Numbers of all covariances together. */
const MOST = 500_000

interface Components {
  readonly k: number
  readonly d: number
  readonly weights: Float64Array
  readonly logs: Float64Array
  readonly means: Float64Array
  readonly factors: Float64Array
}

/** A mixture of normal distributions with full covariances by expectation and maximisation (Dempster, Laird and Rubin 1977), begun from k-means. */
export const gaussianMixtureLearner: Learner = {
  kind: KIND,
  outputs(params) {
    askedOf(KIND, params, PARAMS)
    return OUTPUTS
  },
  async fit(task, ctx) {
    const asked = askedOf(KIND, task.params, PARAMS)
    const x = await readMatrix(task, ctx, asked.standardise)
    const { rows, width: d } = x
    if (rows < asked.clusters)
      throw unfit(`${rows} rows can not make ${asked.clusters} clusters`, 'a cluster has a row at least', 'bring more rows, or ask for fewer clusters') // biome-ignore format: one line
    if (asked.clusters * d * d > MOST)
      throw unfit(`${asked.clusters} clusters of ${d} features are too many`, `their covariances are ${asked.clusters * d * d} numbers, and ${MOST} are held at most`, 'take fewer features (pca() finds some), or fewer clusters') // biome-ignore format: one line
    const begin = { ...asked, batch: 0, maxIterations: 300, tolerance: 1e-4, seed: task.seed, threads: task.threads }
    const found = await kmeans(x, begin, 0, ctx)
    const { k } = found
    if (k < asked.clusters) ctx.say?.(`there are ${k} clusters, not ${asked.clusters}: the rows have no more that differ`) // biome-ignore format: one line
    const cut = cutOf(rows)
    const labels = ints(rows)
    for (let i = 0; i < rows; i++) labels[i] = nearest(x.data, i * d, found.centres, k, d)
    const sums = floats(cut.blocks * (k * (1 + d + d * d) + 1))
    const components = { k, d, weights: floats(k), logs: floats(k), means: floats(k * d), factors: floats(k * d * d) }
    const arrays = { x: x.data, labels, sums, logs: components.logs, means: components.means, factors: components.factors } // biome-ignore format: one line
    const crew = { module: new URL('./kernels.ts', import.meta.url).href, kernels, cut, arrays }
    const work = rows * k * d * d
    const { iterations, likelihood } = await withCrew(
      { ...crew, threads: task.threads, work, signal: ctx.signal },
      (run) =>
        maximise(run, components, sums, cut.blocks, rows, asked, (done) =>
          ctx.progress({ done, total: asked.maxIterations, unit: 'steps' }),
        ),
    )
    const free = k - 1 + k * d + (k * d * (d + 1)) / 2
    const body = {
      ...{ columns: x.columns, k, weights: Array.from(components.weights), logs: encodeArray(components.logs) },
      ...{
        means: encodeArray(components.means),
        factors: encodeArray(components.factors),
        rows,
        iterations,
        likelihood,
      },
      ...{ bic: free * Math.log(rows) - 2 * rows * likelihood, aic: 2 * free - 2 * rows * likelihood },
    }
    return learntModel(KIND, task, asked, body)
  },
  load(model) {
    const columns = columnsOf(model, KIND)
    const [logs, means, factors] = ['logs', 'means', 'factors'].map((name) => decodeFloat64(model.body, name)) as [Float64Array, Float64Array, Float64Array] // biome-ignore format: one line
    const shape = { k: logs.length, d: columns.length }
    const own = new Float64Array(shape.k)
    return assigner(model, columns, OUTPUTS, (row, out) => {
      const whole = densities({ x: row, logs, means, factors }, shape, 0, own)
      let best = 0
      for (let c = 1; c < shape.k; c++) if ((own[c] as number) > (own[best] as number)) best = c
      // beyond all numbers no component is nearer than another
      out[0] = Number.isFinite(whole) ? best : Number.NaN
      out[1] = Number.isFinite(whole) ? Math.exp((own[best] as number) - whole) : Number.NaN
      out[2] = Number.isFinite(whole) ? whole : Number.NaN
    })
  },
  figures({ body }) {
    const { k = 0, likelihood = 0, bic = 0, aic = 0, iterations = 0, rows = 0 } = body as Record<string, number>
    return { clusters: k, log_likelihood: likelihood, bic, aic, iterations, rows }
  },
}

function nearest(x: Float64Array, row: number, centres: Float64Array, k: number, d: number): number {
  let [best, label] = [Infinity, 0]
  for (let c = 0; c < k; c++) {
    const s = squared(x, row, centres, c * d, d)
    if (s < best) [best, label] = [s, c]
  }
  return label
}

/** Iterates until the mean log likelihood of a row grows by less than the tolerance; the last one says what it is. */
async function maximise(
  run: Run,
  components: Components,
  sums: Float64Array,
  blocks: number,
  rows: number,
  { maxIterations, tolerance, ridge }: Record<'maxIterations' | 'tolerance' | 'ridge', number>,
  told: (done: number) => void,
) {
  const { k, d } = components
  const shape = { k, d }
  await run('expect', { ...shape, first: 1 })
  update(components, sums, blocks, rows, ridge)
  let [before, likelihood, iterations] = [-Infinity, -Infinity, 0]
  while (iterations < maxIterations) {
    await run('expect', { ...shape, first: 0 })
    likelihood = update(components, sums, blocks, rows, ridge) / rows
    told(++iterations)
    if (Math.abs(likelihood - before) < tolerance) break
    before = likelihood
  }
  await run('expect', { ...shape, first: 0 })
  let whole = 0
  for (let b = 1; b <= blocks; b++) whole += sums[b * (k * (1 + d + d * d) + 1) - 1] as number
  return { iterations, likelihood: whole / rows }
}

/** Weights, means and covariances from the blocks' sums; gives the log likelihood of the components before. */
function update(
  { k, d, weights, logs, means, factors }: Components,
  sums: Float64Array,
  blocks: number,
  rows: number,
  ridge: number,
): number {
  const width = 1 + d + d * d
  const all = new Float64Array(k * width + 1)
  for (let b = 0, at = 0; b < blocks; b++)
    for (let i = 0; i < all.length; i++) all[i] = (all[i] as number) + (sums[at++] as number)
  const covariance = new Float64Array(d * d)
  for (let c = 0; c < k; c++) {
    const at = c * width
    const n = (all[at] as number) + 10 * Number.EPSILON
    weights[c] = n / rows
    for (let j = 0; j < d; j++) means[c * d + j] = (all[at + 1 + j] as number) / n
    for (let j = 0; j < d; j++)
      for (let l = 0; l <= j; l++)
        covariance[j * d + l] =
          (all[at + 1 + d + j * d + l] as number) / n -
          (means[c * d + j] as number) * (means[c * d + l] as number) +
          (j === l ? ridge : 0)
    logs[c] = Math.log(weights[c] as number) + inverseFactor(covariance, d, factors, c * d * d, ridge)
  }
  return all[k * width] as number
}

/** The inverse of the Cholesky factor of a covariance; gives the log of its determinant. */
function inverseFactor(s: Float64Array, d: number, out: Float64Array, at: number, ridge: number): number {
  const l = new Float64Array(d * d)
  for (let j = 0; j < d; j++) {
    let pivot = s[j * d + j] as number
    for (let m = 0; m < j; m++) pivot -= (l[j * d + m] as number) ** 2
    // what rounding leaves of a variance that is none
    const root = Math.sqrt(Math.max(pivot, ridge * 1e-3))
    l[j * d + j] = root
    for (let i = j + 1; i < d; i++) {
      let v = s[i * d + j] as number
      for (let m = 0; m < j; m++) v -= (l[i * d + m] as number) * (l[j * d + m] as number)
      l[i * d + j] = v / root
    }
  }
  out.fill(0, at, at + d * d)
  let log = 0
  for (let j = 0; j < d; j++) {
    log -= Math.log(l[j * d + j] as number)
    out[at + j * d + j] = 1 / (l[j * d + j] as number)
    for (let i = j + 1; i < d; i++) {
      let v = 0
      for (let m = j; m < i; m++) v -= (l[i * d + m] as number) * (out[at + m * d + j] as number)
      out[at + i * d + j] = v / (l[i * d + i] as number)
    }
  }
  return log
}
