import { ownValue } from '../../base/own.ts'
import type { Value } from '../batch.ts'
import { compare } from '../values.ts'
import type { Scalars } from './scalar.ts'

const items = (v: Value | undefined): readonly Value[] => v as readonly Value[]

/** Every run of `n` neighbours. */
export const windowed = <T>(all: readonly T[], n: number): T[][] =>
  all.length < n ? [] : Array.from({ length: all.length - n + 1 }, (_, i) => all.slice(i, i + n))

export const NESTED: Scalars<
  | 'list'
  | 'listLength'
  | 'listGet'
  | 'listContains'
  | 'listJoin'
  | 'listDistinct'
  | 'listCount'
  | 'ngrams'
  | 'struct'
  | 'field'
> = {
  list: (args) => [...args],
  listLength: ([a]) => BigInt(items(a).length),
  listGet: ([a, at]) => items(a).at(Number(at)) ?? null,
  listContains: ([a, value]) => items(a).some((v) => v !== null && compare(v, value as Value) === 0),
  listJoin: ([a, by]) =>
    items(a)
      .filter((v) => v !== null)
      .join(String(by)),
  // each item once, in order, without nulls
  listDistinct: ([a]) => {
    const sorted = items(a)
      .filter((v) => v !== null)
      .toSorted(compare)
    return sorted.filter((v, i) => i === 0 || compare(v, sorted[i - 1] as Value) !== 0)
  },
  listCount: ([a, value]) => BigInt(items(a).filter((v) => v !== null && compare(v, value as Value) === 0).length),
  ngrams: ([a, n]) => windowed(items(a), Number(n)).map((words) => words.join(' ')),
  struct: (args) =>
    Object.fromEntries(args.flatMap((name, i) => (i % 2 === 0 ? [[String(name), args[i + 1] as Value]] : []))),
  field: ([a, name]) => ownValue(a as Readonly<Record<string, Value>>, String(name)) ?? null,
}
