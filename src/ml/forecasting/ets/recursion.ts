/** Where smoothing parameters and first states lie in a point; the indices of the first season come after them. */
export const [ALPHA, BETA, GAMMA, PHI, LEVEL, SLOPE, SEASON] = [0, 1, 2, 3, 4, 5, 6] as const

/** What a run over a series leaves for the sweep back: of each value what was expected, and of which states. */
export interface Trace {
  readonly y: Float64Array
  /** Periods of a season. */
  readonly m: number
  readonly expected: Float64Array
  /** Level and slope together, before the season. */
  readonly trend: Float64Array
  /** Slopes before each value, and the one after the last. */
  readonly slope: Float64Array
  /** Indices before each value, and the m after the last. */
  readonly season: Float64Array
  /** What a season's indices add to the loss, from each on. */
  readonly back: Float64Array
}

export const traceOf = (y: Float64Array, m: number): Trace => {
  const n = y.length
  const room = (more: number) => new Float64Array(n + more)
  return { y, m, expected: room(0), trend: room(0), slope: room(1), season: room(m), back: room(m) }
}

/**
 * The states of exponential smoothing over a series, in the form of errors (Hyndman et al. 2008, 2.5), the same for errors that add and that multiply; and
 * the derivatives of a loss by reverse accumulation (Griewank and Walther 2008, 3.2).
 */
export interface Recursion {
  /** Runs over the series from a point, and gives the last level. */
  run(trace: Trace, at: Float64Array): number
  /** Of the loss's derivatives by what was expected, those by the point, after a run from it. */
  sweep(trace: Trace, at: Float64Array, by: Float64Array, out: Float64Array): void
}

const plain: Recursion = {
  run({ y, expected, slope }, at) {
    const [alpha, beta, phi] = [at[ALPHA] as number, at[BETA] as number, at[PHI] as number]
    let [l, b] = [at[LEVEL] as number, at[SLOPE] as number]
    const n = y.length
    for (let t = 0; t < n; t++) {
      slope[t] = b
      const damped = phi * b
      const q = l + damped
      expected[t] = q
      const r = (y[t] as number) - q
      l = q + alpha * r
      b = damped + beta * r
    }
    slope[n] = b
    return l
  },
  sweep({ y, expected, slope }, at, by, out) {
    const [alpha, beta, phi] = [at[ALPHA] as number, at[BETA] as number, at[PHI] as number]
    let [l, b, dAlpha, dBeta, dPhi] = [0, 0, 0, 0, 0]
    for (let t = y.length - 1; t >= 0; t--) {
      const r = (y[t] as number) - (expected[t] as number)
      dAlpha += l * r
      dBeta += b * r
      l += (by[t] as number) - alpha * l - beta * b
      b += l
      dPhi += b * (slope[t] as number)
      b *= phi
    }
    out[ALPHA] = dAlpha
    out[BETA] = dBeta
    out[PHI] = dPhi
    out[LEVEL] = l
    out[SLOPE] = b
  },
}

const adds: Recursion = {
  run({ y, m, expected, slope, season }, at) {
    const [alpha, beta, gamma, phi] = [at[ALPHA] as number, at[BETA] as number, at[GAMMA] as number, at[PHI] as number]
    let [l, b] = [at[LEVEL] as number, at[SLOPE] as number]
    const n = y.length
    for (let i = 0; i < m; i++) season[i] = at[SEASON + i] as number
    for (let t = 0; t < n; t++) {
      slope[t] = b
      const damped = phi * b
      const q = l + damped
      const s = season[t] as number
      expected[t] = q + s
      const r = (y[t] as number) - q - s
      l = q + alpha * r
      b = damped + beta * r
      season[t + m] = s + gamma * r
    }
    slope[n] = b
    return l
  },
  sweep({ y, m, expected, slope, back }, at, by, out) {
    const [alpha, beta, gamma, phi] = [at[ALPHA] as number, at[BETA] as number, at[GAMMA] as number, at[PHI] as number]
    let [l, b, dAlpha, dBeta, dGamma, dPhi] = [0, 0, 0, 0, 0, 0]
    const n = y.length
    back.fill(0, n)
    for (let t = n - 1; t >= 0; t--) {
      const r = (y[t] as number) - (expected[t] as number)
      const s = back[t + m] as number
      dAlpha += l * r
      dBeta += b * r
      dGamma += s * r
      const f = (by[t] as number) - alpha * l - beta * b - gamma * s
      back[t] = s + f
      l += f
      b += l
      dPhi += b * (slope[t] as number)
      b *= phi
    }
    put(out, dAlpha, dBeta, dGamma, dPhi, l, b)
    for (let i = 0; i < m; i++) out[SEASON + i] = back[i] as number
  },
}

function put(
  out: Float64Array,
  alpha: number,
  beta: number,
  gamma: number,
  phi: number,
  level: number,
  slope: number,
): void {
  out[ALPHA] = alpha
  out[BETA] = beta
  out[GAMMA] = gamma
  out[PHI] = phi
  out[LEVEL] = level
  out[SLOPE] = slope
}

const multiplies: Recursion = {
  run({ y, m, expected, trend, slope, season }, at) {
    const [alpha, beta, gamma, phi] = [at[ALPHA] as number, at[BETA] as number, at[GAMMA] as number, at[PHI] as number]
    let [l, b] = [at[LEVEL] as number, at[SLOPE] as number]
    const n = y.length
    for (let i = 0; i < m; i++) season[i] = at[SEASON + i] as number
    for (let t = 0; t < n; t++) {
      slope[t] = b
      const damped = phi * b
      const q = l + damped
      const s = season[t] as number
      const f = q * s
      trend[t] = q
      expected[t] = f
      const r = (y[t] as number) - f
      const d = r / s
      l = q + alpha * d
      b = damped + beta * d
      season[t + m] = s + (gamma * r) / q
    }
    slope[n] = b
    return l
  },
  sweep({ y, m, expected, trend, slope, season, back }, at, by, out) {
    const [alpha, beta, gamma, phi] = [at[ALPHA] as number, at[BETA] as number, at[GAMMA] as number, at[PHI] as number]
    let [l, b, dAlpha, dBeta, dGamma, dPhi] = [0, 0, 0, 0, 0, 0]
    const n = y.length
    back.fill(0, n)
    for (let t = n - 1; t >= 0; t--) {
      const q = trend[t] as number
      const s = season[t] as number
      const r = (y[t] as number) - (expected[t] as number)
      const d = r / s
      const w = r / q
      const after = back[t + m] as number
      dAlpha += l * d
      dBeta += b * d
      dGamma += after * w
      const byD = (alpha * l + beta * b) / s
      const byW = (gamma * after) / q
      const f = (by[t] as number) - byD - byW
      back[t] = after + f * q - byD * d
      l += f * s - byW * w
      b += l
      dPhi += b * (slope[t] as number)
      b *= phi
    }
    put(out, dAlpha, dBeta, dGamma, dPhi, l, b)
    for (let i = 0; i < m; i++) out[SEASON + i] = back[i] as number
  },
}

/** A loop for each kind of season: none, one that adds, one that multiplies. */
export const recursions: Readonly<Record<'N' | 'A' | 'M', Recursion>> = { N: plain, A: adds, M: multiplies }
