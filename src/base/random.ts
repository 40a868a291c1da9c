/** High and low 32 bits of a product of two 32-bit words. */
function multiply(a: number, b: number): readonly [number, number] {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff]
  const middle = a1 * b0 + ((a0 * b0) >>> 16)
  const other = a0 * b1 + (middle & 0xffff)
  return [(a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0, Math.imul(a, b) >>> 0]
}

/** Two random words of a counter: Philox 2×32, 10 rounds (Salmon et al. 2011). The same key and counter give the same words. */
export function philox(key: number, low: number, high: number): readonly [number, number] {
  let [k, x, y] = [key >>> 0, low >>> 0, high >>> 0]
  for (let round = 0; round < 10; round++) {
    const [top, bottom] = multiply(0xd256d193, x)
    x = (top ^ k ^ y) >>> 0
    y = bottom
    k = (k + 0x9e3779b9) >>> 0
  }
  return [x, y]
}

/** Numbers in [0, 1) by counters: of a seed and a stream, whichever other streams are drawn from. */
export function randomsOf(seed: number, stream: number): () => number {
  let at = 0
  const key = philox(seed, Math.floor(seed / 2 ** 32), 0x67616c6c)[0]
  return () => {
    const [high, low] = philox(key, at++, stream)
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
  }
}

/** `count` different whole numbers below `from`, in no order (Floyd: Bentley and Floyd 1987). */
export function chosen(count: number, from: number, random: () => number): number[] {
  const taken = new Set<number>()
  for (let j = from - count; j < from; j++) {
    const pick = Math.floor(random() * (j + 1))
    taken.add(taken.has(pick) ? j : pick)
  }
  return [...taken]
}
