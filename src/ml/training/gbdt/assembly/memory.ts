/** Where everything lies in the memory that threads share, told once to each (`setup`); the records are as `kernels.ts` says. */

export const PAIR: i32 = 16
export const FEATURE_BYTES: usize = 4096
export const MISSING: i32 = 255
export const BLOCK: i32 = 1024
export const AHEAD: usize = 128

export let records: usize = 0
export let stride: usize = 0
export let features: i32 = 0
export let order: usize = 0
export let spare: usize = 0
export let scores: usize = 0
export let labels: usize = 0
export let leafOf: usize = 0
export let countBits: i64 = 0
export let gradientScale: f32 = 1
export let hessianScale: f32 = 1

export function setup(
  records_: usize,
  stride_: usize,
  features_: i32,
  order_: usize,
  spare_: usize,
  scores_: usize,
  labels_: usize,
  leafOf_: usize,
  countBits_: i32,
  gradientScale_: f32,
  hessianScale_: f32,
): void {
  records = records_
  stride = stride_
  features = features_
  order = order_
  spare = spare_
  scores = scores_
  labels = labels_
  leafOf = leafOf_
  countBits = countBits_
  gradientScale = gradientScale_
  hessianScale = hessianScale_
}

/** Turns of spinning: least, and most, which take about as long as waking a sleeper does, or a few times that. */
const LEAST: i32 = 10000
const MOST: i32 = 300000
/** One of so many waits that came to nothing at the least is tried for the most: whether spinning pays again is not seen otherwise. */
const TRIED: i32 = 32
let patience: i32 = LEAST
let vain: i32 = 0

/**
 * Waits until `threads` callers have arrived. `at` holds two int32: arrivals and the generation. A caller that sleeps is late at the next
 * barrier, where the others fall asleep in turn, so it spins for as long as that has been of use: where threads have a core each nobody
 * sleeps, and where they share one spinning keeps away who is waited for.
 */
export function barrier(at: usize, threads: i32): void {
  const generation = atomic.load<i32>(at, 4)
  if (atomic.add<i32>(at, 1) == threads - 1) {
    atomic.store<i32>(at, 0)
    atomic.add<i32>(at, 1, 4)
    atomic.notify(at + 4, -1)
    return
  }
  const turns = vain % TRIED == TRIED - 1 ? MOST : patience
  for (let spin = 0; spin < turns; spin++)
    if (atomic.load<i32>(at, 4) != generation) {
      if (spin > patience >> 1) patience = min(MOST, 4 * spin)
      return
    }
  patience = max(LEAST, patience >> 1)
  vain++
  while (atomic.load<i32>(at, 4) == generation) atomic.wait<i32>(at + 4, generation, -1)
}
