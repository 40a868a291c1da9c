import {
  binary,
  bool,
  columnFromArray,
  type DataType,
  dateMillisecond,
  decimal,
  dictionary,
  fixedSizeBinary,
  fixedSizeList,
  float64,
  int8,
  int64,
  list,
  map,
  struct,
  TimeUnit,
  tableFromColumns,
  tableToIPC,
  timeMicrosecond,
  timestamp,
  utf8,
} from '@uwdata/flechette'
import { expect, test } from 'vitest'
import { type Value, valueAt } from '../batch.ts'
import { createLedger } from '../ledger.ts'
import { readIpc } from './index.ts'

/** Most that bytes of this size may take to be read or refused, ms. */
const MOST = 200

function read(bytes: Uint8Array): Value[][] {
  const rows: Value[][] = []
  for (const b of readIpc(bytes, createLedger()).batches())
    for (let i = 0; i < b.rows; i++) rows.push(b.columns.map((c) => valueAt(c, i)))
  return rows
}

/** `rows`, or the code of what is said. The machine may have paused: what seems long is read again. */
function readQuickly(bytes: Uint8Array, what: string, again = 3): 'rows' | string {
  const began = performance.now()
  let answer: string
  try {
    read(bytes)
    answer = 'rows'
  } catch (error) {
    answer = (error as { code?: string }).code ?? `${what}: ${error}`
  }
  const took = performance.now() - began
  if (took >= MOST && again > 0) return readQuickly(bytes, what, again - 1)
  expect(took, what).toBeLessThan(MOST)
  return answer
}

const at = new Date('2001-02-03T04:05:06Z')
/** A column of every kind of type that is told by numbers or has parts, with values of it. */
const COLUMNS: readonly (readonly [name: string, type: DataType, values: readonly unknown[]])[] = [
  ['small', int8(), [1, -2]],
  ['n', int64(), [1n, -2n]],
  ['x', float64(), [1.5, null]],
  ['d32', decimal(9, 2, 32), [1.25, -2.5]],
  ['d64', decimal(18, 4, 64), [1.25, -2.5]],
  ['d128', decimal(18, 4, 128), [1.25, -2.5]],
  ['d256', decimal(18, 4, 256), [1.25, -2.5]],
  ['zoned', timestamp(TimeUnit.MILLISECOND, 'Asia/Seoul'), [at, null]],
  ['wall', timestamp(TimeUnit.NANOSECOND), [at, null]],
  ['raw', binary(), [new Uint8Array([1]), null]],
  ['four', fixedSizeBinary(4), [new Uint8Array(4), new Uint8Array(4)]],
  ['pair', fixedSizeList(int64(), 2), [[1n, 2n], [3n, 4n]]], // biome-ignore format: one line
  ['many', list(utf8()), [['a'], []]],
  ['place', struct({ lat: float64(), price: decimal(9, 2, 128) }), [{ lat: 1, price: 1.5 }, { lat: 2, price: 2.5 }]], // biome-ignore format: one line
  ['word', dictionary(utf8()), ['a', 'b']],
  ['yes', bool(), [true, false]],
]
/** Kinds that are refused by name, whatever their numbers are. */
const OTHERS: typeof COLUMNS = [
  ['day', dateMillisecond(), [at, at]],
  ['clock', timeMicrosecond(), [1n, 2n]],
  ['notes', map(utf8(), int64()), [[['a', 1n]], []]],
]

function ipcOf(columns: typeof COLUMNS, format: 'stream' | 'file' = 'stream'): Uint8Array {
  const made = columns.map(([name, type, values]) => [name, columnFromArray([...values], type)] as const)
  return (tableToIPC(tableFromColumns(made as never), { format }) as Uint8Array).slice()
}

/** How many bytes the schema's message takes, at the beginning of a stream. */
const schemaOf = (stream: Uint8Array): number => 8 + new DataView(stream.buffer).getInt32(4, true)

test('what the hostile bytes are made of is read', () => {
  expect(read(ipcOf(COLUMNS)).length).toBe(2)
  for (const other of OTHERS) expect(() => read(ipcOf([other]))).toThrowError('has a type that Galley has not')
})

/** Where the two numbers of a decimal lie in a schema's message. */
function decimalAt(view: DataView, end: number, [digits, scale]: readonly [number, number]): [number, number] {
  for (let i = 8; i + 8 <= end; i += 4)
    for (const [d, s] of [[i, i + 4], [i + 4, i]] as const) // biome-ignore format: one line
      if (view.getInt32(d, true) === digits && view.getInt32(s, true) === scale) return [d, s]
  throw new Error('no decimal')
}

test.each([
  ['a scale of millions of digits', 17, 60_000_000],
  ['more digits after the point than there are', 17, 18],
  ['a scale below 0', 17, -3],
  ['no digits', 0, 0],
  ['fewer digits than none', -17, -17],
  ['more digits than its bits have room for', 39, 3],
  ['as many digits as a number has room for', 2 ** 31 - 1, 2 ** 31 - 1],
])('a decimal of %s is refused at once', (_, digits, scale) => {
  for (const only of [false, true]) {
    const bytes = ipcOf([['m', decimal(17, 3, 128), [1.5, null]]])
    const end = schemaOf(bytes)
    const view = new DataView(bytes.buffer)
    const [d, s] = decimalAt(view, end, [17, 3])
    view.setInt32(d, digits, true)
    view.setInt32(s, scale, true)
    expect(readQuickly(only ? bytes.slice(0, end) : bytes, `${digits}, ${scale}`)).toBe('SOURCE_BROKEN')
  }
})

test('every number of every field type, with values made to harm: widths, units, sizes of lists, lengths of zones', () => {
  const numbers = [-(2 ** 31), -1, 0, 1, 3, 65, 300, 60_000_000, 2 ** 31 - 1]
  const seen = new Map<string, number>()
  for (const columns of [COLUMNS, ...OTHERS.map((other) => [other])]) {
    const good = ipcOf(columns)
    const end = schemaOf(good)
    for (const short of [false, true])
      for (let i = 8; i + 2 <= end; i += 2)
        for (const n of i % 4 === 0 ? numbers : [-1, 0, 1, 7, 32767]) {
          const bytes = short ? good.slice(0, end) : good.slice()
          const view = new DataView(bytes.buffer)
          if (i % 4 === 0) view.setInt32(i, n, true)
          else view.setInt16(i, n, true)
          const answer = readQuickly(bytes, `${n} at ${i}`)
          seen.set(answer, (seen.get(answer) ?? 0) + 1)
        }
  }
  expect([...seen.keys()].sort()).toEqual(['SOURCE_BROKEN', 'rows'])
  expect(seen.get('SOURCE_BROKEN')).toBeGreaterThan(1000)
}, 120_000)

test('a text of the metadata that is named again and again is refused at once', () => {
  const fields = 5000
  const long = 'x'.repeat(500_000)
  const names = Array.from({ length: fields }, (_, i) => (i === 0 ? long : `c${i}`))
  const bytes = ipcOf(names.map((name) => [name, int8(), []]))
  const view = new DataView(bytes.buffer)
  const follow = (i: number) => i + view.getInt32(i, true)
  const slot = (table: number, n: number) => table + view.getInt16(table - view.getInt32(table, true) + n, true)
  const schema = follow(slot(follow(8), 8))
  const list = follow(slot(schema, 6))
  expect(view.getInt32(list, true)).toBe(fields)
  const first = follow(list + 4)
  for (let i = 1; i < fields; i++) view.setInt32(list + 4 + i * 4, first - (list + 4 + i * 4), true)
  expect(readQuickly(bytes, 'shared')).toBe('SOURCE_BROKEN')
})

test.each(['Mars/Olympus', '+99:99', '\0', "'; drop", 'é'.repeat(2000)])(
  'whatever zone a time names, it is an instant: %j',
  (zone) => {
    const bytes = ipcOf([['t', timestamp(TimeUnit.MICROSECOND, zone), [at, null]]])
    expect(readIpc(bytes, createLedger()).schema[0]?.type).toBe('timestamp')
    expect(read(bytes)).toEqual([[BigInt(at.getTime()) * 1000n], [null]])
  },
)
