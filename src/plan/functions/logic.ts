import { commonType, isFloat, isInteger, isOrdered, isTemporal } from '../types.ts'
import { always, logical, type Rule, type Rules, same } from './rule.ts'
import { twoClocks } from './written.ts'

const equatable: Rule = ([a, b], fail) => {
  if (!a || !b || !commonType(a.type, b.type))
    throw fail(
      twoClocks([a?.type ?? 'bool', b?.type ?? 'bool'])
        ? 'a timestamp is an instant, a local timestamp what a clock on some wall shows: which is later hangs on the zone'
        : 'both sides must be of one type',
    )
  return 'bool'
}
const ordered: Rule = (args, fail, exprs) => {
  equatable(args, fail, exprs)
  if (!isOrdered(args[0]?.type ?? 'bool')) throw fail('lists and structs have no order')
  return 'bool'
}
const extreme: Rule = (args, fail, exprs) => {
  if (args.some((a) => !isOrdered(a.type))) throw fail('lists and structs have no order')
  return same(args, fail, exprs)
}

export const LOGIC: Rules<
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
  | 'fails'
  | 'orNull'
  | 'least'
  | 'greatest'
  | 'hash32'
  | 'combine32'
> = {
  eq: equatable,
  ne: equatable,
  lt: ordered,
  le: ordered,
  gt: ordered,
  ge: ordered,
  and: logical,
  or: logical,
  not: logical,
  isNull: always('bool'),
  fails: always('bool'),
  orNull: ([a], fail) => {
    if (!a) throw fail('it takes one value')
    return a.type
  },
  isNaN: ([a], fail) => {
    if (!a || !isFloat(a.type)) throw fail('it takes a float')
    return 'bool'
  },
  coalesce: same,
  least: extreme,
  greatest: extreme,
  isIn: (args, fail, exprs) => {
    same(args, fail, exprs)
    return 'bool'
  },
  hash32: ([a], fail) => {
    if (!a || !(a.type === 'string' || isInteger(a.type) || isTemporal(a.type)))
      throw fail('it takes an integer, text or a time')
    return 'int64'
  },
  combine32: ([a, b], fail) => {
    if (a?.type !== 'int64' || b?.type !== 'int64') throw fail('it takes two hashes')
    return 'int64'
  },
}
