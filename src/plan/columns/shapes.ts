import type { TypeName } from '../types.ts'
import type { Num } from './kinds.ts'

/** What verbs make of a table's columns, for TypeScript: S and B are columns by name, as `Columns` has them. */

/** The columns that a callback gives: expressions, aggregates, parts of windows. */
export type Added<O> = {
  [K in keyof O]: O[K] extends { readonly type: infer T extends TypeName }
    ? T
    : O[K] extends { readonly gives: infer T extends TypeName }
      ? T
      : never
}
/** Lazy on purpose: forcing each merge makes long chains slow to check. */
export type Merge<A, B> = { [K in keyof A | keyof B]: K extends keyof B ? B[K] : K extends keyof A ? A[K] : never }
export type Key<S> = keyof S & string
export type Keys<S> = Key<S> | readonly Key<S>[]
/** The keys of a split or a sample: what has a hash. */
export type Hashed<S> = HashedKey<S> | readonly HashedKey<S>[]
type HashedKey<S> = KeyOf<S, 'int32' | 'int64' | 'string' | 'date' | Moment>
/** The columns of one of these types. */
export type KeyOf<S, T> = { [K in Key<S>]: S[K] extends T ? K : never }[Key<S>]

/** What orders rows in time: an instant, or a wall clock. The two are never compared. */
export type Moment = 'timestamp' | 'local timestamp'
/** The clock that a window goes along. */
export type ClockOf<S, N extends keyof S> = S[N] extends Moment ? S[N] : Moment

type Number = Num | `decimal(${number}, ${number})`
/** The columns that a column of type T can be compared with. */
type Like<B, T> = KeyOf<B, T extends Number ? Number : T>
/** A join's columns, this table's to the other's. */
export type On<S, B> = { readonly [K in Key<S>]?: Like<B, S[K]> }

/** The same columns under their new names. */
export type Renamed<S, M> = {
  readonly [K in keyof S as K extends keyof M ? (M[K] extends string ? M[K] : K) : K]: S[K]
}
/** The same columns, but of a list its items. */
export type Unnested<S, K> = {
  [N in keyof S]: N extends K ? (S[N] extends `${infer E extends TypeName & string}[]` ? E : S[N]) : S[N]
}
export type OrderBy<S> = Key<S> | { readonly by: Key<S>; readonly descending: boolean }
