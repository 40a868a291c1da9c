/**
 * How far time has come: the server's clock, or the newest moment seen where that is later. What lies further ahead than
 * a bound is a slip, or comes from a clock that is wrong: it must not move what others are judged by. All in µs.
 */
export class Present {
  readonly ahead: number
  #newest: number

  constructor(ahead: number, newest = Number.NEGATIVE_INFINITY) {
    this.ahead = ahead
    this.#newest = newest
  }

  get newest(): number {
    return this.#newest
  }

  /** The latest moment that counts at `clock`. */
  limit(clock: number): number {
    return Math.max(clock, this.#newest) + this.ahead
  }

  /** Moves on to `moment`. False, and nothing moves, when it lies too far ahead. */
  reach(moment: number, clock: number): boolean {
    if (moment > this.limit(clock)) return false
    this.#newest = Math.max(this.#newest, moment)
    return true
  }
}
