import { GalleyError, nearest } from '../../base/errors.ts'
import { col } from '../expr.ts'
import type { SortKey } from '../nodes.ts'
import type { Note } from '../types.ts'
import { aOrAn } from './given.ts'

export type Names = string | readonly string[]

/** One, or several. */
export const some = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one as T])

/** A key of an order: ascending, unless it says otherwise. */
export type Order = string | { readonly by: string; readonly descending?: boolean }
export function sortKey(k: Order): SortKey {
  if (typeof k === 'string') return { by: col(k), descending: false }
  const { by, descending } = optionsOf(k, ['by', 'descending'], 'a key of an order')
  return { by: col(by), descending: descending ?? false }
}

/** The options of a verb, none of which is unknown: a misspelt one would be passed over in silence. @throws PLAN_INVALID */
export function optionsOf<O extends object>(given: O, known: readonly (keyof O & string)[], where: string): O {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw new GalleyError('PLAN_TYPE_MISMATCH', {
      what: `${where} is given ${aOrAn(given)} for its options`,
      fix: `give an object: { ${known.join(', ')} }`,
    })
  const other = Object.keys(given).find((name) => !(known as readonly string[]).includes(name))
  if (other === undefined) return given
  const close = nearest(other, known)
  throw new GalleyError('PLAN_INVALID', {
    what: `${where} has no option '${other}'`,
    why: `its options are ${known.join(', ')}`,
    fix: close ? `did you mean '${close}'?` : 'use one of these',
  })
}

/** Names given as a list. @throws PLAN_TYPE_MISMATCH */
export function listOfNames(given: readonly string[], where: string, of = 'columns'): readonly string[] {
  if (Array.isArray(given)) return given
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${where} is given ${aOrAn(given)} where it takes a list of ${of}`,
    fix: `put it between brackets: ${typeof given === 'string' ? `['${given}']` : "['city']"}`,
  })
}

/** Names of keys, of which one needs no list. @throws PLAN_TYPE_MISMATCH */
export function keysGiven(given: Names, where: string): readonly string[] {
  if (typeof given === 'string' || Array.isArray(given)) return some(given)
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `${where} is given ${aOrAn(given)} where it takes columns`,
    fix: "name one, 'city', or several, ['city', 'day']",
  })
}

/** The pairs of a join, this side's column to the other's. @throws PLAN_TYPE_MISMATCH */
export function pairsOf(given: Readonly<Record<string, string>>): [string, string][] {
  if (given !== null && typeof given === 'object' && !Array.isArray(given)) return Object.entries(given)
  const name = Array.isArray(given) ? given[0] : given
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: `join is given ${Array.isArray(given) ? 'a list' : aOrAn(given)} where it takes pairs of columns`,
    why: 'each column of this table is set against one of the other',
    fix: `write { ${typeof name === 'string' ? `${name}: '${name}'` : "city: 'name'"} }`,
  })
}

/** What is said of columns. @throws PLAN_TYPE_MISMATCH, PLAN_INVALID for what no note has */
export const notesOf = (given: Readonly<Record<string, Note>>): [string, Note][] =>
  Object.entries(given).map(([name, note]) => [
    name,
    optionsOf(note, ['unit', 'description', 'tags'], `describe of '${name}'`),
  ])

/** The reason of a rejection: rows that are set aside are counted by it. @throws PLAN_TYPE_MISMATCH */
export function reasonOf(given: string): string {
  if (typeof given === 'string' && given.trim() !== '') return given
  throw new GalleyError('PLAN_TYPE_MISMATCH', {
    what: 'reject is given no reason',
    why: 'rows that are set aside are counted by their reason',
    fix: "say it in words: reject((r) => r.price.lt(0), 'no price')",
  })
}
