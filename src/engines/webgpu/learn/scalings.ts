/// <reference types="@webgpu/types" />
import { SCALING } from './design.ts'
import { DOUBLE } from './double.ts'
import { type Job, read, write } from './job.ts'
import { NUMBERS } from './numbers.ts'
import { RECORD } from './stats.ts'

/**
 * How a column is standardised, from its record: mean and deviation in two f32 each. One that f32 does not hold has a scale of
 * 0, as one that is constant; the host tells them apart when both have come down.
 */
const SCALE = `${NUMBERS}${DOUBLE}
fn whole96(high: u32, middle: u32, low: u32) -> vec2f {
  var sum = twoSum(f32(high >> 16u) * 1208925819614629174706176.0, f32(high & 0xffffu) * 18446744073709551616.0);
  sum = add2(sum, twoSum(f32(middle >> 16u) * 281474976710656.0, f32(middle & 0xffffu) * 4294967296.0));
  return add2(sum, twoSum(f32(low >> 16u) * 65536.0, f32(low & 0xffffu)));
}
fn hold(at: u32, v: vec2f) { scalings[at] = bitcast<u32>(v.x); scalings[at + 1u] = bitcast<u32>(v.y); }
fn main(i: u32) {
  if (i >= about[0]) { return; }
  let from_ = i * ${RECORD}u;
  let to = i * ${SCALING}u;
  let n = records[from_];
  if (n == 0u) { return; }
  let count = twoSum(f32(n >> 16u) * 65536.0, f32(n & 0xffffu));
  let least = vec2u(records[from_ + 3u], records[from_ + 4u]);
  let most = vec2u(records[from_ + 5u], records[from_ + 6u]);
  let smallest = float2(least);
  let largest = float2(most);
  // steps of a power of two, from the smallest value on
  let power = bitcast<i32>(records[from_ + 7u]) - 61 + i32(records[from_ + 8u]);
  let mean = div2(whole96(0u, records[from_ + 12u], records[from_ + 11u]), count);
  let squares = div2(whole96(records[from_ + 15u], records[from_ + 14u], records[from_ + 13u]), count);
  let variance = add2(squares, -mul2(mean, mean));
  let step = bitcast<f32>(u32(clamp(power, -126, 127) + 127) << 23u);
  hold(to + 1u, add2(smallest, mean * step));
  hold(to + 3u, smallest);
  hold(to + 5u, largest);
  let deviation = sqrt(max(variance.x, 0.0)) * step;
  let held = !same64(least, most) & (power >= -126) & (power <= 96) & (deviation > 1e-30) & (deviation < 1e30)
    & (max(abs(smallest.x), abs(largest.x)) < 1e30);
  scalings[to] = select(0u, bitcast<u32>(1.0 / max(deviation, 1e-30)), held);
}`

/** The scalings of columns whose records lie on the device (`measure`): `SCALING` words a column, which stay there. */
export async function scalingsOf(job: Job, records: GPUBuffer, columns: number): Promise<GPUBuffer> {
  const scalings = job.buffer(columns * SCALING)
  const about = read(job.words(columns))
  await job.run(SCALE, { records: read(records), about, scalings: write(scalings) }, columns)
  return scalings
}
