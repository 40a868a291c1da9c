import { setImmediate as nextTurn } from 'node:timers/promises'
import { throwIfAborted } from '../../../base/errors.ts'
import { bodyNumber, decodeFloat64, decodeInt32, encodeArray } from '../../training/model.ts'
import type { NumberParam } from '../../training/params.ts'
import { askedOf, assigner, columnsOf, learntModel } from '../asked.ts'
import { cutOf, floats, ints, withCrew } from '../crew.ts'
import type { LearnContext, Learner, OutputColumn } from '../learner.ts'
import { readMatrix, unfit } from '../matrix.ts'
import { type KdTree, remaining, treeOf, within } from './tree.ts'

const KIND = 'dbscan'
const PARAMS = {
  /** How near rows are neighbours. */
  reach: { value: 0.5, min: 1e-12, max: 1e12 },
  /** Neighbours, itself among them, that make a row part of a cluster's core. */
  neighbours: { value: 5, min: 1, max: 1e6, integer: true },
} as const satisfies Record<string, NumberParam>
const OUTPUTS: readonly OutputColumn[] = [{ name: 'cluster', type: 'int32' }]
/** Numbers of core rows that a model holds: 64 MiB. */
const MOST = 8 * 2 ** 20
/** ms that it works before others have a turn. */
const TURN = 20

const shared = (n: number) => ({
  get floats() {
    return floats(n)
  },
  get ints() {
    return ints(n)
  },
})
const plain = (n: number) => ({
  get floats() {
    return new Float64Array(n)
  },
  get ints() {
    return new Int32Array(n)
  },
})

export const kernels = {
  /** Which rows, in the tree's order, have neighbours enough. */
  cores(
    tree: KdTree & { readonly core: Int32Array },
    { d, reach, neighbours }: Record<'d' | 'reach' | 'neighbours', number>,
    from: number,
    to: number,
  ): void {
    for (let i = from; i < to; i++) {
      let n = 0
      within(tree, d, tree.points, i * d, reach, () => ++n >= neighbours)
      tree.core[i] = n >= neighbours ? 1 : 0
    }
  },
}

/**
 * Clusters of any shape by density (Ester et al. 1996): rows with neighbours enough are a cluster's core, and what is within reach
 * of one belongs to it; all else belongs to none (null). A row within reach of several belongs to the first of them. Memory is that of rows · (features + 2) numbers, time grows with how many neighbours rows have.
 */
export const dbscanLearner: Learner = {
  kind: KIND,
  outputs(params) {
    askedOf(KIND, params, PARAMS)
    return OUTPUTS
  },
  async fit(task, ctx) {
    const asked = askedOf(KIND, task.params, PARAMS)
    const x = await readMatrix(task, ctx, asked.standardise)
    const { rows, width: d } = x
    const tree = treeOf(x.data, rows, d, shared)
    const core = ints(rows)
    const cut = cutOf(rows)
    const crew = { module: import.meta.url, kernels, cut, arrays: { ...tree, core }, threads: task.threads }
    await withCrew({ ...crew, work: rows * d * 64, signal: ctx.signal }, (run) => run('cores', { d, reach: asked.reach, neighbours: asked.neighbours })) // biome-ignore format: one line
    ctx.progress({ done: 1, total: 2, unit: 'steps' })
    const { labels, clusters } = await grow(tree, core, rows, d, asked.reach, ctx)
    const places = Array.from(labels.keys()).filter((i) => core[i] === 1)
    if (places.length * d > MOST)
      throw unfit(`a model of ${places.length} core rows is too large`, `it holds each of them: ${MOST / d} at most of ${d} features`, 'learn from a sample: .sample(…)') // biome-ignore format: one line
    const points = new Float64Array(places.length * d)
    for (const [i, place] of places.entries()) points.set(tree.points.subarray(place * d, place * d + d), i * d)
    let noise = 0
    for (let i = 0; i < rows; i++) if (labels[i] === -1 && !touches(tree, core, i, d, asked.reach)) noise++
    const body = {
      ...{ columns: x.columns, reach: asked.reach, clusters, noise, rows, cores: places.length },
      ...{ points: encodeArray(points), labels: encodeArray(Int32Array.from(places, (p) => labels[p] as number)) },
    }
    return learntModel(KIND, task, asked, body)
  },
  load(model) {
    const columns = columnsOf(model, KIND)
    const d = columns.length
    const points = decodeFloat64(model.body, 'points')
    const labels = decodeInt32(model.body, 'labels')
    const reach = bodyNumber(model.body, 'reach')
    const tree = treeOf(points, labels.length, d, plain)
    return assigner(model, columns, OUTPUTS, (row, out) => {
      let first = Infinity
      within(tree, d, row, 0, reach, (place) => {
        const label = labels[tree.order[place] as number] as number
        if (label < first) first = label
        return first === 0
      })
      out[0] = first === Infinity ? Number.NaN : first
    })
  },
  figures({ body }) {
    const { clusters = 0, noise = 0, cores = 0, rows = 0 } = body as Record<string, number>
    return { clusters, noise, cores, rows }
  },
}

function touches(tree: KdTree, core: Int32Array, place: number, d: number, reach: number): boolean {
  let found = false
  within(tree, d, tree.points, place * d, reach, (other) => (found = core[other] === 1))
  return found
}

/** Numbers of core rows' clusters, in the tree's order: clusters are numbered by their first row as rows came. */
async function grow(tree: KdTree, core: Int32Array, rows: number, d: number, reach: number, ctx: LearnContext) {
  const labels = new Int32Array(rows).fill(-1)
  const placeOf = new Int32Array(rows)
  for (let i = 0; i < rows; i++) placeOf[tree.order[i] as number] = i
  const { left, take } = remaining(tree, core)
  let clusters = 0
  let since = performance.now()
  for (let row = 0; row < rows; row++) {
    const place = placeOf[row] as number
    if (core[place] !== 1 || labels[place] !== -1) continue
    labels[place] = clusters
    take(place)
    const open = [place]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const found = (other: number) => {
        if (core[other] !== 1 || labels[other] !== -1) return false
        labels[other] = clusters
        take(other)
        open.push(other)
        return false
      }
      within(tree, d, tree.points, next * d, reach, found, left)
      if (performance.now() - since < TURN) continue
      ctx.progress({ done: 1 + row / rows, total: 2, unit: 'steps' })
      await nextTurn()
      throwIfAborted(ctx.signal)
      since = performance.now()
    }
    clusters++
  }
  return { labels, clusters }
}
