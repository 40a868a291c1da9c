import { GalleyError, nearest } from '../../base/errors.ts'
import type { SourceSpec } from './connector.ts'

/** What becomes of rows that have columns which the source has not: the batch is refused, they are counted, or they are set aside. */
export const UNKNOWN_POLICIES = ['stop', 'evolve', 'quarantine'] as const
export type UnknownPolicy = (typeof UNKNOWN_POLICIES)[number]

/** Columns that a batch may have, and what becomes of others. */
export interface KnownColumns {
  readonly known: readonly string[]
  readonly policy: UnknownPolicy
}

/** The option of a source's files that asks for it; whoever takes in a batch gives it. */
export const knownOption = (known: KnownColumns): SourceSpec['options'] => ({ known: { ...known } })

/** What was asked for; undefined where other columns are left alone, as in files. */
export const knownOf = ({ options }: SourceSpec): KnownColumns | undefined =>
  options['known'] as unknown as KnownColumns | undefined

/** @throws SOURCE_SCHEMA naming the columns that are there and unknown, with how many rows have each */
export function unknownRefused(unknown: Readonly<Record<string, number>>, known: readonly string[], named: string) {
  const names = Object.keys(unknown)
  const [first = ''] = names
  const near = names.flatMap((name) => {
    const close = nearest(name, known)
    return close === undefined ? [] : [`'${close}' for '${name}'`]
  })
  const more = names.length > 1 ? `, and ${names.length - 1} more: ${names.slice(1, 6).join(', ')}` : ''
  return new GalleyError('SOURCE_SCHEMA', {
    what: `${named} has '${first}', which no column has${more}`,
    why: `the columns are ${known.join(', ')}`,
    fix: `${near.length > 0 ? `did you mean ${near.slice(0, 5).join(', ')}? If not, ` : ''}leave ${names.length > 1 ? 'them' : 'it'} out, declare ${names.length > 1 ? 'them' : 'it'} and open the source anew (galley sources open RECIPE), or have such rows counted or set aside: push(…, { onSchemaChange: 'evolve' }), or 'quarantine'`,
    details: { unknown: { ...unknown } },
  })
}

/**
 * Columns of a table that are unknown, each with all of its rows; undefined where none is looked for or there is none. As every
 * row has them, there is nothing to set aside by itself. @throws SOURCE_SCHEMA unless they are counted
 */
export function unknownColumns(
  spec: SourceSpec,
  existing: readonly string[],
  named: string,
): readonly string[] | undefined {
  const asked = knownOf(spec)
  const unknown = asked ? existing.filter((name) => name !== '' && !asked.known.includes(name)) : []
  if (!asked || unknown.length === 0) return undefined
  if (asked.policy !== 'evolve')
    throw unknownRefused(Object.fromEntries(unknown.map((name) => [name, 0])), asked.known, named)
  return unknown
}

export const countedAll = (unknown: readonly string[] | undefined, rows: number) =>
  unknown ? { unknown: Object.fromEntries(unknown.map((name) => [name, rows])) } : {}
