import { NUMBERS } from './numbers.ts'

/** Threads fold their parts 64 to one. */
export const FOLD = 64

/**
 * What one thread found, as words: WGSL's `Part`, `NOTHING`, `part(at)` and `put(at, part)` to read and write it in
 * `parts`, and `both` that puts two together, in whatever order.
 */
export interface Part {
  readonly words: number
  readonly code: string
}

/** 64 parts as the first of them, in their order. */
export const gather = ({ words, code }: Part): string => `${NUMBERS}${code}
fn main(thread: u32) {
  let at = thread * ${FOLD * words}u;
  if (thread * ${FOLD}u >= place[2]) { return; }
  var own = part(at);
  let end = min(place[2] * ${words}u, at + ${FOLD * words}u);
  for (var next = at + ${words}u; next < end; next += ${words}u) { own = both(own, part(next)); }
  put(at, own);
}`
