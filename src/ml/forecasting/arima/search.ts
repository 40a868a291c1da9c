import { differencesOf } from './differencing.ts'
import { type FittedArima, fitOrder, roughly } from './fit.ts'
import { differences, type Order } from './polynomials.ts'

/** Orders at most, as R's auto.arima has them. */
const [MOST, MOST_SEASONAL] = [5, 2]
const MODELS = 94
/** From so many values on orders are compared by conditional squares. */
const LONG = 400

const keyOf = ({ p, q, P, Q, constant }: Order): string => `${p} ${q} ${P} ${Q} ${constant}`

/** The order with the least AICc that a walk from a few of them comes to, one step at a time (Hyndman and Khandakar 2008, 3.2). */
export function search(y: Float64Array, m: number): FittedArima | undefined {
  const { d, D } = differencesOf(y, m)
  const w = differences(y, { d, D, m })
  const order = (p: number, q: number, P: number, Q: number, constant: boolean): Order => ({ p, d, q, P, D, Q, m, constant }) // biome-ignore format: one line
  if (w.every((v) => v === w[0])) return constantly(order(0, 0, 0, 0, d + D < 2), w)
  const rough = w.length > LONG
  const few = Math.floor(w.length / 3)
  const [most, seasonal] = [Math.min(MOST, few), m > 1 ? Math.min(MOST_SEASONAL, Math.floor(few / m)) : 0]
  const allowed = d + D < 2
  const tried = new Map<string, number>()
  const found: { order: Order; aicc: number; fitted?: FittedArima; at?: Float64Array }[] = []
  let best: (typeof found)[number] | undefined
  const attempt = (o: Order): boolean => {
    const { p, q, P, Q, constant } = o
    if (Math.min(p, q, P, Q) < 0 || Math.max(p, q) > most || Math.max(P, Q) > seasonal || (constant && !allowed)) return false // biome-ignore format: one line
    const key = keyOf(o)
    if (tried.has(key) || tried.size >= MODELS) return false
    const made = rough ? roughly(o, y) : fitOrder(o, y)
    const aicc = made?.aicc ?? Number.POSITIVE_INFINITY
    tried.set(key, aicc)
    if (!made) return false
    const one = { order: o, aicc, at: made.at, ...('loglik' in made ? { fitted: made as FittedArima } : {}) }
    found.push(one)
    if (best && aicc >= best.aicc) return false
    best = one
    return true
  }
  const s = seasonal > 0 ? 1 : 0
  attempt(order(2, 2, s, s, allowed))
  attempt(order(0, 0, 0, 0, allowed))
  attempt(order(1, 0, s, 0, allowed))
  attempt(order(0, 1, 0, s, allowed))
  if (allowed) attempt(order(0, 0, 0, 0, false))
  const moves = (o: Order): Order[] => {
    const by = (p: number, q: number, P: number, Q: number) => ({ ...o, p: o.p + p, q: o.q + q, P: o.P + P, Q: o.Q + Q }) // biome-ignore format: one line
    const both = [-1, 1].flatMap((i) => [-1, 1].map((j) => [i, j] as const))
    return [
      ...[by(0, 0, -1, 0), by(0, 0, 0, -1), by(0, 0, 1, 0), by(0, 0, 0, 1), ...both.map(([i, j]) => by(0, 0, i, j))],
      ...[by(-1, 0, 0, 0), by(0, -1, 0, 0), by(1, 0, 0, 0), by(0, 1, 0, 0), ...both.map(([i, j]) => by(i, j, 0, 0))],
      { ...o, constant: !o.constant },
    ]
  }
  for (let moved = best !== undefined; moved && best; ) {
    const from = best.order
    moved = moves(from).some(attempt)
  }
  // those of a rough comparison are fitted by the likelihood, the best of them first
  for (const one of found.sort((a, b) => a.aicc - b.aicc)) {
    const fitted = one.fitted ?? fitOrder(one.order, y, one.at)
    if (fitted) return fitted
  }
  return undefined
}

/** Differences that are all the same leave nothing to fit. */
const constantly = (order: Order, w: Float64Array): FittedArima => ({
  ...{ order, mean: order.constant ? (w[0] ?? 0) : 0, sigma2: 0, loglik: 0, aicc: 0 },
  ...{ phi: new Float64Array(0), theta: new Float64Array(0), state: new Float64Array(2), at: new Float64Array(0) },
})
