import type { Expr, Literal } from '../../../plan/expr.ts'
import type { Type } from '../../../plan/types.ts'
import type { Value } from '../../batch.ts'
import { literalValue } from '../../values.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'
import { equalWords } from './keys.ts'
import { type Rep, repOf, wordsOf } from './reps.ts'

type Lookup = Extract<Expr, { op: 'lookup' }>

const [view, NAN32, NAN64] = [new DataView(new ArrayBuffer(8)), 0xffffffff, [0xffffffff, 0xffffffff]]

/** A value's words as they lie in a column. */
export function wordsOfValue(
  value: Exclude<Value, null>,
  type: Type,
  rep: Rep,
  code: (text: string) => number,
): number[] {
  switch (rep) {
    case 'bool':
      return [Number(value)]
    case 'i32':
      return [(value as number) >>> 0]
    case 'u32':
      if (type === 'string') return [code(value as string)]
      view.setFloat32(0, value as number)
      return [view.getUint32(0)]
    case 'vec2u':
      if (type === 'float64') view.setFloat64(0, value as number)
      else view.setBigUint64(0, BigInt.asUintN(64, value as bigint))
      return [view.getUint32(4), view.getUint32(0)]
  }
}

/** A key's words as `equalWords` has them in code. */
function wordsOfKey(value: Value, type: Type, rep: Rep, code: (text: string) => number): number[] {
  const width = Math.max(1, wordsOf(rep))
  if (value === null) return [...Array.from({ length: width }, () => 0), 0]
  if (type === 'float32' || type === 'float64') {
    if (Number.isNaN(value)) return [...(type === 'float32' ? [NAN32] : NAN64), 1]
    const own = wordsOfValue(Object.is(value, -0) ? 0 : value, type, rep, code)
    const high = own.at(-1) as number
    const negative = high >>> 31 === 1
    const ordered = own.map((w, i) => (negative ? ~w >>> 0 : i === own.length - 1 ? (w | 0x80000000) >>> 0 : w))
    return [...ordered, 1]
  }
  return [...wordsOfValue(value, type, rep, code), 1]
}

/** The hash that `hashOf` writes as code. */
function hashWords(words: readonly number[]): number {
  let h = 0x811c9dc5
  for (const w of words) {
    h = Math.imul(h ^ w, 0x9e3779b1) >>> 0
    h ^= h >>> 15
  }
  return h >>> 0
}

/**
 * A fit's table as constants beside the code: an open hash table whose entries are a mark, the key's words, the value's
 * state and its words; the fallback is the entry after the last. It is searched in a loop, however many keys there are.
 */
export function lookup(e: Emitter, { table, fallback, type }: Lookup, args: readonly Code[]): Code {
  const rep = repOf(type)
  if (!rep) throw new DeviceGap('lookup', 'the device holds no such value')
  const width = Math.max(1, wordsOf(rep))
  const found = new Map<string, { key: number[]; value: Literal }>()
  for (const [i, literals] of table.keys.entries()) {
    const key = args.flatMap((a, j) =>
      wordsOfKey(literalValue(literals[j] ?? null, a.type), a.type, a.rep, (text) => e.codeOf(text)),
    )
    found.set(key.join(' '), { key, value: table.values[i] ?? null })
  }
  const keyWords = args.reduce((n, a) => n + Math.max(1, wordsOf(a.rep)) + 1, 0)
  const stride = 1 + keyWords + 1 + width
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, found.size * 2)))
  const words = new Uint32Array(stride * (slots + 1))
  const put = (slot: number, key: readonly number[], literal: Literal): void => {
    const value = literalValue(literal, type)
    const own = value === null ? [] : wordsOfValue(value, type, rep, (text) => e.codeOf(text))
    words.set([1, ...key, Number(value === null), ...own], slot * stride)
  }
  for (const { key, value } of found.values()) {
    let slot = hashWords(key) & (slots - 1)
    while (words[slot * stride] !== 0) slot = (slot + 1) & (slots - 1)
    put(slot, key, value)
  }
  put(
    slots,
    Array.from({ length: keyWords }, () => 0),
    fallback,
  )
  const at = e.constant(words)
  const own = args.flatMap((a) => {
    const there = a.s === '0u' ? undefined : e.let(`${a.s} == 0u`)
    const parts = equalWords(a.type, a.rep, a.v).map((w) => e.let(there ? `select(0u, ${w}, ${there})` : w))
    return [...parts, there ? `u32(${there})` : '1u']
  })
  const hash = e.variable('0x811c9dc5u')
  const entry = e.variable(`${at + slots * stride}u`)
  const same = own.map((w, i) => `(constants[place + ${i + 1}u] == ${w})`)
  e.lines.push(
    ...own.map((w) => `${hash} = (${hash} ^ ${w}) * 0x9e3779b1u; ${hash} ^= ${hash} >> 15u;`),
    `for (var n = 0u; n < ${slots}u; n++) {
    let place = ${at}u + ((${hash} + n) & ${slots - 1}u) * ${stride}u;
    if (constants[place] == 0u) { break; }
    if (${same.join(' & ') || 'true'}) { ${entry} = place; break; }
  }`,
  )
  const word = (i: number) => `constants[${entry} + ${1 + keyWords + i}u]`
  const value = {
    bool: `${word(1)} != 0u`,
    i32: `bitcast<i32>(${word(1)})`,
    u32: word(1),
    vec2u: `vec2u(${word(1)}, ${word(2)})`,
  }[rep]
  const states = e.stateOf(...args)
  const state = states === '0u' ? word(0) : `select(${word(0)}, 2u, (${states} & 2u) != 0u)`
  return e.code(type, value, state)
}
