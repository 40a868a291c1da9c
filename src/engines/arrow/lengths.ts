import { type Batch as ArrowBatch, type Field as ArrowField, type DataType, Type as TypeId } from '@uwdata/flechette'
import { GalleyError } from '../../base/errors.ts'

/** A length is a claim of the file: what it promises must be there before anything is made of that size. */
export function checkLengths(from: ArrowBatch<unknown>, type: DataType, rows: number): void {
  const { length, values, offsets, validity, nullCount } = from
  const short = (what: string, has: number, needs: number) =>
    broken('a column is shorter than it says', `${what}: ${has} where ${needs} are needed`)
  if (!Number.isSafeInteger(length) || length < rows) throw short('rows', length, rows)
  const present = validity as Uint8Array | undefined
  if (nullCount > 0 && present && present.byteLength > 0 && present.byteLength * 8 < length)
    throw short('validity bits', present.byteLength * 8, length)
  const variable = [TypeId.Utf8, TypeId.LargeUtf8, TypeId.Binary, TypeId.LargeBinary, TypeId.List, TypeId.LargeList]
  if ((variable as number[]).includes(type.typeId)) {
    if (length > 0 && offsets.length < length + 1) throw short('offsets', offsets.length, length + 1)
    const room =
      type.typeId === TypeId.List || type.typeId === TypeId.LargeList ? from.children[0]?.length : values?.length
    for (let i = 0, last = 0; length > 0 && i <= length; i++) {
      const at = Number(offsets[i])
      if (at < last || at > (room ?? 0)) throw broken('an offset lies outside of the values', `${at} of ${room ?? 0}`)
      last = at
    }
  } else if (type.typeId === TypeId.FixedSizeList) {
    if ((from.children[0]?.length ?? 0) < length * type.stride)
      throw short('items', from.children[0]?.length ?? 0, length * type.stride)
  } else if (type.typeId !== TypeId.Struct) {
    // what a value takes in the values array: several elements for a wide decimal, a bit for a bool
    const each =
      type.typeId === TypeId.Bool
        ? 1 / 8
        : type.typeId === TypeId.Decimal
          ? Math.max(1, type.bitWidth / 64)
          : type.typeId === TypeId.FixedSizeBinary
            ? type.stride
            : isView(type)
              ? VIEW
              : 1
    if ((values?.length ?? 0) < Math.ceil(length * each))
      throw short('values', values?.length ?? 0, Math.ceil(length * each))
    if (isView(type)) checkViews(from)
  }
  const fields = 'children' in type ? (type.children as ArrowField[]) : []
  fields.forEach((f, i) => {
    checkLengths(from.children[i] as ArrowBatch<unknown>, f.type, type.typeId === TypeId.Struct ? length : 0)
  })
}

/** Bytes of a view: its length, then all of it or where it lies. */
const VIEW = 16
/** Bytes that views may give in all, and times the bytes that they are of. */
const [MOST_VIEWED, MOST_SHARED] = [64 * 2 ** 20, 16]

const isView = (type: DataType): boolean => type.typeId === TypeId.Utf8View || type.typeId === TypeId.BinaryView

/** Views may be of the same bytes, which are then copied for each. */
function checkViews(from: ArrowBatch<unknown>): void {
  const views = from.values as Uint8Array
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength)
  const parts = (from as unknown as { readonly data: readonly Uint8Array[] }).data
  const there = parts.reduce((sum, part) => sum + part.byteLength, views.byteLength)
  let given = 0
  for (let row = 0; row < from.length; row++) {
    const length = view.getInt32(row * VIEW, true)
    if (length < 0) throw broken('a text is of a length below 0', `${length} in row ${row}`)
    given += length
  }
  if (given > MOST_VIEWED && given > there * MOST_SHARED)
    throw broken('texts are larger than what they are in', `${given} bytes of ${there}`)
}

/** What is wrong with bytes that are Arrow's. */
export const broken = (what: string, why: string): GalleyError =>
  new GalleyError('SOURCE_BROKEN', { what, why, fix: 'write the table again with types that Galley has' })
