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

/** A value's words as `equalWords` has them in code; of a missing one zeros. */
function wordsOfKey(value: Value, type: Type, rep: Rep, code: (text: string) => number): number[] {
  if (value === null) return Array.from({ length: Math.max(1, wordsOf(rep)) }, () => 0)
  if (type === 'float32' || type === 'float64') {
    if (Number.isNaN(value)) return type === 'float32' ? [NAN32] : NAN64
    const own = wordsOfValue(Object.is(value, -0) ? 0 : value, type, rep, code)
    const high = own.at(-1) as number
    const negative = high >>> 31 === 1
    return own.map((w, i) => (negative ? ~w >>> 0 : i === own.length - 1 ? (w | 0x80000000) >>> 0 : w))
  }
  return wordsOfValue(value, type, rep, code)
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

/** Entries that a place of 16 bits may name. */
const SHORT = 0xffff

/**
 * A fit's table as constants beside the code: an open hash table of the numbers of entries, 16 bits each where these
 * suffice, then the entries: the key's words, which of them are there where a key misses some, the value's state where a
 * value is missing, and its words; the fallback is the last entry. It is searched in a loop, however many keys there are.
 */
export function lookup(e: Emitter, { table, fallback, type }: Lookup, args: readonly Code[]): Code {
  const rep = repOf(type)
  if (!rep) throw new DeviceGap('lookup', 'the device holds no such value')
  const width = Math.max(1, wordsOf(rep))
  // where no key misses a part, a row that misses it has none
  const misses = args.map((_, j) => table.keys.some((key) => (key[j] ?? null) === null))
  const found = new Map<string, { key: number[]; value: Literal }>()
  for (const [i, literals] of table.keys.entries()) {
    const key = args.flatMap((a, j) => {
      const value = literalValue(literals[j] ?? null, a.type)
      const own = wordsOfKey(value, a.type, a.rep, (text) => e.codeOf(text))
      return misses[j] ? [...own, Number(value !== null)] : own
    })
    found.set(key.join(' '), { key, value: table.values[i] ?? null })
  }
  const entries = [...found.values()]
  const keyWords = args.reduce((n, a, j) => n + Math.max(1, wordsOf(a.rep)) + Number(misses[j]), 0)
  const states = Number([fallback, ...entries.map((entry) => entry.value)].includes(null))
  const stride = keyWords + states + width
  const slots = 2 ** Math.ceil(Math.log2(Math.max(2, entries.length * 2)))
  const short = entries.length < SHORT
  const places = short ? new Uint16Array(slots) : new Uint32Array(slots)
  const first = places.byteLength / 4
  const words = new Uint32Array(first + stride * (entries.length + 1))
  const put = (i: number, key: readonly number[], literal: Literal): void => {
    const value = literalValue(literal, type)
    const own = value === null ? [] : wordsOfValue(value, type, rep, (text) => e.codeOf(text))
    words.set([...key, ...(states ? [Number(value === null)] : []), ...own], first + i * stride)
  }
  for (const [i, { key, value }] of entries.entries()) {
    let slot = hashWords(key) & (slots - 1)
    while (places[slot] !== 0) slot = (slot + 1) & (slots - 1)
    places[slot] = i + 1
    put(i, key, value)
  }
  put(
    entries.length,
    Array.from({ length: keyWords }, () => 0),
    fallback,
  )
  words.set(new Uint32Array(places.buffer))
  const at = e.constant(words)
  const needed: string[] = []
  const own = args.flatMap((a, j) => {
    const there = a.s === '0u' ? undefined : e.let(`${a.s} == 0u`)
    const parts = equalWords(a.type, a.rep, a.v).map((w) => e.let(there ? `select(0u, ${w}, ${there})` : w))
    if (misses[j]) return [...parts, there ? `u32(${there})` : '1u']
    if (there) needed.push(there)
    return parts
  })
  const hash = e.variable('0x811c9dc5u')
  const entry = e.variable(`${at + first + entries.length * stride}u`)
  const same = [...needed, ...own.map((w, i) => `(constants[place + ${i}u] == ${w})`)]
  const number = short
    ? `(constants[${at}u + (slot >> 1u)] >> ((slot & 1u) * 16u)) & ${SHORT}u`
    : `constants[${at}u + slot]`
  e.lines.push(
    ...own.map((w) => `${hash} = (${hash} ^ ${w}) * 0x9e3779b1u; ${hash} ^= ${hash} >> 15u;`),
    `for (var n = 0u; n < ${slots}u; n++) {
    let slot = (${hash} + n) & ${slots - 1}u;
    let number = ${number};
    if (number == 0u) { break; }
    let place = ${at + first}u + (number - 1u) * ${stride}u;
    if (${same.join(' & ') || 'true'}) { ${entry} = place; break; }
  }`,
  )
  const word = (i: number) => `constants[${entry} + ${keyWords + i}u]`
  const value = {
    bool: `${word(states)} != 0u`,
    i32: `bitcast<i32>(${word(states)})`,
    u32: word(states),
    vec2u: `vec2u(${word(states)}, ${word(states + 1)})`,
  }[rep]
  const missing = states ? word(0) : '0u'
  const state = e.stateOf(...args)
  return e.code(type, value, state === '0u' ? missing : `select(${missing}, 2u, (${state} & 2u) != 0u)`)
}
