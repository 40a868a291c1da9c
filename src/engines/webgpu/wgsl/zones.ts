import { offsetsOf } from '../../../plan/functions/zones.ts'
import { longText } from './decimals.ts'
import type { Code, Emitter } from './emit.ts'
import type { Write } from './writes.ts'

/** µs of a second. */
const SECOND = 1_000_000n
const LEAST = -(2n ** 63n)

/**
 * Offsets from UTC by a table in \`constants\`: from when on, µs in two words, and how much, seconds; ascending. Beyond the
 * table its ends go on, or, where `repeats` holds the moment (µs) its last years begin and they last, those years again.
 */
export const ZONES = /* wgsl */ `
fn zoneOffset(at: u32, size: u32, repeats: vec4u, moment: vec2u) -> vec2u {
  var t = moment;
  if (repeats.z + repeats.w > 0u) {
    let end = add64(repeats.xy, repeats.zw);
    while (!less64(t, end)) { t = sub64(t, repeats.zw); }
  }
  var low = 0u;
  var high = size - 1u;
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    let place = at + middle * 3u;
    if (less64(t, vec2u(constants[place], constants[place + 1u]))) { high = middle - 1u; } else { low = middle; }
  }
  return mul64(wide(bitcast<i32>(constants[at + low * 3u + 2u])), vec2u(1000000u, 0u));
}
fn localOf(t: vec2u, at: u32, size: u32, repeats: vec4u) -> vec2u { return add64(t, zoneOffset(at, size, repeats, t)); }
/** Of a time that is there twice the first; one that is not there goes forward by the gap. */
fn instantOf(t: vec2u, at: u32, size: u32, repeats: vec4u) -> vec2u {
  let day = vec2u(500654080u, 20u);
  let back = sub64(t, day);
  let forth = add64(t, day);
  let before = zoneOffset(at, size, repeats, select(back, ${longText(LEAST)}, subOver(t, day, back)));
  let after = zoneOffset(at, size, repeats, select(forth, ${longText(-LEAST - 1n)}, addOver(t, day, forth)));
  let less = less64(before, after);
  let large = select(before, after, less);
  let small = select(after, before, less);
  if (same64(zoneOffset(at, size, repeats, sub64(t, large)), large)) { return sub64(t, large); }
  if (same64(zoneOffset(at, size, repeats, sub64(t, small)), small)) { return sub64(t, small); }
  return sub64(t, before);
}`

export const needsZones = (lines: readonly string[]): boolean =>
  lines.some((line) => /\b(localOf|instantOf)\(/.test(line))

/** Wall clocks and instants by `fn`; without a zone they are of UTC, and stand as they are. */
export const zoned =
  (fn: 'localOf' | 'instantOf'): Write =>
  (e, args, type) => {
    const [a, zone] = args as readonly [Code, Code?]
    if (!zone) return e.code(type, a.v, a.s)
    const { at, size, repeats } = tableOf(e, String(zone.literal))
    return e.code(type, `${fn}(${a.v}, ${at}u, ${size}u, ${repeats})`, a.s)
  }

const words = (micros: bigint): number[] => {
  const bits = BigInt.asUintN(64, micros)
  return [Number(bits & 0xffffffffn), Number(bits >> 32n)]
}

function tableOf(e: Emitter, zone: string): { at: number; size: number; repeats: string } {
  const { from, offset, repeats } = offsetsOf(zone)
  const table = [...from].flatMap((second, i) => [
    ...words(second === Number.NEGATIVE_INFINITY ? LEAST : BigInt(second) * SECOND),
    (offset[i] as number) >>> 0,
  ])
  const again = repeats
    ? [repeats.from - repeats.cycle, repeats.cycle].flatMap((s) => words(BigInt(s) * SECOND))
    : [0, 0, 0, 0]
  return {
    at: e.shared(`zone ${zone}`, table),
    size: from.length,
    repeats: `vec4u(${again.map((w) => `${w}u`).join(', ')})`,
  }
}
