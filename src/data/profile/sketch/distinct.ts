/** Registers: 2¹⁴ bytes. */
const BITS = 14
export const REGISTERS = 1 << BITS
/** Zeros that the rest of a hash may begin with. */
const MOST = 64 - BITS

/** The standard error of an estimate, a share of it: 1.04 / √16384. */
export const DISTINCT_ERROR = 0.0081

/**
 * How many different values there are, from 16 KiB (HyperLogLog, Flajolet and others 2007; estimated as in Ertl, New cardinality
 * estimation algorithms for HyperLogLog sketches, 2017). What it says does not depend on the order of the values.
 */
export class DistinctSketch {
  readonly #registers = new Uint8Array(REGISTERS)

  /** Two words of a value; the same value must give the same. */
  add(low: number, high: number): void {
    // two rounds of murmur3's finaliser, each word into the other
    let a = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ high
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
    a ^= a >>> 16
    let b = Math.imul(high ^ (high >>> 15) ^ a, 0x2c1b3c6d)
    b = Math.imul(b ^ (b >>> 12), 0x297a2d39)
    b ^= b >>> 15
    a = Math.imul(a ^ b, 0x9e3779b1)
    a ^= a >>> 15
    const index = a >>> (32 - BITS)
    const rest = (a << BITS) | 0
    // the rest of the first word, then the second
    const zeros = rest !== 0 ? Math.clz32(rest) : 32 - BITS + Math.clz32(b)
    const rank = Math.min(zeros, MOST) + 1
    if (rank > (this.#registers[index] as number)) this.#registers[index] = rank
  }

  /** Takes in what another has seen: the same as if one had seen all. */
  merge(registers: Uint8Array): void {
    for (let i = 0; i < REGISTERS; i++)
      if ((registers[i] as number) > (this.#registers[i] as number)) this.#registers[i] = registers[i] as number
  }

  /** What `merge` takes: `REGISTERS` bytes. */
  get registers(): Uint8Array {
    return this.#registers
  }

  estimate(): number {
    const counts = new Float64Array(MOST + 2)
    for (const r of this.#registers) counts[r] = (counts[r] as number) + 1
    let z = REGISTERS * tau(1 - (counts[MOST + 1] as number) / REGISTERS)
    for (let k = MOST; k >= 1; k--) z = 0.5 * (z + (counts[k] as number))
    z += REGISTERS * sigma((counts[0] as number) / REGISTERS)
    return Math.round(REGISTERS ** 2 / (2 * Math.LN2) / z)
  }
}

/** How many texts there are of so many hashes of 32 bits: some share theirs. */
export function textsOf(hashes: number): number {
  const most = 2 ** 32
  return Math.round(-most * Math.log1p(-Math.min(hashes, most - 1) / most))
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY
  let [x, y, z] = [share, 1, share]
  for (let last = -1; z !== last; ) {
    x *= x
    last = z
    z += x * y
    y += y
  }
  return z
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let [x, y, z] = [share, 1, 1 - share]
  for (let last = -1; z !== last; ) {
    x = Math.sqrt(x)
    last = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
