import { type Field, isDecimal, isFloat, isInteger, type Type, typeName } from '../../../plan/types.ts'
import type { DeviceTable, TableColumn } from '../table.ts'
import { DeviceGap } from '../wgsl/emit.ts'
import { PRELUDE } from '../wgsl/prelude.ts'
import { type Job, read, write } from './job.ts'

/**
 * Any number as a float64 in two words, and what is computed with it in integers, so that every device gives the same
 * bits. A missing value is NaN; WGSL lets compilers assume that there is no NaN, so it never becomes an f32.
 */
export const NUMBERS = `${PRELUDE}
const NAN64 = vec2u(0u, 0x7ff80000u);
fn nan64(b: vec2u) -> bool {
  let high = b.y & 0x7fffffffu;
  return (high > 0x7ff00000u) | ((high == 0x7ff00000u) & (b.x != 0u));
}
fn finite64(b: vec2u) -> bool { return (b.y & 0x7ff00000u) != 0x7ff00000u; }
fn shl64(a: vec2u, n: u32) -> vec2u {
  let s = n & 31u;
  let carried = select(0u, a.x >> ((32u - s) & 31u), s != 0u);
  return select(vec2u(a.x << s, (a.y << s) | carried), vec2u(0u, a.x << s), n >= 32u);
}
fn shr64(a: vec2u, n: u32) -> vec2u {
  let s = n & 31u;
  let carried = select(0u, a.y << ((32u - s) & 31u), s != 0u);
  let near = select(vec2u((a.x >> s) | carried, a.y >> s), vec2u(a.y >> s, 0u), n >= 32u);
  return select(near, vec2u(0u, 0u), n >= 64u);
}
fn topBit(a: vec2u) -> u32 { return select(firstLeadingBit(a.x), 32u + firstLeadingBit(a.y), a.y != 0u); }
/** Nearest, ties to even. */
fn fromInt64(a: vec2u) -> vec2u {
  let m = magnitude(a);
  if (zero64(m)) { return m; }
  let p = topBit(m);
  var fraction = shl64(m, 52u - min(p, 52u));
  if (p > 52u) {
    let drop = p - 52u;
    let rest = m.x & ((1u << drop) - 1u);
    let half = 1u << (drop - 1u);
    fraction = shr64(m, drop);
    let up = (rest > half) | ((rest == half) & ((fraction.x & 1u) != 0u));
    fraction = add64(fraction, vec2u(u32(up), 0u));
  }
  let bits = add64(sub64(fraction, vec2u(0u, 0x100000u)), vec2u(0u, (1023u + p) << 20u));
  return vec2u(bits.x, bits.y | (a.y & 0x80000000u));
}
fn fromFloat32(b: u32) -> vec2u {
  let sign = b & 0x80000000u;
  let exponent = (b >> 23u) & 255u;
  let m = b & 0x7fffffu;
  if (exponent == 255u) { return vec2u(m << 29u, sign | 0x7ff00000u | (m >> 3u)); }
  if ((exponent | m) == 0u) { return vec2u(0u, sign); }
  let p = select(23u, firstLeadingBit(m), exponent == 0u);
  let fraction = (m << (23u - p)) & 0x7fffffu;
  // a number below the normal ones is m · 2^-149
  let wide = select(exponent + 896u, p + 874u, exponent == 0u);
  return vec2u(fraction << 29u, sign | (wide << 20u) | (fraction >> 3u));
}
/** Its exponent; that of a number below the normal ones and of 0 is the least. */
fn exponent64(b: vec2u) -> i32 { return i32(max((b.y >> 20u) & 2047u, 1u)) - 1023; }
/** A finite number in units of 2^(top - 61), cut off; \`top\` is at least its exponent. */
fn fixed64(b: vec2u, top: i32) -> vec2u {
  let normal = u32((b.y & 0x7ff00000u) != 0u);
  let m = vec2u(b.x, (b.y & 0xfffffu) | (normal << 20u));
  let by = exponent64(b) - top + 9;
  let fixed = select(shr64(m, u32(max(-by, 0))), shl64(m, u32(max(by, 0))), by >= 0);
  return select(fixed, neg64(fixed), negative(b));
}
/** A float64 by its place in the order. */
fn unordered64(key: vec2u) -> vec2u { return select(~key, vec2u(key.x, key.y ^ 0x80000000u), negative(key)); }
/** A finite number as the sum of two f32, to 48 bits; beyond what an f32 holds it is the largest. */
fn float2(b: vec2u) -> vec2f {
  let e = exponent64(b);
  let sign = b.y & 0x80000000u;
  if (e > 127) { return vec2f(bitcast<f32>(sign | 0x7f7fffffu), 0.0); }
  if (e < -126) { return vec2f(0.0, 0.0); }
  let high = bitcast<f32>(sign | (u32(e + 127) << 23u) | ((b.y & 0xfffffu) << 3u) | (b.x >> 29u));
  let unit = select(0u, u32(e + 80) << 23u, e >= -79);
  return vec2f(high, f32((b.x & 0x1fffffffu) >> 5u) * bitcast<f32>(sign | unit));
}
/** The difference of two numbers of two f32 each. */
fn minus2(a: vec2f, b: vec2f) -> f32 { return (a.x - b.x) + (a.y - b.y); }
fn add96(a: vec3u, b: vec3u) -> vec3u {
  let low = add64(a.xy, b.xy);
  return vec3u(low, a.z + b.z + u32(below64(low, a.xy)));
}
`

/** The value of a present row in words, as a float64. */
function present({ rep, field }: TableColumn): string {
  const word = 'values[about[1] + row]'
  const pair = 'vec2u(values[about[1] + row * 2u], values[about[1] + row * 2u + 1u])'
  if (rep === 'bool')
    return 'select(vec2u(0u, 0u), vec2u(0u, 0x3ff00000u), ((values[about[1] + (row >> 5u)] >> (row & 31u)) & 1u) != 0u)'
  if (rep === 'i32') return `fromInt64(wide(bitcast<i32>(${word})))`
  if (field.type === 'float32') return `fromFloat32(${word})`
  return field.type === 'float64' ? pair : `fromInt64(${pair})`
}

/** Whether a type is a number: a bool, an integer, a float; a time or a date counts as its units. */
const isNumber = (type: Type): boolean =>
  type === 'bool' || isInteger(type) || isFloat(type) || (type !== 'string' && !isDecimal(type))

/**
 * Puts a column as float64 into `out`, from value `at` on: NaN where it is missing. Other kernels then know one type.
 * @throws DeviceGap for a column that is not a number
 */
export async function widen(
  job: Job,
  { rows }: DeviceTable,
  column: TableColumn,
  out: GPUBuffer,
  at = 0,
): Promise<void> {
  const { field, values, validity } = column
  if (!isNumber(field.type))
    throw new DeviceGap('learn', `"${field.name}" is a ${typeName(field.type)}, which is no number on the device`)
  const gone = validity ? '((valid[about[2] + (row >> 5u)] >> (row & 31u)) & 1u) == 0u' : 'false'
  const code = `${NUMBERS}
fn main(row: u32) {
  if (row < about[0]) { wide64[about[3] + row] = select(${present(column)}, NAN64, ${gone}); }
}`
  const about = job.words(rows, values.at, validity?.at ?? 0, at)
  const valid = (validity ?? values).buffer
  await job.run(
    code,
    { values: read(values.buffer), valid: read(valid), about: read(about), wide64: write(out, 'vec2u') },
    rows,
  )
}

/** A column of a table by its name. */
export function columnOf({ columns }: DeviceTable, name: string): TableColumn & { readonly field: Field } {
  const found = columns.find((c) => c.field.name === name)
  if (!found) throw new DeviceGap('learn', `the device holds no column "${name}"`)
  return found
}
