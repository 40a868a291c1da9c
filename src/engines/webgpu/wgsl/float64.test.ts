import { afterAll, expect, test } from 'vitest'
import { createLedger } from '../../ledger.ts'
import { type Device, openDevice } from '../device.ts'
import { dispatch, ENTRY, kernelOf } from '../kernel.ts'
import { Transfers } from '../transfers.ts'
import { float64For } from './logs64.ts'
import { PRELUDE } from './prelude.ts'

let device: Device | undefined
afterAll(() => device?.close())

const PAIRS = 120_000
const floats = new Float64Array(2 * PAIRS)
const bits = new BigUint64Array(floats.buffer)

/** Numbers at every edge: of rounding, of the exponent, of what is normal, of whole numbers. */
const EDGES = [
  0, 1, 0.5, 1.5, 2.5, 3, 5e-324, 1e-323, 2 ** -1022, 2 ** -1022 - 5e-324, 2 ** -1074, 2 ** -537, 2 ** -511,
  Number.MAX_VALUE, 2 ** 1023, 2 ** 970, 2 ** 53, 2 ** 53 - 1, 2 ** 53 + 2, 2 ** 52, 2 ** 52 - 0.5, 2 ** 51 + 0.5,
  2 ** 63, 2 ** 63 - 1024, 2 ** 63 + 2048, 2 ** 62, 2 ** 31, 2 ** 32, 1 + 2 ** -52, 1 - 2 ** -53, 0.1, 1 / 3, Math.PI,
  0.49999999999999994, 3.4028235677973366e38, 3.4028234663852886e38, 1.401298464324817e-45, 7.006492321624085e-46,
  1.1754943508222875e-38, 7.5, 60e6, Infinity, Number.NaN,
] // biome-ignore format: many short numbers

/** A fixed stream of random words (a xorshift). */
let state = 88172645463325252n
function word64(): bigint {
  state = BigInt.asUintN(64, state ^ (state << 13n))
  state ^= state >> 7n
  state = BigInt.asUintN(64, state ^ (state << 17n))
  return state
}

function fill(): void {
  const edges = EDGES.flatMap((x) => [x, -x])
  let at = 0
  for (const a of edges) for (const b of edges) floats.set([a, b], (at += 2) - 2)
  for (; at < 2 * PAIRS; at += 2) {
    bits[at] = word64()
    bits[at + 1] = word64()
    const kind = at % 16
    // close exponents, where bits cancel and carry; whole numbers; an edge on one side; products at the least exponent
    if (kind < 6) bits[at + 1] = ((bits[at] as bigint) & (0xfffn << 52n)) ^ ((bits[at + 1] as bigint) >> BigInt(kind))
    else if (kind < 8) floats[at] = Number((bits[at] as bigint) >> 20n) / 16
    else if (kind < 10) floats[at + 1] = edges[Number((bits[at + 1] as bigint) % BigInt(edges.length))] as number
    else if (kind < 12) bits[at + 1] = BigInt.asUintN(64, (0x3ffn << 53n) - (bits[at] as bigint) - (bits[at + 1] as bigint) % (1n << 57n)) // biome-ignore format: one line
  }
}

const BINARY = ['add_f64(a, b)', 'sub_f64(a, b)', 'mul_f64(a, b)', 'div_f64(a, b)']
const UNARY = [
  ...[0, 1, 2, 3].map((how) => `whole_f64(a, ${how}u)`),
  'sqrt_f64(a)',
  'log_f64(a)',
  'log10_f64(a)',
  'exp_f64(a)',
  'f64_long(a)',
  'vec2u(f64_single(a), u32(longOver(a)))',
  'single_f64(a.x)',
  'long_f64(a)',
  'sum_f64(a, b.x)',
]
const ALL = [...BINARY, ...UNARY]

async function onDevice(): Promise<Uint32Array> {
  device ??= await openDevice()
  const transfers = new Transfers(device, createLedger(), 2 ** 28)
  const code = `${PRELUDE}${float64For('log_f64(')}
@group(0) @binding(0) var<storage, read> given: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> made: array<vec2u>;
fn main(row: u32) {
  if (row >= ${PAIRS}u) { return; }
  let a = given[row].xy;
  let b = given[row].zw;
  ${ALL.map((f, i) => `made[row * ${ALL.length}u + ${i}u] = ${f};`).join('\n  ')}
}
${ENTRY}`
  const kernel = await kernelOf(device, code, ['read', 'write'])
  const given = transfers.upload(4 * PAIRS, (to) => to.set(new Uint32Array(floats.buffer)))
  const made = transfers.buffer(2 * ALL.length * PAIRS)
  const encoder = device.gpu.createCommandEncoder()
  const pass = encoder.beginComputePass()
  dispatch(device, pass, kernel, [given, made], PAIRS)
  pass.end()
  const got = await transfers.download(encoder, [{ from: made, at: 0, words: made.size / 4 }])
  transfers.close()
  return got
}

const away = (x: number): number => {
  const m = Math.abs(x)
  const r = m - Math.floor(m) >= 0.5 ? Math.floor(m) + 1 : Math.floor(m)
  return x < 0 || Object.is(x, -0) ? -r : r
}
const view = new DataView(new ArrayBuffer(8))
const bitsOf = (x: number): bigint => {
  if (Number.isNaN(x)) return 0x7ff8000000000000n
  view.setFloat64(0, x)
  return view.getBigUint64(0)
}
function single(word: number): number {
  view.setUint32(0, word)
  return view.getFloat32(0)
}
function singleBits(x: number): number {
  view.setFloat32(0, x)
  return view.getUint32(0)
}
const asLong = (x: number): bigint => BigInt(Math.trunc(x))

test(`float64 to the bit: ${PAIRS} pairs of all kinds, ${ALL.length} operations each`, {
  timeout: 60_000,
}, async () => {
  fill()
  const got = await onDevice()
  const made = new BigUint64Array(got.buffer)
  const wrong: string[] = []
  for (let row = 0; row < PAIRS; row++) {
    const [a, b] = [floats[2 * row] as number, floats[2 * row + 1] as number]
    const [wa, wb] = [bits[2 * row] as bigint, bits[2 * row + 1] as bigint]
    const low = Number(wa & 0xffffffffn)
    const over = !(Math.abs(a) < 2 ** 63 || a === -(2 ** 63))
    const nan = Number.isNaN(a)
    const want = [
      ...[
        a + b,
        a - b,
        a * b,
        a / b,
        Math.trunc(a),
        away(a),
        Math.floor(a),
        Math.ceil(a),
        Math.sqrt(a),
        Math.log(a),
        Math.log10(a),
        Math.exp(a),
      ].map(bitsOf),
      over ? undefined : BigInt.asUintN(64, asLong(a)),
      (BigInt(over) << 32n) | BigInt(nan ? 0x7fc00000 + (wa >> 63n === 1n ? 2 ** 31 : 0) : singleBits(a)),
      Number.isNaN(single(low)) ? undefined : bitsOf(single(low)),
      bitsOf(Number(BigInt.asIntN(64, wa))),
      bitsOf(Number(BigInt.asIntN(96, ((wb & 0xffffffffn) << 64n) | wa))),
    ]
    for (const [i, w] of want.entries()) {
      const g = made[row * ALL.length + i] as bigint
      if (w !== undefined && g !== w && wrong.length < 20)
        wrong.push(`${ALL[i]} of ${a}, ${b}: ${g.toString(16)}, not ${w.toString(16)}`)
    }
  }
  expect(wrong).toEqual([])
})
