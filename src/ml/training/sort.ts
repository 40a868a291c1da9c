/** Digits of a key of 64 bits, lowest first: which half, from which bit on, how many bits. */
const DIGITS = [0, 1].flatMap((half) => [[half, 0, 11], [half, 11, 11], [half, 22, 10]] as const) // biome-ignore format: one line
const BUCKETS = 2048
/** Fewer values are sorted faster by comparing them. */
const FEW = 2048

/**
 * A function that sorts numbers in place, ascending, and gives how many are not NaN; those that are stand last. It keeps room for the
 * longest array that it sorted. By the digits of their bits (Knuth, TAOCP 3, 5.2.5), several times as fast as `sort` on long arrays.
 */
export function sorter(): (values: Float64Array) => number {
  let keys: [Uint32Array, Uint32Array] = [new Uint32Array(0), new Uint32Array(0)]
  const counts = new Uint32Array(DIGITS.length * BUCKETS)
  return (values) => {
    const n = values.length
    if (n < FEW) {
      values.sort()
      let present = n
      while (present > 0 && Number.isNaN(values[present - 1])) present--
      return present
    }
    if (keys[0].length < 2 * n) keys = [new Uint32Array(2 * n), new Uint32Array(2 * n)]
    let [from, to] = keys
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * n)
    counts.fill(0)
    let present = 0
    for (let i = 0; i < n; i++) {
      const x = values[i] as number
      if (Number.isNaN(x)) continue
      let [low, high] = [words[2 * i] as number, words[2 * i + 1] as number]
      // negative numbers rise as their bits fall
      if (high >>> 31) [low, high] = [~low, ~high]
      else high |= 0x80000000
      from[2 * present] = low
      from[2 * present + 1] = high
      present++
    }
    for (const [digit, [half, shift, bits]] of DIGITS.entries()) {
      const mask = (1 << bits) - 1
      const places = counts.subarray(digit * BUCKETS, (digit + 1) * BUCKETS)
      for (let i = half; i < 2 * present; i += 2) {
        const bucket = ((from[i] as number) >>> shift) & mask
        places[bucket] = (places[bucket] as number) + 1
      }
      let sum = 0
      let alike = false
      for (let bucket = 0; bucket <= mask; bucket++) {
        const own = places[bucket] as number
        if (own === present) alike = true
        places[bucket] = sum
        sum += own
      }
      if (alike) continue
      for (let i = 0; i < 2 * present; i += 2) {
        const bucket = ((from[i + half] as number) >>> shift) & mask
        const place = places[bucket] as number
        places[bucket] = place + 1
        to[2 * place] = from[i] as number
        to[2 * place + 1] = from[i + 1] as number
      }
      ;[from, to] = [to, from]
    }
    for (let i = 0; i < present; i++) {
      const [low, high] = [from[2 * i] as number, from[2 * i + 1] as number]
      const negative = high >>> 31 === 0
      words[2 * i] = negative ? ~low : low
      words[2 * i + 1] = negative ? ~high : high & 0x7fffffff
    }
    values.fill(Number.NaN, present)
    return present
  }
}
