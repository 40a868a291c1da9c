import { asGalleyError, GalleyError } from '../../base/errors.ts'

/** Does `read` with each record; of several, what it throws says which one it was, counted from 0. */
export function each<T>(records: readonly unknown[], read: (record: unknown, index: number) => T): T[] {
  return records.map((record, index) => {
    try {
      return read(record, index)
    } catch (thrown) {
      throw records.length > 1 ? inRecord(index, thrown) : thrown
    }
  })
}

function inRecord(index: number, thrown: unknown): GalleyError {
  const error = asGalleyError(thrown)
  const { what, why, fix, details } = error
  return new GalleyError(error.code, {
    what: `record ${index}: ${what}`,
    ...(why ? { why } : {}),
    fix: fix ?? 'correct that record and send all of them again: none was taken',
    details: { ...details, record: index },
    cause: thrown,
  })
}
