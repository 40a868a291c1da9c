/** Values that are remembered. */
const ROOM = 4096

/**
 * The most frequent of too many values to count each (Misra and Gries 1982, in the form of Anderson and others, A
 * high-performance algorithm for identifying frequent items, 2017): when there is no room, the middle count is taken off all.
 * A count is too small by `error` at most; a value that is not there stands `error` times at most.
 */
export class FrequentValues {
  #counts = new Map<number, number>()
  error = 0

  add(value: number): void {
    const n = this.#counts.get(value)
    if (n !== undefined) {
      this.#counts.set(value, n + 1)
      return
    }
    if (this.#counts.size >= ROOM) this.#purge()
    this.#counts.set(value, 1)
  }

  #purge(): void {
    const sorted = Uint32Array.from(this.#counts.values()).sort()
    const off = sorted[sorted.length >> 1] ?? 1
    this.error += off
    const kept = new Map<number, number>()
    for (const [value, n] of this.#counts) if (n > off) kept.set(value, n - off)
    this.#counts = kept
  }

  /** Those that are surely more frequent than any that was forgotten, the most frequent first. */
  top(count: number): { value: number; count: number }[] {
    return [...this.#counts]
      .map(([value, n]) => ({ value, count: n }))
      .filter((f) => f.count > this.error)
      .sort((a, b) => b.count - a.count || a.value - b.value)
      .slice(0, count)
  }
}
