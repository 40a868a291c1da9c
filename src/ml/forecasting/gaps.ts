/** The first and the last value that is there, as a range; undefined where none is. */
export function extentOf(y: Float64Array): readonly [from: number, to: number] | undefined {
  const from = y.findIndex((v) => !Number.isNaN(v))
  if (from < 0) return undefined
  return [from, y.findLastIndex((v) => !Number.isNaN(v)) + 1]
}

/**
 * A series whose ends are there, with a value for each that is missing: the mean of the nearest ones of the same period of the season before and
 * after, or else a point on the line between its neighbours.
 */
export function filled(y: Float64Array, season: number): Float64Array {
  if (!y.some(Number.isNaN)) return y
  const n = y.length
  const out = Float64Array.from(y)
  // one way and back: a gap may be as long as the series
  const [past, next] = [Float64Array.from(y), Float64Array.from(y)]
  if (season > 1)
    for (let t = season; t < n; t++) {
      if (Number.isNaN(past[t])) past[t] = past[t - season] as number
      if (Number.isNaN(next[n - 1 - t])) next[n - 1 - t] = next[n - 1 - t + season] as number
    }
  let [before, after] = [0, 0]
  for (let t = 0; t < n; t++) {
    if (!Number.isNaN(y[t])) {
      before = t
      continue
    }
    const mean = ((past[t] as number) + (next[t] as number)) / 2
    if (!Number.isNaN(mean)) {
      out[t] = mean
      continue
    }
    if (after < t) after = t
    while (Number.isNaN(y[after])) after++
    const share = (t - before) / (after - before)
    out[t] = (y[before] as number) * (1 - share) + (y[after] as number) * share
  }
  return out
}
