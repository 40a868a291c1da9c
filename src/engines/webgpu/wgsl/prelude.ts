/**
 * 64-bit arithmetic in WGSL, which has 32 bits only: an integer is its two's complement in two words, low word first, as
 * it lies in memory. A float is never computed with: it is compared by its bits, in an order in which −0 is 0 and NaN
 * comes last and equals itself.
 */
export const PRELUDE = /* wgsl */ `
fn add64(a: vec2u, b: vec2u) -> vec2u {
  let lo = a.x + b.x;
  return vec2u(lo, a.y + b.y + u32(lo < a.x));
}
fn sub64(a: vec2u, b: vec2u) -> vec2u { return vec2u(a.x - b.x, a.y - b.y - u32(a.x < b.x)); }
fn neg64(a: vec2u) -> vec2u { return sub64(vec2u(0u, 0u), a); }
fn negative(a: vec2u) -> bool { return (a.y >> 31u) != 0u; }
fn addOver(a: vec2u, b: vec2u, r: vec2u) -> bool { return (((a.y ^ r.y) & (b.y ^ r.y)) >> 31u) != 0u; }
fn subOver(a: vec2u, b: vec2u, r: vec2u) -> bool { return (((a.y ^ b.y) & (a.y ^ r.y)) >> 31u) != 0u; }
fn below64(a: vec2u, b: vec2u) -> bool { return (a.y < b.y) | ((a.y == b.y) & (a.x < b.x)); }
fn less64(a: vec2u, b: vec2u) -> bool { return below64(vec2u(a.x, a.y ^ 0x80000000u), vec2u(b.x, b.y ^ 0x80000000u)); }
fn same64(a: vec2u, b: vec2u) -> bool { return ((a.x ^ b.x) | (a.y ^ b.y)) == 0u; }
fn wide(x: i32) -> vec2u { return vec2u(bitcast<u32>(x), bitcast<u32>(x >> 31u)); }
fn narrow(a: vec2u) -> i32 { return bitcast<i32>(a.x); }
fn fits32(a: vec2u) -> bool { return a.y == bitcast<u32>(bitcast<i32>(a.x) >> 31u); }

fn mul32(a: u32, b: u32) -> vec2u {
  let al = a & 0xffffu; let ah = a >> 16u; let bl = b & 0xffffu; let bh = b >> 16u;
  let low = al * bl;
  let m = ah * bl + (low >> 16u);
  let n = al * bh + (m & 0xffffu);
  return vec2u((n << 16u) | (low & 0xffffu), ah * bh + (m >> 16u) + (n >> 16u));
}
fn magnitude(a: vec2u) -> vec2u { return select(a, neg64(a), negative(a)); }
/** The low 64 bits of a product; \`mulOver\` says whether they are all of it. */
fn mul64(a: vec2u, b: vec2u) -> vec2u {
  let p = mul32(a.x, b.x);
  return vec2u(p.x, p.y + a.x * b.y + a.y * b.x);
}
fn mulOver(a: vec2u, b: vec2u) -> bool {
  let x = magnitude(a); let y = magnitude(b);
  if (x.y != 0u && y.y != 0u) { return true; }
  let cross = add64(mul32(x.x, y.y), mul32(x.y, y.x));
  if (cross.y != 0u) { return true; }
  let low = mul32(x.x, y.x);
  let high = low.y + cross.x;
  if (high < cross.x) { return true; }
  let minus = negative(a) != negative(b);
  // the magnitude 2^63 is that of the smallest number alone
  return high >= 0x80000000u && !(minus && high == 0x80000000u && low.x == 0u);
}

fn neg32(x: i32) -> i32 { return 0i - x; }
fn abs32(x: i32) -> i32 { return abs(x); }
fn least32(x: i32) -> bool { return bitcast<u32>(x) == 0x80000000u; }
fn least64(x: vec2u) -> bool { return (x.x | (x.y ^ 0x80000000u)) == 0u; }
fn zero64(x: vec2u) -> bool { return (x.x | x.y) == 0u; }

struct Division { quotient: vec2u, rest: vec2u }
/** Of magnitudes, bit by bit. */
fn divide64(a: vec2u, b: vec2u) -> Division {
  if (a.y == 0u && b.y == 0u) { return Division(vec2u(a.x / b.x, 0u), vec2u(a.x % b.x, 0u)); }
  var q = a;
  var r = vec2u(0u, 0u);
  for (var i = 0u; i < 64u; i++) {
    let carry = r.y >> 31u;
    r = vec2u((r.x << 1u) | (q.y >> 31u), (r.y << 1u) | (r.x >> 31u));
    q = vec2u(q.x << 1u, (q.y << 1u) | (q.x >> 31u));
    if (carry != 0u || !below64(r, b)) { r = sub64(r, b); q.x |= 1u; }
  }
  return Division(q, r);
}
fn truncDiv(a: vec2u, b: vec2u) -> vec2u {
  let q = divide64(magnitude(a), magnitude(b)).quotient;
  return select(q, neg64(q), negative(a) != negative(b));
}
fn truncMod(a: vec2u, b: vec2u) -> vec2u {
  let r = divide64(magnitude(a), magnitude(b)).rest;
  return select(r, neg64(r), negative(a));
}
/** Half away from zero; the divisor is positive, and below 2^62. */
fn divNear(a: vec2u, b: vec2u) -> vec2u {
  let d = divide64(magnitude(a), b);
  let up = !below64(add64(d.rest, d.rest), b);
  let q = add64(d.quotient, vec2u(u32(up), 0u));
  return select(q, neg64(q), negative(a));
}
/** murmur3's finaliser (Austin Appleby, MurmurHash3.cpp), over the low word and then over that and the high word. */
fn finalise32(x: u32) -> u32 {
  var h = (x ^ (x >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return h ^ (h >> 16u);
}
fn hashOf64(a: vec2u) -> u32 { return finalise32(finalise32(a.x) ^ a.y); }
fn order32(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0xffffffffu; }
  if (bits == 0x80000000u) { return 0x80000000u; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) != 0u);
}
fn order64(bits: vec2u) -> vec2u {
  let high = bits.y & 0x7fffffffu;
  if (high > 0x7ff00000u || (high == 0x7ff00000u && bits.x != 0u)) { return vec2u(0xffffffffu, 0xffffffffu); }
  if (bits.y == 0x80000000u && bits.x == 0u) { return vec2u(0u, 0x80000000u); }
  return select(vec2u(bits.x, bits.y | 0x80000000u), ~bits, negative(bits));
}

/** Year, month and day of a day since 1970 (Howard Hinnant, civil_from_days). */
fn civil(day: i32) -> vec3i {
  // whole eras of 400 years first, so that nothing overflows
  let before = select(-((-1 - day) / 146097) - 1, day / 146097, day >= 0);
  let z = day - before * 146097 + 719468;
  let era = before + z / 146097;
  let doe = z % 146097;
  let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  let mp = (5 * doy + 2) / 153;
  let month = select(mp - 9, mp + 3, mp < 10);
  return vec3i(yoe + era * 400 + i32(month <= 2), month, doy - (153 * mp + 2) / 5 + 1);
}
fn yearStart(year: i32) -> i32 {
  let y = year - 1;
  let floor4 = select((y - 3) / 4, y / 4, y >= 0);
  let floor100 = select((y - 99) / 100, y / 100, y >= 0);
  let floor400 = select((y - 399) / 400, y / 400, y >= 0);
  return y * 365 + floor4 - floor100 + floor400 - 719162;
}
/** 1 for Monday to 7 for Sunday; 1 January 1970 was a Thursday. */
fn weekdayOf(day: i32) -> i32 {
  return (day % 7 + 10) % 7 + 1;
}
/**
 * The day since 1970 of a wall clock in µs. A day has 2^13 · 10546875 of them: shifted, the rest is divided in four steps
 * of 32 bits. Counted from the first whole day of what 64 bits hold, nothing is negative.
 */
fn dayOf(micros: vec2u) -> i32 {
  let all = vec2u(micros.x, micros.y ^ 0x80000000u);
  let first = vec2u(1569873920u, 3u);
  if (below64(all, first)) { return -106751992; }
  let since = sub64(all, first);
  let low = (since.x >> 13u) | (since.y << 19u);
  let head = ((since.y >> 13u) << 8u) | (low >> 24u);
  var q = head / 10546875u;
  var r = head % 10546875u;
  for (var shift = 16i; shift >= 0i; shift -= 8i) {
    let part = (r << 8u) | ((low >> u32(shift)) & 255u);
    q = q * 256u + part / 10546875u;
    r = part % 10546875u;
  }
  return i32(q) - 106751991;
}
/** Its seconds of the day; a second has 2^6 · 15625 µs. */
fn secondOf(micros: vec2u) -> i32 {
  let rest = sub64(micros, mul64(wide(dayOf(micros)), vec2u(500654080u, 20u)));
  return i32(((rest.x >> 6u) | (rest.y << 26u)) / 15625u);
}
`
