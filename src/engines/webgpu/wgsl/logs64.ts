import { FLOAT64, float64Text as f } from './float64.ts'

/*
 * Logarithms and powers of e of float64 as fdlibm has them (Sun Microsystems, 1993: e_log.c, e_log10.c, e_exp.c), which JavaScript computes by, too:
 * each operation is IEEE 754's, so what comes out is the same to the bit. Both ways of a branch are computed, and one is taken.
 */
const LOGS64 = /* wgsl */ `
/** A number above 0 as 2^k · m, with m in [1, 2). */
struct Scaled { k: i32, m: vec2u }
fn scaled(x: vec2u) -> Scaled {
  let n = normalOf(x);
  return Scaled(n.exponent - 1023, vec2u(n.significand.x, (n.significand.y & 0xfffffu) | 0x3ff00000u));
}
fn int_f64(k: i32) -> vec2u { return long_f64(vec2u(bitcast<u32>(k), bitcast<u32>(k >> 31u))); }
/** The logarithm of 0, of what is below, of infinity and of NaN, or \`r\`. */
fn logEdges(x: vec2u, r: vec2u) -> vec2u {
  let a = select(r, x, isInf(x));
  let b = select(a, vec2u(0u, 0xfff00000u), zero64(magnitudeOf(x)));
  return select(b, NAN64, isNan(x) | (negative(x) & !zero64(magnitudeOf(x))));
}
fn log_f64(x: vec2u) -> vec2u {
  let two = scaled(x);
  let high = two.m.y & 0xfffffu;
  // m or m / 2, so that it is near 1
  let half = (high + 0x95f64u) & 0x100000u;
  let dk = int_f64(two.k + i32(half >> 20u));
  let g = sub_f64(vec2u(two.m.x, high | (half ^ 0x3ff00000u)), ${f(1)});
  let near = (0xfffffu & (2u + high)) < 3u;
  let kl = mul_f64(dk, ${f(1.9082149292705877e-10)});
  let r0 = mul_f64(mul_f64(g, g), sub_f64(${f(0.5)}, mul_f64(${f(0.3333333333333333)}, g)));
  let s = div_f64(g, add_f64(${f(2)}, g));
  let z = mul_f64(s, s);
  let w = mul_f64(z, z);
  let t1 = mul_f64(w, add_f64(${f(0.3999999999940942)}, mul_f64(w, add_f64(${f(0.22222198432149784)}, mul_f64(w, ${f(0.15313837699209373)})))));
  let t2 = mul_f64(z, add_f64(${f(0.6666666666666735)}, mul_f64(w, add_f64(${f(0.2857142874366239)}, mul_f64(w, add_f64(${f(0.1818357216161805)}, mul_f64(w, ${f(0.14798198605116586)})))))));
  let r = add_f64(t2, t1);
  let hfsq = mul_f64(mul_f64(${f(0.5)}, g), g);
  let far = ((i32(high) - 0x6147a) | (0x6b851 - i32(high))) > 0;
  let whole = sub_f64(hfsq, add_f64(mul_f64(s, add_f64(hfsq, r)), kl));
  let other = sub_f64(mul_f64(s, sub_f64(g, r)), kl);
  let inner = select(select(other, whole, far), sub_f64(r0, kl), near);
  return logEdges(x, sub_f64(mul_f64(dk, ${f(0.6931471803691238)}), sub_f64(inner, g)));
}
fn log10_f64(x: vec2u) -> vec2u {
  let two = scaled(x);
  let below = u32(two.k < 0);
  let y = int_f64(two.k + i32(below));
  let m = vec2u(two.m.x, (two.m.y & 0xfffffu) | ((0x3ffu - below) << 20u));
  let z = add_f64(mul_f64(y, ${f(3.694239077158931e-13)}), mul_f64(${f(Math.LOG10E)}, log_f64(m)));
  let r = add_f64(z, mul_f64(y, ${f(0.30102999566361177)}));
  return logEdges(x, select(r, vec2u(0u, 0u), same64(x, ${f(1)})));
}
fn exp_f64(x: vec2u) -> vec2u {
  let minus = negative(x);
  let high = x.y & 0x7fffffffu;
  let far = high > 0x3fd62e42u;
  let near = high < 0x3ff0a2b2u;
  let times = f64_long(add_f64(mul_f64(${f(Math.LOG2E)}, x), select(${f(0.5)}, ${f(-0.5)}, minus)));
  let k = select(0, select(bitcast<i32>(times.x), select(1, -1, minus), near), far);
  let t = int_f64(k);
  let hi = sub_f64(x, mul_f64(t, ${f(0.6931471803691238)}));
  let lo = mul_f64(t, ${f(1.9082149292705877e-10)});
  let v = sub_f64(hi, lo);
  let q = mul_f64(v, v);
  let p = add_f64(${f(0.16666666666666602)}, mul_f64(q, add_f64(${f(-0.0027777777777015593)}, mul_f64(q, add_f64(${f(6.613756321437934e-5)}, mul_f64(q, add_f64(${f(-1.6533902205465252e-6)}, mul_f64(q, ${f(4.1381367970572385e-8)}))))))));
  let c = sub_f64(v, mul_f64(q, p));
  let y = sub_f64(${f(1)}, sub_f64(sub_f64(lo, div_f64(mul_f64(v, c), sub_f64(${f(2)}, c))), hi));
  // 2^k in two steps where it is none of a normal number
  let least = k < -1021;
  let most = k == 1024;
  let first = select(select(k, k + 1000, least), 1023, most);
  let scaledBy = mul_f64(y, vec2u(0u, 0x3ff00000u + (u32(first) << 20u)));
  let second = select(select(${f(1)}, ${f(2 ** -1000)}, least), ${f(2)}, most);
  let made = select(mul_f64(scaledBy, second), add_f64(${f(1)}, x), !far & (high < 0x3e300000u));
  // e itself is as JavaScript has it
  let one = select(made, ${f(Math.E)}, same64(x, ${f(1)}));
  let over = !minus & below64(${f(709.782712893384)}, x);
  let under = minus & below64(${f(745.1332191019411)}, magnitudeOf(x));
  let r = select(select(one, vec2u(0u, 0x7ff00000u), over), vec2u(0u, 0u), under);
  return select(r, NAN64, isNan(x));
}
`

/** What code that computes with floats needs before it; nothing where it computes with none. */
export function float64For(code: string): string {
  if (!/\b(\w*f64\w*|longOver|exponentOf|magnitudeOf|isInf|isNan)\(/.test(code)) return ''
  return /\b(log|log10|exp)_f64\(/.test(code) ? `${FLOAT64}${LOGS64}` : FLOAT64
}
