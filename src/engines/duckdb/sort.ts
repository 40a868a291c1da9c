/** Sorts `order[start, end)` by time: time and place packed into 64 bits and sorted as integers, where they fit. */
export function sortByTime(order: Uint32Array, times: Float64Array, start: number, end: number): void {
  const n = end - start
  if (n < 2) return
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let i = start; i < end; i++) {
    const t = times[order[i] as number] as number
    if (t < low) low = t
    if (t > high) high = t
  }
  const bits = 32 - Math.clz32(n)
  if (high - low >= 2 ** (63 - bits) || high - low > Number.MAX_SAFE_INTEGER) {
    order.subarray(start, end).sort((a, b) => (times[a] as number) - (times[b] as number))
    return
  }
  const own = order.slice(start, end)
  const packed = new BigUint64Array(n)
  const words = new Uint32Array(packed.buffer)
  const part = 2 ** (32 - bits)
  for (let i = 0; i < n; i++) {
    const t = (times[own[i] as number] as number) - low
    const above = Math.floor(t / part)
    words[i * 2 + 1] = above
    words[i * 2] = (t - above * part) * 2 ** bits + i
  }
  packed.sort()
  const mask = 2 ** bits - 1
  for (let i = 0; i < n; i++) order[start + i] = own[(words[i * 2] as number) & mask] as number
}
