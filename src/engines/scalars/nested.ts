import type { Value } from '../batch.ts'
import { compare } from '../values.ts'
import type { Scalars } from './scalar.ts'

const items = (v: Value | undefined): readonly Value[] => v as readonly Value[]

export const NESTED: Scalars<'list' | 'listLength' | 'listGet' | 'listContains' | 'listJoin' | 'struct' | 'field'> = {
  list: (args) => [...args],
  listLength: ([a]) => BigInt(items(a).length),
  listGet: ([a, at]) => items(a).at(Number(at)) ?? null,
  listContains: ([a, value]) => items(a).some((v) => v !== null && compare(v, value as Value) === 0),
  listJoin: ([a, by]) =>
    items(a)
      .filter((v) => v !== null)
      .join(String(by)),
  struct: (args) =>
    Object.fromEntries(args.flatMap((name, i) => (i % 2 === 0 ? [[String(name), args[i + 1] as Value]] : []))),
  field: ([a, name]) => (a as Readonly<Record<string, Value>>)[String(name)] ?? null,
}
