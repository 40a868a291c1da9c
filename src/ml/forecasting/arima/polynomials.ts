/** Orders of a seasonal ARIMA model: autoregressive, differences, moving average; the same of the season of `m` periods; and whether it has a mean, or a drift. */
export interface Order {
  readonly p: number
  readonly d: number
  readonly q: number
  readonly P: number
  readonly D: number
  readonly Q: number
  readonly m: number
  readonly constant: boolean
}

export const nameOf = ({ p, d, q, P, D, Q, m, constant }: Order): string => {
  const season = P + D + Q > 0 ? `(${P},${D},${Q})[${m}]` : ''
  return `ARIMA(${p},${d},${q})${season}${constant ? (d + D === 0 ? ' with mean' : ' with drift') : ''}`
}

/** Coefficients a of 1 − a₁B − a₂B² …, of a product of two of that sort, the second in steps of m. */
export function product(a: ArrayLike<number>, seasonal: ArrayLike<number>, m: number): Float64Array {
  const [p, P] = [a.length, seasonal.length]
  const out = new Float64Array(p + m * P)
  for (let i = 0; i < p; i++) out[i] = a[i] as number
  for (let j = 0; j < P; j++) {
    const s = seasonal[j] as number
    const at = m * (j + 1)
    out[at - 1] = (out[at - 1] as number) + s
    for (let i = 0; i < p; i++) out[at + i] = (out[at + i] as number) - s * (a[i] as number)
  }
  return out
}

/** Coefficients of a stationary polynomial of partial autocorrelations, each within ±1 (Barndorff-Nielsen and Schou 1973). */
export function ofPartials(r: ArrayLike<number>): Float64Array {
  const a = new Float64Array(r.length)
  const before = new Float64Array(r.length)
  for (let k = 0; k < r.length; k++) {
    const own = r[k] as number
    before.set(a)
    for (let i = 0; i < k; i++) a[i] = (before[i] as number) - own * (before[k - 1 - i] as number)
    a[k] = own
  }
  return a
}

/** Whether all roots of 1 − a₁B − a₂B² … lie further from 0 than `modulus`: by stepping down to its partial autocorrelations. */
export function rootsBeyond(coefficients: ArrayLike<number>, modulus: number): boolean {
  const a = Float64Array.from(coefficients, (v, i) => v * modulus ** (i + 1))
  const before = new Float64Array(a.length)
  for (let k = a.length - 1; k >= 0; k--) {
    const own = a[k] as number
    if (!(Math.abs(own) < 1)) return false
    before.set(a)
    for (let i = 0; i < k; i++) a[i] = ((before[i] as number) + own * (before[k - 1 - i] as number)) / (1 - own * own)
  }
  return true
}

/** A series' differences: d of neighbours, D of values a season apart. */
export function differences(y: Float64Array, { d, D, m }: Pick<Order, 'd' | 'D' | 'm'>): Float64Array {
  let out = y
  const by = (lag: number) => {
    const from = out
    out = from.subarray(lag).map((v, t) => v - (from[t] as number))
  }
  for (let i = 0; i < D; i++) by(m)
  for (let i = 0; i < d; i++) by(1)
  return out
}

/** Coefficients of (1 − B)ᵈ(1 − Bᵐ)ᴰ as of an autoregression. */
export function differencing({ d, D, m }: Pick<Order, 'd' | 'D' | 'm'>): Float64Array {
  let out: Float64Array = new Float64Array(0)
  for (let i = 0; i < d; i++) out = product(out, [1], 1)
  for (let i = 0; i < D; i++) out = product(out, [1], m)
  return out
}
