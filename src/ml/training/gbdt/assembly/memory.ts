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

/** Waits until `threads` callers have arrived. `at` holds two int32: arrivals and the generation. */
export function barrier(at: usize, threads: i32): void {
  const generation = atomic.load<i32>(at, 4)
  if (atomic.add<i32>(at, 1) == threads - 1) {
    atomic.store<i32>(at, 0)
    atomic.add<i32>(at, 1, 4)
    atomic.notify(at + 4, -1)
    return
  }
  for (let spin = 0; spin < 20000; spin++) if (atomic.load<i32>(at, 4) != generation) return
  while (atomic.load<i32>(at, 4) == generation) atomic.wait<i32>(at + 4, generation, -1)
}
