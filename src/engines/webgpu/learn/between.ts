/** Halfway between two numbers, as float64 computes it: halves, then their sum to the nearest, ties to even. Needs `NUMBERS`. */
export const BETWEEN = /* wgsl */ `
fn half64(b: vec2u) -> vec2u {
  if (((b.y >> 20u) & 2047u) >= 2u) { return vec2u(b.x, b.y - 0x100000u); }
  let m = vec2u(b.x, b.y & 0x1fffffu);
  let h = shr64(m, 1u);
  let rounded = add64(h, vec2u(m.x & h.x & 1u, 0u));
  return vec2u(rounded.x, rounded.y | (b.y & 0x80000000u));
}
fn digits64(b: vec2u) -> vec2u {
  return shl64(vec2u(b.x, (b.y & 0xfffffu) | select(0u, 0x100000u, (b.y & 0x7ff00000u) != 0u)), 9u);
}
fn sum64(x: vec2u, y: vec2u) -> vec2u {
  let swap = below64(vec2u(x.x, x.y & 0x7fffffffu), vec2u(y.x, y.y & 0x7fffffffu));
  let a = select(x, y, swap);
  let b = select(y, x, swap);
  let e = exponent64(a);
  let by = u32(e - exponent64(b));
  let whole = digits64(b);
  let shifted = shr64(whole, min(by, 64u));
  let lost = !same64(shl64(shifted, min(by, 63u)), whole);
  let small = vec2u(shifted.x | u32(lost), shifted.y);
  let apart = negative(a) != negative(b);
  var r = select(add64(digits64(a), small), sub64(digits64(a), small), apart);
  if (zero64(r)) { return r; }
  let p = topBit(r);
  var exponent = e + 1023;
  if (p > 61u) {
    r = vec2u(shr64(r, 1u).x | (r.x & 1u), shr64(r, 1u).y);
    exponent += 1;
  } else {
    // below the normal numbers there is no further to go
    let up = min(61u - p, u32(exponent - 1));
    r = shl64(r, up);
    exponent -= i32(up);
  }
  let q = shr64(r, 9u);
  let rest = r.x & 511u;
  let round = (rest > 256u) | ((rest == 256u) & ((q.x & 1u) != 0u));
  let bits = add64(add64(q, vec2u(u32(round), 0u)), vec2u(0u, u32(exponent - 1) << 20u));
  return vec2u(bits.x, bits.y | (a.y & 0x80000000u));
}
/** By places in the order: one that is not below the first and below the second. */
fn between(a: vec2u, b: vec2u) -> vec2u {
  let x = unordered64(a);
  let y = unordered64(b);
  if (!finite64(x) | !finite64(y)) { return a; }
  let m = order64(sum64(half64(x), half64(y)));
  return select(a, m, !below64(m, a) & below64(m, b));
}
`
