import { randomsOf } from '../../../base/random.ts'
import { solveSymmetric } from '../../training/linear.ts'
import { encodeArray } from '../../training/model.ts'
import { type CrewOptions, cutOf, floats, ints, withCrew } from '../crew.ts'
import { unfit } from '../matrix.ts'
import { transposed } from './interactions.ts'
import { recommender } from './recommender.ts'

const KIND = 'als'
/** Numbers of all factors together: 2 GiB. */
const MOST = 2 ** 28

interface Arrays {
  readonly starts: Int32Array
  readonly item: Int32Array
  readonly weight: Float64Array
  /** Factors of the other side, and YᵀY + λ of them. */
  readonly from: Float64Array
  readonly gram: Float64Array
  readonly to: Float64Array
}

export const kernels = {
  /** Each row's factors that fit best to those of the other side (Hu, Koren and Volinsky 2008): (YᵀY + λ + Σ αw yyᵀ) x = Σ (1 + αw) y. */
  solve(
    { starts, item, weight, from: y, gram, to: x }: Arrays,
    { f, alpha }: Record<'f' | 'alpha', number>,
    from: number,
    to: number,
  ): void {
    const a = new Float64Array(f * f)
    const b = new Float64Array(f)
    for (let u = from; u < to; u++) {
      a.set(gram)
      b.fill(0)
      for (let p = starts[u] as number; p < (starts[u + 1] as number); p++) {
        const row = (item[p] as number) * f
        const c = alpha * (weight[p] as number)
        for (let i = 0; i < f; i++) {
          const v = y[row + i] as number
          b[i] = (b[i] as number) + (1 + c) * v
          for (let j = 0, at = i * f; j <= i; j++) a[at + j] = (a[at + j] as number) + c * v * (y[row + j] as number)
        }
      }
      x.set(solveSymmetric(a, b), u * f)
    }
  },
}

/** Alternating least squares for what people did rather than rated: users and items as a few numbers each, whose products say who likes what. */
export const alsLearner = recommender(
  KIND,
  {
    factors: { value: 32, min: 1, max: 256, integer: true },
    iterations: { value: 15, min: 1, max: 1000, integer: true },
    regularisation: { value: 0.1, min: 0, max: 1e6 },
    /** How much surer a weight of 1 makes it that somebody likes something. */
    alpha: { value: 10, min: 0, max: 1e6 },
  },
  async (x, asked, task, ctx) => {
    const f = asked.factors
    if ((x.users + x.items) * f > MOST)
      throw unfit(`${x.users} users and ${x.items} items have too many factors`, `${f} each are more than ${MOST} numbers`, 'ask for fewer factors') // biome-ignore format: one line
    const random = randomsOf(task.seed, 0x616c73)
    const [users, items] = [floats(x.users * f), floats(x.items * f)]
    for (let i = 0; i < items.length; i++) items[i] = (random() - 0.5) / Math.sqrt(f)
    const sides = [
      { rows: x.users, of: x, from: items, to: users, others: x.items },
      { rows: x.items, of: transposed(x), from: users, to: items, others: x.users },
    ].map(({ rows, of, from, to, others }) => {
      const gram = floats(f * f)
      const arrays = {
        starts: shared(of.starts),
        item: shared(of.item),
        weight: sharedFloats(of.weight),
        from,
        to,
        gram,
      }
      const crew: CrewOptions = { module: import.meta.url, kernels, arrays, cut: cutOf(rows, 64), threads: task.threads, work: x.item.length * f * f + rows * f * f * f, signal: ctx.signal } // biome-ignore format: one line
      return { crew, from, gram, others }
    })
    const [one, two] = sides as [(typeof sides)[number], (typeof sides)[number]]
    await withCrew(one.crew, (first) =>
      withCrew(two.crew, async (second) => {
        for (let done = 1; done <= asked.iterations; done++) {
          for (const [side, run] of [
            [one, first],
            [two, second],
          ] as const) {
            // biome-ignore format: one line
            gramOf(side.from, side.others, f, asked.regularisation, side.gram)
            await run('solve', { f, alpha: asked.alpha })
          }
          ctx.progress({ done, total: asked.iterations, unit: 'steps' })
        }
      }),
    )
    return {
      score(user, out) {
        for (let i = 0; i < x.items; i++) {
          let s = 0
          for (let j = 0, a = user * f, b = i * f; j < f; j++) s += (users[a + j] as number) * (items[b + j] as number)
          out[i] = s
        }
      },
      body: { factors: encodeArray(items) },
    }
  },
)

/** YᵀY with λ on its diagonal; the lower triangle. */
function gramOf(y: Float64Array, rows: number, f: number, lambda: number, out: Float64Array): void {
  out.fill(0)
  for (let r = 0; r < rows; r++)
    for (let i = 0, row = r * f; i < f; i++) {
      const v = y[row + i] as number
      for (let j = 0, at = i * f; j <= i; j++) out[at + j] = (out[at + j] as number) + v * (y[row + j] as number)
    }
  // without a penalty what nobody tells apart would have no answer
  for (let i = 0; i < f; i++) out[i * f + i] = (out[i * f + i] as number) + Math.max(lambda, 1e-12)
}

function shared(values: Int32Array): Int32Array {
  const out = ints(values.length)
  out.set(values)
  return out
}
function sharedFloats(values: Float64Array): Float64Array {
  const out = floats(values.length)
  out.set(values)
  return out
}
