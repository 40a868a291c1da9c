import { randomsOf } from '../../../base/random.ts'
import { type Cut, cutOf, floats, ints, type Run, withCrew } from '../crew.ts'
import type { LearnContext } from '../learner.ts'
import type { Matrix } from '../matrix.ts'
import { kernels, squared } from './kernels.ts'

export interface Clusters {
  /** One after the other, `k` of them. */
  readonly centres: Float64Array
  readonly k: number
  /** Rows of each. */
  readonly sizes: readonly number[]
  /** Squared distances of rows to their centre, in sum. */
  readonly inertia: number
  readonly iterations: number
}

export interface LloydOptions {
  readonly clusters: number
  readonly maxIterations: number
  /** Squared way of all centres together, in units of the columns' mean variance, at which it ends. */
  readonly tolerance: number
  /** Rows of a batch; 0: all rows in every iteration. */
  readonly batch: number
  readonly seed: number
  readonly threads: number
}

/** Everything that the passes share. */
interface Work {
  readonly x: Matrix
  readonly k: number
  readonly tries: number
  readonly cut: Cut
  readonly arrays: Record<
    'centres' | 'tried' | 'upper' | 'lower' | 'near' | 'gaps' | 'moved' | 'half' | 'sums' | 'costs',
    Float64Array
  > & {
    readonly labels: Int32Array
  }
  readonly run: Run
  readonly random: () => number
}

/** k-means from centres of greedy k-means++ (Arthur and Vassilvitskii 2007), on threads; the centres do not depend on how many. */
export async function kmeans(x: Matrix, o: LloydOptions, stream: number, ctx: LearnContext): Promise<Clusters> {
  const { rows, width: d } = x
  const k = o.clusters
  const tries = 2 + Math.floor(Math.log(k))
  const cut = cutOf(rows)
  const arrays = {
    ...{
      centres: floats(k * d),
      tried: floats(tries * d),
      labels: ints(rows),
      upper: floats(rows),
      lower: floats(rows),
    },
    ...{ near: floats(rows), gaps: floats(tries * k), moved: floats(k), half: floats(k) },
    ...{ sums: floats(cut.blocks * (k * d + k + 1)), costs: floats(cut.blocks * tries) },
  }
  const crew = {
    ...{ module: new URL('./kernels.ts', import.meta.url).href, kernels, cut },
    ...{ arrays: { x: x.data, ...arrays }, threads: o.threads, work: rows * d * Math.min(k, 16), signal: ctx.signal },
  }
  return withCrew(crew, async (run) => {
    const work = { x, k, tries, cut, arrays, run, random: randomsOf(o.seed, stream) }
    const found = await plusPlus(work)
    const one: Work = { ...work, k: found }
    if (o.batch > 0) {
      const { batches } = await import('./batches.ts')
      const iterations = await batches(x, arrays.centres, found, o, work.random, ctx)
      return finish(one, iterations)
    }
    return finish(one, await iterate(one, o, ctx))
  })
}

/** Chooses the first centres, each among some candidates that are drawn by their squared distance; fewer where rows are the same. */
async function plusPlus({ x, k, tries, cut, arrays, run, random }: Work): Promise<number> {
  const { width: d, data } = x
  const { tried, centres, costs, near, gaps } = arrays
  const sizes = { k, d, tries }
  const rowAt = (i: number) => data.subarray(i * d, i * d + d)
  const total = (t: number) => {
    let sum = 0
    for (let b = 0; b < cut.blocks; b++) sum += costs[b * tries + t] as number
    return sum
  }
  const accept = async (chosen: number, c: number) => {
    centres.set(tried.subarray(chosen * d, chosen * d + d), c * d)
    await run('take', { ...sizes, chosen, c })
  }
  tried.set(rowAt(Math.floor(random() * x.rows)), 0)
  await accept(0, 0)
  for (let c = 1; c < k; c++) {
    const whole = total(0)
    if (!(whole > 0)) return c
    for (let t = 0; t < tries; t++) {
      let left = random() * whole
      let b = 0
      while (b < cut.blocks - 1 && left >= (costs[b * tries] as number)) left -= costs[b++ * tries] as number
      let i = b * cut.size
      const to = Math.min(cut.rows, i + cut.size) - 1
      while (i < to && left >= (near[i] as number)) left -= near[i++] as number
      tried.set(rowAt(i), t * d)
      for (let e = 0; e < c; e++) gaps[t * k + e] = squared(tried, t * d, centres, e * d, d) / 4
    }
    await run('attempt', sizes)
    let best = 0
    for (let t = 1; t < tries; t++) if (total(t) < total(best)) best = t
    await accept(best, c)
  }
  return k
}

/** Lloyd's iteration until nothing changes or moves far; gives how many there were. */
async function iterate({ x, k, tries, cut, arrays, run }: Work, o: LloydOptions, ctx: LearnContext): Promise<number> {
  const { width: d } = x
  const { centres, moved, half, sums, near } = arrays
  const variance = x.columns.reduce((s, c) => s + (c.scale > 0 ? 1 : 0), 0) / d
  const next = new Float64Array(k * d)
  const counts = new Float64Array(k)
  let [fresh, most, second, farthest] = [1, 0, 0, -1]
  for (let done = 1; ; done++) {
    for (let c = 0; c < k; c++) {
      let least = Infinity
      for (let e = 0; e < k; e++) if (e !== c) least = Math.min(least, squared(centres, c * d, centres, e * d, d))
      half[c] = Math.sqrt(least) / 2
    }
    await run('assign', { k, d, tries, fresh, most, second, farthest })
    ctx.progress({ done, total: o.maxIterations, unit: 'steps' })
    fresh = 0
    next.fill(0)
    counts.fill(0)
    let changes = 0
    for (let b = 0, at = 0; b < cut.blocks; b++) {
      for (let j = 0; j < k * d; j++) next[j] = (next[j] as number) + (sums[at++] as number)
      for (let c = 0; c < k; c++) counts[c] = (counts[c] as number) + (sums[at++] as number)
      changes += sums[at++] as number
    }
    for (let c = 0; c < k; c++)
      for (let j = c * d; j < c * d + d; j++) next[j] = (next[j] as number) / (counts[c] as number)
    // a centre without rows goes to the row that lies farthest from its own
    const empty = Array.from(counts).flatMap((n, c) => (n === 0 ? [c] : []))
    if (empty.length > 0) {
      await run('measure', { k, d, tries })
      for (const c of empty) {
        let far = 0
        for (let i = 1; i < near.length; i++) if ((near[i] as number) > (near[far] as number)) far = i
        next.set(x.data.subarray(far * d, far * d + d), c * d)
        near[far] = 0
      }
      fresh = 1
    }
    let way = 0
    ;[most, second, farthest] = [0, 0, -1]
    for (let c = 0; c < k; c++) {
      const s = squared(next, c * d, centres, c * d, d)
      way += s
      const m = (moved[c] = Math.sqrt(s))
      if (m > most) [most, second, farthest] = [m, most, c]
      else if (m > second) second = m
    }
    centres.set(next)
    if (changes === 0 || way <= o.tolerance * variance || done >= o.maxIterations) return done
  }
}

/** Clusters by size, the largest first, with what their rows say of the last centres. */
async function finish({ x, k, tries, cut, arrays, run }: Work, iterations: number): Promise<Clusters> {
  const { width: d } = x
  const { centres, sums, costs } = arrays
  await run('assign', { k, d, tries, fresh: 1, most: 0, second: 0, farthest: -1 })
  await run('measure', { k, d, tries })
  const counts = new Array<number>(k).fill(0)
  let inertia = 0
  for (let b = 0; b < cut.blocks; b++) {
    for (let c = 0; c < k; c++) counts[c] = (counts[c] as number) + (sums[b * (k * d + k + 1) + k * d + c] as number)
    inertia += costs[b * tries] as number
  }
  const kept = counts.flatMap((n, c) => (n > 0 ? [c] : []))
  kept.sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
  const out = new Float64Array(kept.length * d)
  for (const [i, c] of kept.entries()) out.set(centres.subarray(c * d, c * d + d), i * d)
  return { centres: out, k: kept.length, sizes: kept.map((c) => counts[c] as number), inertia, iterations }
}
