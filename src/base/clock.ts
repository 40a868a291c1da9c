/** Time, as an argument: pure logic takes a Clock, only this file reads the machine's. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number
  /** Monotonic milliseconds, for durations only. */
  ticks(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
}
