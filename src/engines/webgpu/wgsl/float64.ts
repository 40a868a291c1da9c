/**
 * Arithmetic on float64 in WGSL, which has none: IEEE 754 to the bit, rounded to nearest with ties to even, on integers of
 * 64 bits in two words (John Hauser's SoftFloat is the model). What is not a number comes out as one NaN. A significand in
 * the making has its leading bit at bit 62: 53 bits, then ten more to round by, the last of which stands for all beyond.
 * It needs `PRELUDE` before it, and nothing in it branches.
 */
export const FLOAT64 = /* wgsl */ `
const NAN64 = vec2u(0u, 0x7ff80000u);
fn shl64(a: vec2u, n: u32) -> vec2u {
  let s = n & 31u;
  let one = vec2u(a.x << s, (a.y << s) | select(a.x >> (32u - s), 0u, s == 0u));
  return select(select(one, vec2u(0u, a.x << s), n >= 32u), vec2u(0u, 0u), n >= 64u);
}
fn shr64(a: vec2u, n: u32) -> vec2u {
  let s = n & 31u;
  let one = vec2u((a.x >> s) | select(a.y << (32u - s), 0u, s == 0u), a.y >> s);
  return select(select(one, vec2u(a.y >> s, 0u), n >= 32u), vec2u(0u, 0u), n >= 64u);
}
/** Shifted right; the last bit is set where a bit was lost: one that is lower than the shift goes far. */
fn jam64(a: vec2u, n: u32) -> vec2u {
  let r = shr64(a, n);
  let lowest = select(countTrailingZeros(a.x), 32u + countTrailingZeros(a.y), a.x == 0u);
  return vec2u(r.x | u32((lowest < n) & !zero64(a)), r.y);
}
fn halved(a: vec2u) -> vec2u { return vec2u((a.x >> 1u) | (a.y << 31u) | (a.x & 1u), a.y >> 1u); }
fn twice(a: vec2u) -> vec2u { return vec2u(a.x << 1u, (a.y << 1u) | (a.x >> 31u)); }
fn raised(a: vec2u) -> vec2u { return vec2u(a.x << 10u, (a.y << 10u) | (a.x >> 22u)); }
fn clz64(a: vec2u) -> u32 { return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u); }
fn exponentOf(a: vec2u) -> i32 { return i32((a.y >> 20u) & 0x7ffu); }
fn magnitudeOf(a: vec2u) -> vec2u { return vec2u(a.x, a.y & 0x7fffffffu); }
fn isNan(a: vec2u) -> bool { return below64(vec2u(0u, 0x7ff00000u), magnitudeOf(a)); }
fn isInf(a: vec2u) -> bool { return same64(vec2u(0u, 0x7ff00000u), magnitudeOf(a)); }
/** The 53 bits of a number; those of one below the normal ones have no leading bit. */
fn significandOf(a: vec2u) -> vec2u {
  return vec2u(a.x, (a.y & 0xfffffu) | select(0u, 0x100000u, exponentOf(a) != 0));
}
/** A significand and its exponent, which may be beyond what a float64 has, as the nearest number. */
fn pack64(sign: u32, exponent: i32, significand: vec2u) -> vec2u {
  let below = exponent < 1;
  let s = jam64(significand, select(0u, u32(min(1 - exponent, 64)), below));
  let e = select(exponent, 1, below);
  let tail = s.x & 0x3ffu;
  let more = add64(s, vec2u(0x200u, 0u));
  let up = vec2u((more.x >> 10u) | (more.y << 22u), more.y >> 10u);
  let even = vec2u(up.x & ~u32(tail == 0x200u), up.y);
  // a leading bit, and a carry out of rounding, raise the exponent by themselves
  let made = vec2u(even.x, even.y + (u32(min(e, 0x7ff) - 1) << 20u));
  let over = (e >= 0x7ff) | (made.y >= 0x7ff00000u);
  let r = select(made, vec2u(0u, 0x7ff00000u), over);
  return vec2u(r.x, r.y | (sign << 31u));
}
fn neg_f64(a: vec2u) -> vec2u { return vec2u(a.x, a.y ^ 0x80000000u); }
fn add_f64(a: vec2u, b: vec2u) -> vec2u {
  let swap = below64(magnitudeOf(a), magnitudeOf(b));
  let x = select(a, b, swap);
  let y = select(b, a, swap);
  let ex = max(exponentOf(x), 1);
  let apart = u32(ex - max(exponentOf(y), 1));
  let big = raised(significandOf(x));
  let little = jam64(raised(significandOf(y)), apart);
  let differ = ((x.y ^ y.y) >> 31u) != 0u;
  let sum = select(add64(big, little), sub64(big, little), differ);
  // the leading bit is brought to bit 62, as far as the exponent goes down
  let zeros = clz64(sum);
  let down = min(select(zeros - 1u, 0u, zeros == 0u), u32(ex - 1));
  let s = select(shl64(sum, down), halved(sum), zeros == 0u);
  let e = select(ex - i32(down), ex + 1, zeros == 0u);
  let made = pack64(x.y >> 31u, e, s);
  let none = vec2u(0u, select(x.y & 0x80000000u, 0u, differ));
  let r = select(select(made, none, zero64(sum)), x, exponentOf(x) == 0x7ff);
  return select(r, NAN64, isNan(a) | isNan(b) | (isInf(a) & isInf(b) & differ));
}
fn sub_f64(a: vec2u, b: vec2u) -> vec2u { return add_f64(a, neg_f64(b)); }
struct Normal { exponent: i32, significand: vec2u }
/** A number other than 0 with a leading bit at bit 52. */
fn normalOf(a: vec2u) -> Normal {
  let s = significandOf(a);
  let up = clz64(s) - 11u;
  return Normal(max(exponentOf(a), 1) - i32(up), shl64(s, up));
}
fn mul_f64(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.y ^ b.y) >> 31u;
  let x = normalOf(a);
  let y = normalOf(b);
  let p = raised(x.significand);
  let q = twice(raised(y.significand));
  let ll = mul32(p.x, q.x);
  let lh = mul32(p.x, q.y);
  let hl = mul32(p.y, q.x);
  let hh = mul32(p.y, q.y);
  let middle = add64(add64(vec2u(ll.y, 0u), vec2u(lh.x, 0u)), vec2u(hl.x, 0u));
  let high = add64(add64(hh, vec2u(lh.y, 0u)), add64(vec2u(hl.y, 0u), vec2u(middle.y, 0u)));
  let product = vec2u(high.x | u32((ll.x | middle.x) != 0u), high.y);
  let short = (product.y & 0x40000000u) == 0u;
  let e = x.exponent + y.exponent - 1023 + select(1, 0, short);
  let made = pack64(sign, e, select(product, twice(product), short));
  let none = zero64(magnitudeOf(a)) | zero64(magnitudeOf(b));
  let endless = isInf(a) | isInf(b);
  let r = select(select(made, vec2u(0u, sign << 31u), none), vec2u(0u, (sign << 31u) | 0x7ff00000u), endless);
  return select(r, NAN64, isNan(a) | isNan(b) | (none & endless));
}
fn div_f64(a: vec2u, b: vec2u) -> vec2u {
  let sign = (a.y ^ b.y) >> 31u;
  let x = normalOf(a);
  let y = normalOf(b);
  let short = below64(x.significand, y.significand);
  var rest = select(x.significand, twice(x.significand), short);
  var q = vec2u(0u, 0u);
  for (var i = 0u; i < 56u; i++) {
    let fits = !below64(rest, y.significand);
    q = vec2u((q.x << 1u) | u32(fits), (q.y << 1u) | (q.x >> 31u));
    rest = select(rest, sub64(rest, y.significand), fits);
    rest = vec2u(rest.x << 1u, (rest.y << 1u) | (rest.x >> 31u));
  }
  let s = vec2u(q.x << 7u, (q.y << 7u) | (q.x >> 25u));
  let made = pack64(sign, x.exponent - y.exponent + 1023 - i32(short), vec2u(s.x | u32(!zero64(rest)), s.y));
  let zeroA = zero64(magnitudeOf(a));
  let zeroB = zero64(magnitudeOf(b));
  let none = zeroA | isInf(b);
  let endless = zeroB | isInf(a);
  let r = select(select(made, vec2u(0u, sign << 31u), none), vec2u(0u, (sign << 31u) | 0x7ff00000u), endless);
  return select(r, NAN64, isNan(a) | isNan(b) | (zeroA & zeroB) | (isInf(a) & isInf(b)));
}
/** The root to 55 bits, digit by digit; the rest says whether there is more. */
fn sqrt_f64(a: vec2u) -> vec2u {
  let x = normalOf(a);
  let e = x.exponent - 1023;
  // the significand is in [1, 4) with an even exponent; its bits are taken two at a time from bit 54 on
  let odd = (e & 1) != 0;
  let bits = select(x.significand, twice(x.significand), odd);
  var root = vec2u(0u, 0u);
  var rest = vec2u(0u, 0u);
  for (var i = 0u; i < 56u; i++) {
    let pair = select(0u, shr64(bits, 52u - min(2u * i, 52u)).x & 3u, i < 27u);
    rest = vec2u((rest.x << 2u) | pair, (rest.y << 2u) | (rest.x >> 30u));
    let trial = vec2u((root.x << 2u) | 1u, (root.y << 2u) | (root.x >> 30u));
    let fits = !below64(rest, trial);
    rest = select(rest, sub64(rest, trial), fits);
    root = vec2u((root.x << 1u) | u32(fits), (root.y << 1u) | (root.x >> 31u));
  }
  let s = vec2u(root.x << 7u, (root.y << 7u) | (root.x >> 25u));
  let made = pack64(0u, (e >> 1u) + 1023, vec2u(s.x | u32(!zero64(rest)), s.y));
  let r = select(made, a, zero64(magnitudeOf(a)) | same64(a, vec2u(0u, 0x7ff00000u)));
  return select(r, NAN64, isNan(a) | (negative(a) & !zero64(magnitudeOf(a))));
}
/** A magnitude of 64 bits, times 2 to the power of \`shift\`. */
fn unsigned_f64(sign: u32, m: vec2u, shift: i32) -> vec2u {
  let zeros = clz64(m);
  let s = select(shl64(m, zeros - 1u), halved(m), zeros == 0u);
  return select(pack64(sign, 1086 - i32(zeros) + shift, s), vec2u(0u, 0u), zero64(m));
}
fn long_f64(a: vec2u) -> vec2u { return unsigned_f64(a.y >> 31u, magnitude(a), 0); }
/** An integer of 96 bits in two's complement: 32 high ones over 64. */
fn sum_f64(low: vec2u, high: u32) -> vec2u {
  let minus = (high >> 31u) != 0u;
  let l = select(low, neg64(low), minus);
  let h = select(high, ~high + u32(zero64(low)), minus);
  let shift = 32u - countLeadingZeros(h);
  let s = jam64(l, shift);
  let top = shl64(vec2u(h, 0u), 64u - shift);
  return unsigned_f64(u32(minus), select(vec2u(s.x | top.x, s.y | top.y), l, h == 0u), i32(shift));
}
/** The integer part as an integer, where it fits (\`longOver\`). */
fn f64_long(a: vec2u) -> vec2u {
  let e = exponentOf(a) - 1075;
  let s = significandOf(a);
  let m = select(shr64(s, u32(min(-e, 64))), shl64(s, u32(clamp(e, 0, 63))), e >= 0);
  return select(m, neg64(m), negative(a));
}
fn longOver(a: vec2u) -> bool {
  return (exponentOf(a) >= 1086) & !same64(a, vec2u(0u, 0xc3e00000u));
}
/** A whole number near \`a\`: 0 toward zero, 1 half away from zero, 2 down, 3 up. */
fn whole_f64(a: vec2u, how: u32) -> vec2u {
  let sign = a.y & 0x80000000u;
  let m = magnitudeOf(a);
  let e = exponentOf(a) - 1023;
  let mask = sub64(shl64(vec2u(1u, 0u), u32(clamp(52 - e, 0, 63))), vec2u(1u, 0u));
  let away = (how == 2u + u32(sign == 0u)) & (how >= 2u);
  let half = select(vec2u(0u, 0u), shl64(vec2u(1u, 0u), u32(clamp(51 - e, 0, 63))), how == 1u);
  let up = add64(m, select(half, mask, away));
  let large = vec2u(up.x & ~mask.x, up.y & ~mask.y);
  let one = select((how == 1u) & (e == -1), !zero64(m), away);
  let little = vec2u(0u, select(0u, 0x3ff00000u, one));
  let r = select(select(large, little, e < 0), m, e >= 52);
  return select(vec2u(r.x, r.y | sign), NAN64, isNan(a));
}
fn single_f64(a: u32) -> vec2u {
  let sign = a & 0x80000000u;
  let e = i32((a >> 23u) & 0xffu);
  let m = a & 0x7fffffu;
  let normal = vec2u(m << 29u, (m >> 3u) | (u32(e + 896) << 20u));
  let little = magnitudeOf(unsigned_f64(0u, vec2u(m, 0u), -149));
  let endless = select(vec2u(0u, 0x7ff00000u), NAN64, m != 0u);
  let r = select(select(normal, little, e == 0), endless, e == 255);
  return vec2u(r.x, r.y | sign);
}
fn f64_single(a: vec2u) -> u32 {
  let e = exponentOf(a) - 896;
  let below = e < 1;
  let s = jam64(jam64(significandOf(a), 22u), select(0u, u32(min(1 - e, 40)), below)).x;
  let tail = s & 0x7fu;
  let up = ((s + 0x40u) >> 7u) & ~u32(tail == 0x40u);
  let made = up + (u32(clamp(e, 1, 255) - 1) << 23u);
  let r = select(select(made, 0x7f800000u, made >= 0x7f800000u), 0x7fc00000u, isNan(a));
  return r | (a.y & 0x80000000u);
}
`

/** A float64's literal. */
export function float64Text(x: number): string {
  const [low, high] = new Uint32Array(Float64Array.of(x).buffer)
  return `vec2u(${low}u, ${high}u)`
}
