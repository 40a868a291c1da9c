import { GalleyError } from '../base/errors.ts'

/** What part of a list is wanted. */
export interface PageRequest {
  /** `next` of the page before; absent for the first. */
  readonly cursor?: string | undefined
  /** Items at most, 1 to 500; 50 when absent. */
  readonly limit?: number | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Asks for what follows; absent on the last page. */
  readonly next?: string
}

const LIMIT = 50
const LARGEST = 500

/** How many items a request asks for. @throws REQUEST_INVALID */
export function limitOf({ limit = LIMIT }: PageRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LARGEST) return limit
  throw new GalleyError('REQUEST_INVALID', {
    what: `a page of ${limit} items can't be given`,
    why: `the limit is a whole number from 1 to ${LARGEST}`,
    fix: 'ask for fewer and follow `next`',
  })
}

/** What a list is sorted by: names, whole numbers of 32 bits, or moments (ms; ids of 64 bits are as large). */
type Key = 'string' | 'number' | 'moment'
const RANGE: Readonly<Record<Key, readonly [number, number]>> = {
  string: [0, 0],
  number: [-(2 ** 31), 2 ** 31 - 1],
  // years 1 to 9999
  moment: [-62_135_596_800_000, 253_402_300_799_999],
}

/** The sort key after which a page begins, if any. @throws REQUEST_INVALID for a cursor that no list gave */
export function keyOf<K extends Key>(
  { cursor }: PageRequest,
  type: K,
): (K extends 'string' ? string : number) | undefined {
  if (cursor === undefined) return undefined
  let key: unknown
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    key = undefined
  }
  const fits =
    type === 'string'
      ? typeof key === 'string' && !key.includes('\0')
      : Number.isInteger(key) && (key as number) >= RANGE[type][0] && (key as number) <= RANGE[type][1]
  if (fits) return key as K extends 'string' ? string : number
  throw new GalleyError('REQUEST_INVALID', {
    what: 'the cursor is not one of this list',
    why: 'a cursor is the `next` of the page before, unchanged',
    fix: 'begin again without a cursor',
  })
}

/** A page from `limit + 1` rows in order; the one too many tells that there is more. */
export function pageOf<T>(rows: readonly T[], limit: number, key: (row: T) => string | number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items }
  return { items, next: Buffer.from(JSON.stringify(key(last))).toString('base64url') }
}
