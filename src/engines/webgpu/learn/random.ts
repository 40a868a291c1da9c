/**
 * Random words by counters (Philox 2×32, 10 rounds: Salmon et al. 2011): the same key and counter give the same word, in
 * whatever order and by whichever thread. Needs `PRELUDE`.
 */
export const RANDOM = /* wgsl */ `
fn philox(counter: vec2u, key0: u32) -> vec2u {
  var x = counter;
  var key = key0;
  for (var i = 0u; i < 10u; i++) {
    let p = mul32(x.x, 0xd256d193u);
    x = vec2u(p.y ^ key ^ x.y, p.x);
    key += 0x9e3779b9u;
  }
  return x;
}
/** Between 0 and 1, neither of them. */
fn uniform_(counter: vec2u, key: u32) -> f32 { return (f32(philox(counter, key).x >> 9u) + 0.5) * 1.1920928955078125e-7; }
`
