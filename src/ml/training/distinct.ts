/** Distinct numbers, ascending, and how often each stands among `present` that are not NaN. */
export interface Distinct {
  readonly values: Float64Array
  readonly counts: Uint32Array
  readonly present: number
}

const MOST = 4096
/** Places of the table: four times as many as numbers. */
const BITS = 14

/** A function that counts distinct numbers in one pass, −0 and 0 as one, or gives up where they are more than 4,096. It keeps its room for the next. */
export function distinctCounter(): (numbers: Float64Array) => Distinct | undefined {
  const keys = new Float64Array(2 ** BITS)
  const counts = new Uint32Array(2 ** BITS)
  /** Where number `i` of those in `words` stands in the table, or is to. */
  const placeOf = (words: Uint32Array, i: number, x: number): number => {
    const [low, high] = x === 0 ? [0, 0] : [words[2 * i] as number, words[2 * i + 1] as number]
    let at = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> (32 - BITS)
    while (counts[at] !== 0 && keys[at] !== x) at = (at + 1) & (2 ** BITS - 1)
    return at
  }
  return (numbers) => {
    counts.fill(0)
    const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length)
    const found = new Float64Array(MOST)
    let [n, present] = [0, 0]
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i] as number
      if (Number.isNaN(x)) continue
      const at = placeOf(words, i, x)
      if (counts[at] === 0) {
        if (n === MOST) return undefined
        keys[at] = x + 0
        found[n++] = x + 0
      }
      counts[at] = (counts[at] as number) + 1
      present++
    }
    const values = found.subarray(0, n).sort()
    const bits = new Uint32Array(values.buffer, values.byteOffset, 2 * n)
    const own = Uint32Array.from(values, (x, i) => counts[placeOf(bits, i, x)] as number) // biome-ignore format: one line
    return { values, counts: own, present }
  }
}
