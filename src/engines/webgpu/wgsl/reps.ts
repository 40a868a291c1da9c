import { isDecimal, type Type } from '../../../plan/types.ts'

/**
 * How a value of a type is held on the device: `bool`; `i32`; `u32` for the code of a text and the bits of a float32;
 * `vec2u` for 64 bits, low word first, of an integer, a time or a float64.
 */
export type Rep = 'bool' | 'i32' | 'u32' | 'vec2u'

/** Undefined for types that the device does not hold. */
export function repOf(type: Type): Rep | undefined {
  if (isDecimal(type)) return 'vec2u'
  switch (type) {
    case 'bool':
      return 'bool'
    case 'int32':
    case 'date':
      return 'i32'
    case 'string':
    case 'float32':
      return 'u32'
    case 'int64':
    case 'float64':
    case 'timestamp':
    case 'local timestamp':
    case 'duration':
      return 'vec2u'
    default:
      return undefined
  }
}

/** Words of 32 bits that a value takes; a bool takes a bit. */
export const wordsOf = (rep: Rep): 0 | 1 | 2 => (rep === 'bool' ? 0 : rep === 'vec2u' ? 2 : 1)

export const zeroOf = (rep: Rep): string =>
  rep === 'bool' ? 'false' : rep === 'i32' ? '0i' : rep === 'u32' ? '0u' : 'vec2u(0u, 0u)'
