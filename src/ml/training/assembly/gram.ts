/**
 * Sums of products of standardised columns, in AssemblyScript; `node scripts/wasm.ts` compiles it to `../gram.wasm`.
 * A column is float32, `stride` bytes from the one before; rows are a multiple of 4, those beyond the last with weights of 0.
 */

/** Σ vᵢ·xᵢ of a float64 vector and a column. */
export function dotColumn(v: usize, x: usize, rows: i32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const end = x + (<usize>rows << 2)
  while (x < end) {
    const four = v128.load(x)
    low = f64x2.add(low, f64x2.mul(v128.load(v), f64x2.promote_low_f32x4(four)))
    high = f64x2.add(high, f64x2.mul(v128.load(v, 16), f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 2, 3))))
    x += 16
    v += 32
  }
  return total(f64x2.add(low, high))
}

/** Adds Σ w·xₐ·x_b to the float64 at `out` of every b up to a, and gives Σ w·xₐ. `weighted` is room for a float64 a row. */
export function gramRow(x: usize, stride: usize, a: i32, w: usize, rows: i32, weighted: usize, out: usize): f64 {
  let sum = f64x2.splat(0)
  const own = x + <usize>a * stride
  for (let i: usize = 0; i < <usize>rows; i += 2) {
    const product = f64x2.mul(v128.load(w + (i << 3)), f64x2.promote_low_f32x4(v128.load64_zero(own + (i << 2))))
    v128.store(weighted + (i << 3), product)
    sum = f64x2.add(sum, product)
  }
  let b = 0
  for (; b + 3 <= a; b += 4) four(x + <usize>b * stride, stride, rows, weighted, out + (<usize>b << 3))
  for (; b <= a; b++) {
    const at = out + (<usize>b << 3)
    store<f64>(at, load<f64>(at) + dotColumn(weighted, x + <usize>b * stride, rows))
  }
  return total(sum)
}

/** Four columns at once: each weighted value is loaded once for all of them. */
function four(x: usize, stride: usize, rows: i32, weighted: usize, out: usize): void {
  let s0 = f64x2.splat(0)
  let s1 = f64x2.splat(0)
  let s2 = f64x2.splat(0)
  let s3 = f64x2.splat(0)
  const x1 = x + stride
  const x2 = x1 + stride
  const x3 = x2 + stride
  const end = <usize>rows << 2
  for (let i: usize = 0; i < end; i += 8) {
    const v = v128.load(weighted + (i << 1))
    s0 = f64x2.add(s0, f64x2.mul(v, f64x2.promote_low_f32x4(v128.load64_zero(x + i))))
    s1 = f64x2.add(s1, f64x2.mul(v, f64x2.promote_low_f32x4(v128.load64_zero(x1 + i))))
    s2 = f64x2.add(s2, f64x2.mul(v, f64x2.promote_low_f32x4(v128.load64_zero(x2 + i))))
    s3 = f64x2.add(s3, f64x2.mul(v, f64x2.promote_low_f32x4(v128.load64_zero(x3 + i))))
  }
  store<f64>(out, load<f64>(out) + total(s0))
  store<f64>(out, load<f64>(out, 8) + total(s1), 8)
  store<f64>(out, load<f64>(out, 16) + total(s2), 16)
  store<f64>(out, load<f64>(out, 24) + total(s3), 24)
}

// @ts-ignore: decorator
@inline
function total(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)
}
