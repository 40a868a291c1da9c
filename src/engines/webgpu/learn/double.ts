/**
 * Numbers as sums of two f32, about 48 bits, for decisions that f32 is too coarse for (Dekker 1971, Knuth). A compiler that
 * reorders sums of floats takes the second part away, and leaves f32.
 */
export const DOUBLE = /* wgsl */ `
fn quickSum(a: f32, b: f32) -> vec2f { let s = a + b; return vec2f(s, b - (s - a)); }
fn twoSum(a: f32, b: f32) -> vec2f {
  let s = a + b;
  let v = s - a;
  return vec2f(s, (a - (s - v)) + (b - v));
}
fn add2(a: vec2f, b: vec2f) -> vec2f {
  let s = twoSum(a.x, b.x);
  let t = twoSum(a.y, b.y);
  let c = quickSum(s.x, s.y + t.x);
  return quickSum(c.x, c.y + t.y);
}
/** Halves of twelve bits, whose products are exact. */
fn halves(a: f32) -> vec2f { let h = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u); return vec2f(h, a - h); }
fn mul2(a: vec2f, b: vec2f) -> vec2f {
  let p = a.x * b.x;
  let x = halves(a.x);
  let y = halves(b.x);
  let e = ((x.x * y.x - p) + x.x * y.y + x.y * y.x) + x.y * y.y;
  return quickSum(p, e + (a.x * b.y + a.y * b.x));
}
fn div2(a: vec2f, b: vec2f) -> vec2f {
  let q = a.x / b.x;
  let r = add2(a, -mul2(b, vec2f(q, 0.0)));
  let p = r.x / b.x;
  let o = add2(r, -mul2(b, vec2f(p, 0.0))).x / b.x;
  return add2(quickSum(q, p), vec2f(o, 0.0));
}
fn above2(a: vec2f, b: vec2f) -> bool { return (a.x > b.x) | ((a.x == b.x) & (a.y > b.y)); }
/** An integer of 64 bits in units of a power of two. */
fn number2(v: vec2u, unit: f32) -> vec2f {
  let m = magnitude(v);
  let top = f32(m.y >> 16u) * 281474976710656.0;
  let middle = f32(((m.y & 0xffffu) << 8u) | (m.x >> 24u)) * 16777216.0;
  let all = add2(twoSum(top, middle), vec2f(f32(m.x & 0xffffffu), 0.0)) * unit;
  return select(all, -all, negative(v));
}
`
