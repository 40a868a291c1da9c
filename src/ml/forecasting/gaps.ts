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
  const out = Float64Array.from(y)
  let before = 0
  for (let t = 0; t < y.length; t++) {
    if (!Number.isNaN(y[t])) {
      before = t
      continue
    }
    const [past, next] = season > 1 ? [near(y, t, -season), near(y, t, season)] : []
    if (past !== undefined && next !== undefined) {
      out[t] = (past + next) / 2
      continue
    }
    let after = t + 1
    while (Number.isNaN(y[after])) after++
    const share = (t - before) / (after - before)
    out[t] = (y[before] as number) * (1 - share) + (y[after] as number) * share
  }
  return out
}

function near(y: Float64Array, from: number, step: number): number | undefined {
  for (let t = from + step; t >= 0 && t < y.length; t += step) if (!Number.isNaN(y[t])) return y[t]
  return undefined
}
