/** What a filter leaves: the sum of squared standardised errors, the sum of the logarithms of their variances, and the mean. */
export interface Filtered {
  squares: number
  logs: number
  mean: number
}

/** Squares of one-step errors of an ARMA, those of the first values left out, errors before them 0 (conditional sum of squares). */
export function conditional(w: Float64Array, phi: Float64Array, theta: Float64Array, room: Float64Array): number {
  const n = w.length
  const from = phi.length
  const [ars, mas] = [lagsOf(phi), lagsOf(theta)]
  let squares = 0
  for (let t = 0; t < n; t++) {
    if (t < from) {
      room[t] = 0
      continue
    }
    let e = w[t] as number
    for (const i of ars) e -= (phi[i] as number) * (w[t - 1 - i] as number)
    for (const j of mas) if (t - 1 - j >= 0) e -= (theta[j] as number) * (room[t - 1 - j] as number)
    room[t] = e
    squares += e * e
  }
  return squares / Math.max(1, n - from)
}

const lagsOf = (a: Float64Array): number[] => Array.from(a.keys()).filter((i) => a[i] !== 0)

/** Autocovariances 0 to p of an ARMA with errors of variance 1, and what its first error weights are. */
function covariances(phi: Float64Array, theta: Float64Array, psi: Float64Array): Float64Array {
  const p = phi.length
  const q = theta.length
  const size = p + 1
  const a = new Float64Array(size * (size + 1))
  for (let k = 0; k <= p; k++) {
    const row = k * (size + 1)
    a[row + k] = (a[row + k] as number) + 1
    for (let i = 1; i <= p; i++) {
      const at = row + Math.abs(k - i)
      a[at] = (a[at] as number) - (phi[i - 1] as number)
    }
    let right = 0
    for (let j = k; j <= q; j++) right += (j === 0 ? 1 : (theta[j - 1] as number)) * (psi[j - k] as number)
    a[row + size] = right
  }
  return solve(a, size)
}

/** Gaussian elimination with pivots; the last column of each row is the right side. */
function solve(a: Float64Array, n: number): Float64Array {
  const width = n + 1
  for (let k = 0; k < n; k++) {
    let best = k
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i * width + k] as number) > Math.abs(a[best * width + k] as number)) best = i // biome-ignore format: one line
    if (best !== k)
      for (let j = k; j < width; j++) {
        const v = a[k * width + j] as number
        a[k * width + j] = a[best * width + j] as number
        a[best * width + j] = v
      }
    const pivot = a[k * width + k] as number
    for (let i = k + 1; i < n; i++) {
      const f = (a[i * width + k] as number) / pivot
      if (f === 0) continue
      for (let j = k; j < width; j++) a[i * width + j] = (a[i * width + j] as number) - f * (a[k * width + j] as number)
    }
  }
  const x = new Float64Array(n)
  for (let i = n - 1; i >= 0; i--) {
    let v = a[i * width + n] as number
    for (let j = i + 1; j < n; j++) v -= (a[i * width + j] as number) * (x[j] as number)
    x[i] = v / (a[i * width + i] as number)
  }
  return x
}

/** Weights of errors 0 to `most` periods ago in a value. */
export function weights(phi: Float64Array, theta: Float64Array, most: number): Float64Array {
  const psi = new Float64Array(most + 1)
  psi[0] = 1
  const lags = lagsOf(phi)
  for (let k = 1; k <= most; k++) {
    let v = k <= theta.length ? (theta[k - 1] as number) : 0
    for (const i of lags) if (k - 1 - i >= 0) v += (phi[i] as number) * (psi[k - 1 - i] as number)
    psi[k] = v
  }
  return psi
}

/** Once errors have a variance so near to 1 they keep it. */
const STEADY = 1e-11

/**
 * The exact likelihood of a stationary ARMA: a Kalman filter in the state space form of Harvey (1989), whose gain goes on by the recursions of Morf,
 * Sidhu and Kailath (1974), in as many steps a value as the model has lags. With `constant` the mean is fitted, by generalised least squares. `state`
 * is left as it is expected after the last value.
 */
export function exact(
  w: Float64Array,
  phi: Float64Array,
  theta: Float64Array,
  constant: boolean,
  out: Filtered,
): Float64Array {
  const r = Math.max(phi.length, theta.length + 1)
  const n = w.length
  const psi = weights(phi, theta, r)
  const gamma = covariances(phi, theta, psi)
  const ar = new Float64Array(r)
  ar.set(phi)
  const gain = new Float64Array(r + 1)
  for (let i = 0; i < r; i++) {
    let v = 0
    for (let j = i; j < r; j++) {
      if (j < phi.length) v += (phi[j] as number) * (gamma[j - i + 1] as number)
      v += j === 0 ? 1 : j <= theta.length ? (theta[j - 1] as number) * (psi[j - i] as number) : 0
    }
    gain[i] = v
  }
  let f = gain[0] as number
  // the transition of the first covariances
  const first = gain[0] as number
  for (let i = 0; i < r; i++) gain[i] = (ar[i] as number) * first + (gain[i + 1] as number)
  const step = Float64Array.from(gain)
  let scale = -1 / f
  const a = new Float64Array(r + 1)
  const b = new Float64Array(r + 1)
  let [logs, yy, y1, ones] = [0, 0, 0, 0]
  let steady = false
  for (let t = 0; t < n; t++) {
    const v = (w[t] as number) - (a[0] as number)
    logs += Math.log(f)
    yy += (v * v) / f
    const [a0, k] = [a[0] as number, v / f]
    if (constant) {
      const u = 1 - (b[0] as number)
      y1 += (v * u) / f
      ones += (u * u) / f
      const [b0, l] = [b[0] as number, u / f]
      for (let i = 0; i < r; i++) b[i] = (ar[i] as number) * b0 + (b[i + 1] as number) + (gain[i] as number) * l
    }
    for (let i = 0; i < r; i++) a[i] = (ar[i] as number) * a0 + (a[i + 1] as number) + (gain[i] as number) * k
    if (steady) continue
    const z = step[0] as number
    const next = f + z * z * scale
    const by = z * scale
    // the gain moves by the step as the transition carries it, and the step is what is left of it after the old gain
    for (let i = 0; i < r; i++) {
      const carried = (ar[i] as number) * z + (step[i + 1] as number)
      const old = gain[i] as number
      gain[i] = old + carried * by
      step[i] = carried - (old * z) / f
    }
    scale *= f / next
    f = next
    if (Math.abs(f - 1) < STEADY) steady = true
  }
  const mean = constant ? y1 / ones : 0
  out.mean = mean
  out.logs = logs
  out.squares = yy - mean * y1
  // what the filter would have left of values less their mean
  if (constant) for (let i = 0; i < r; i++) a[i] = (a[i] as number) - mean * (b[i] as number)
  return a
}
