import type { Type } from '../../../plan/types.ts'
import type { Rep } from './reps.ts'

/** A value as words that are equal where values are: floats by their order, in which NaN is one value and −0 is 0. */
export function equalWords(type: Type, rep: Rep, v: string): string[] {
  const own = type === 'float32' ? `order32(${v})` : type === 'float64' ? `order64(${v})` : v
  switch (rep) {
    case 'vec2u':
      return [`(${own}).x`, `(${own}).y`]
    case 'bool':
      return [`u32(${own})`]
    case 'i32':
      return [`bitcast<u32>(${own})`]
    case 'u32':
      return [own]
  }
}

/** A value as unsigned words in whose order values stand, the low one first. Texts stand by their code. */
export function orderWords(type: Type, rep: Rep, v: string): string[] {
  const words = equalWords(type, rep, v)
  if (type === 'float32' || type === 'float64' || rep === 'bool' || rep === 'u32') return words
  return [...words.slice(0, -1), `(${words.at(-1)} ^ 0x80000000u)`]
}

/** The value that stands at such a place, from a variable's name or names. */
export function valueOfOrder(type: Type, rep: Rep, words: readonly string[]): string {
  const [low = '', high = ''] = words
  if (type === 'float32') return `select(~${low}, ${low} ^ 0x80000000u, (${low} >> 31u) != 0u)`
  if (type === 'float64')
    return `select(vec2u(~${low}, ~${high}), vec2u(${low}, ${high} ^ 0x80000000u), (${high} >> 31u) != 0u)`
  switch (rep) {
    case 'bool':
      return `(${low} != 0u)`
    case 'i32':
      return `bitcast<i32>(${low} ^ 0x80000000u)`
    case 'u32':
      return low
    case 'vec2u':
      return `vec2u(${low}, ${high} ^ 0x80000000u)`
  }
}

/** Statements that fold words into a hash `h`. */
export const hashOf = (words: readonly string[]): string =>
  `var h = 0x811c9dc5u; ${words.map((w) => `h = (h ^ (${w})) * 0x9e3779b1u; h ^= h >> 15u;`).join(' ')}`
