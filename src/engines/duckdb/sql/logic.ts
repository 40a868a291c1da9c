import { isDecimal, type Type } from '../../../plan/types.ts'
import { bound, infix, named, type Sqls } from './call.ts'

export const LOGIC: Sqls<
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'not'
  | 'isNull'
  | 'coalesce'
  | 'isIn'
  | 'isNaN'
  | 'least'
  | 'greatest'
  | 'hash32'
  | 'combine32'
> = {
  eq: infix('='),
  ne: infix('<>'),
  lt: infix('<'),
  le: infix('<='),
  gt: infix('>'),
  ge: infix('>='),
  and: infix('AND'),
  or: infix('OR'),
  not: ({ args: [a] }) => `(NOT ${a})`,
  isNull: ({ args: [a] }) => `(${a} IS NULL)`,
  coalesce: named('coalesce'),
  isIn: ({ args: [a, ...set], exprs: [, ...members], types }) => {
    if (set.length === 0) return `(CASE WHEN ${a} IS NOT NULL THEN FALSE END)`
    // IN stops at the first match; a member that fails does so wherever it stands
    const plain = members.every((m) => m.op === 'lit' || (m.op === 'col' && !isDecimal(types[0] as Type)))
    if (plain) return `(${a} IN (${set.join(', ')}))`
    const list = `[${set.join(', ')}]`
    return `(CASE WHEN ${a} IS NULL THEN NULL WHEN list_contains(${list}, ${a}) THEN TRUE WHEN list_count(${list}) = ${set.length} THEN FALSE END)`
  },
  isNaN: named('isnan'),
  least: named('least'),
  greatest: named('greatest'),
  hash32: ({ args: [a = ''], types: [type = 'int64'] }) =>
    type === 'string'
      ? `CAST(CAST(('0x' || substr(md5(${a}), 1, 8)) AS UBIGINT) AS BIGINT)`
      : bound([sqlInteger(a, type)], ([v = '']) => sqlHashInteger(v)),
  combine32: ({ args: [a, b] }) =>
    `CAST(${finalise(`CAST((CAST(${a} AS HUGEINT) * 31 + ${b}) & 4294967295 AS UBIGINT)`)} AS BIGINT)`,
}

/** Integers and times as the BIGINT that is hashed: µs, or days since 1970. */
function sqlInteger(sql: string, type: Type): string {
  if (type === 'date') return `CAST(${sql} - DATE '1970-01-01' AS BIGINT)`
  return type === 'timestamp' || type === 'local timestamp' ? `epoch_us(${sql})` : `CAST(${sql} AS BIGINT)`
}

/** murmur3's finaliser over the low word, then over that xor the high word, in unsigned 64-bit arithmetic. */
function sqlHashInteger(v: string): string {
  const low = `CAST(${v} & 4294967295 AS UBIGINT)`
  const high = `CAST((${v} >> 32) & 4294967295 AS UBIGINT)`
  return `CAST(${finalise(`xor(${finalise(low)}, ${high})`)} AS BIGINT)`
}

/** Each step looks at what the one before gave twice: named by a lambda, it is written once. */
function finalise(h: string): string {
  const one = `list_transform([${h}], lambda "__h": xor("__h", "__h" >> 16) * 2246822507::UBIGINT & 4294967295::UBIGINT)`
  const two = `list_transform(${one}, lambda "__h": xor("__h", "__h" >> 13) * 3266489909::UBIGINT & 4294967295::UBIGINT)`
  return `list_transform(${two}, lambda "__h": xor("__h", "__h" >> 16))[1]`
}
