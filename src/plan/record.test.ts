import { expect, test } from 'vitest'
import { readRecord, writeRecord } from './record.ts'
import type { Schema } from './types.ts'

const schema: Schema = [
  { name: 'at', type: 'timestamp', nullable: true },
  { name: 'wall', type: 'local timestamp', nullable: true },
  { name: 'day', type: 'date', nullable: true },
]
const read = (name: string, text: string) =>
  readRecord(schema, { at: null, wall: null, day: null, [name]: text })[schema.findIndex((f) => f.name === name)]
const micros = (iso: string) => BigInt(Date.parse(iso)) * 1000n

test('an instant may carry its zone; a wall clock and a date have none, and do not lose one silently', () => {
  expect(read('at', '2026-05-02T19:10:00Z')).toBe(micros('2026-05-02T19:10:00Z'))
  expect(read('at', '2026-05-02 19:10:00+09:00')).toBe(micros('2026-05-02T10:10:00Z'))
  expect(read('at', '2026-05-02 19:10:00.25-03:30')).toBe(micros('2026-05-02T22:40:00Z') + 250_000n)
  expect(read('wall', '2026-05-02T19:10:00')).toBe(micros('2026-05-02T19:10:00Z'))
  for (const [name, text] of [['wall', '2026-05-02T19:10:00Z'], ['wall', '2026-05-02 19:10:00+09:00'], ['day', '2026-05-02T19:10:00Z']] as const) // biome-ignore format: one line
    expect(() => read(name, text)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID', why: expect.stringContaining('wall') })) // biome-ignore format: one line
  for (const text of ['2026-05-02 19:10:00', '2026-05-02T19:10', '2026-05-02'])
    expect(() => read('at', text)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID', why: expect.stringContaining('zone'), fix: expect.stringContaining('Z') })) // biome-ignore format: one line
  for (const text of [
    'yesterday',
    '2026-05-02Z',
    '2026-05-02 19:10:00+19:00',
    '2026-05-02 19:10:00+9',
    '2026-02-30 00:00Z',
  ])
    expect(() => read('at', text)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }))
})

test('what is written is read back', () => {
  const values = { at: micros('2026-05-02T19:10:00Z') + 123_456n, wall: micros('2026-05-02T08:00:00Z'), day: 20000 }
  expect(readRecord(schema, writeRecord(schema, values))).toEqual(Object.values(values))
})

test('decimals, durations, bytes, lists and structs of a request are read exactly, and written as they are read', () => {
  const nested: Schema = [
    { name: 'price', type: { decimal: [8, 2] }, nullable: true },
    { name: 'took', type: 'duration', nullable: true },
    { name: 'raw', type: 'bytes', nullable: true },
    { name: 'tags', type: { list: 'string' }, nullable: true },
    { name: 'place', type: { struct: [['lat', 'float64'], ['ids', { list: 'int64' }]] }, nullable: true }, // biome-ignore format: one line
  ]
  const given = { price: '59.25', took: 7, raw: 'AQD/', tags: ['김치', null], place: { lat: 1.5, ids: ['9007199254740993'] } } // biome-ignore format: one line
  const values = readRecord(nested, given)
  expect(values).toEqual([5925n, 7n, new Uint8Array([1, 0, 255]), ['김치', null], { lat: 1.5, ids: [9007199254740993n] }]) // biome-ignore format: one line
  expect(writeRecord(nested, Object.fromEntries(nested.map((f, i) => [f.name, values[i]])))).toEqual(given)
  const price = (value: unknown) => readRecord(nested.slice(0, 1), { price: value })[0]
  expect([price(1.25), price('-0.50'), price(0), price('999999.99'), price('1.2500')]).toEqual([125n, -50n, 0n, 99999999n, 125n]) // biome-ignore format: one line
  for (const bad of ['1.255', '1000000', '1e3', '', ' 1', true, {}, Number.NaN, 1e21])
    expect(() => price(bad)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }))
  for (const bad of [{ tags: 'x' }, { tags: [1] }, { place: { lat: 1, other: 2 } }, { place: [] }, { raw: '%' }])
    expect(() => readRecord(nested, { ...given, ...bad })).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }))
})

test('what fits is taken, however it is written: small decimals, early years; bytes are whole', () => {
  const small: Schema = [{ name: 'p', type: { decimal: [9, 8] }, nullable: true }]
  const p = (value: unknown) => readRecord(small, { p: value })[0]
  expect([p(1e-7), p(-1.5e-7), p(1e-8), p(0)]).toEqual([10n, -15n, 1n, 0n])
  for (const bad of [1e-9, 1.25e-8, '1e-7', 1e21]) expect(() => p(bad)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' })) // biome-ignore format: one line
  expect(read('day', '0050-01-02')).toBe(Date.parse('0050-01-02T00:00:00Z') / 86_400_000)
  expect(read('wall', '0050-01-02 03:04:05')).toBe(micros('0050-01-02T03:04:05Z'))
  expect(read('at', '0050-01-02 03:04:05Z')).toBe(micros('0050-01-02T03:04:05Z'))
  expect(writeRecord(schema, { wall: micros('0050-01-02T03:04:05Z') })).toMatchObject({ wall: '0050-01-02 03:04:05' })
  for (const day of ['0000-01-01', '0050-02-30']) expect(() => read('day', day)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' })) // biome-ignore format: one line
  const raw: Schema = [{ name: 'raw', type: 'bytes', nullable: true }]
  for (const text of ['A', 'AA', 'AAAAA', 'AA=', '====']) expect(() => readRecord(raw, { raw: text })).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' })) // biome-ignore format: one line
})

test('half a pair of UTF-16 is no text', () => {
  const names: Schema = [{ name: 'name', type: 'string', nullable: false }]
  expect(readRecord(names, JSON.parse('{"name": "\\ud83d\\ude00"}'))).toEqual(['😀'])
  expect(() => readRecord(names, JSON.parse('{"name": "a\\ud83d"}'))).toThrow(
    expect.objectContaining({ code: 'RECORD_INVALID', why: expect.stringContaining('half a pair') }),
  )
})

test('a 64-bit integer beyond 2⁵³ is sent as text', () => {
  const ids: Schema = [{ name: 'id', type: 'int64', nullable: false }]
  expect(readRecord(ids, { id: '9007199254740993' })).toEqual([9007199254740993n])
  expect(() => readRecord(ids, { id: 9007199254740992 })).toThrow(
    expect.objectContaining({ code: 'RECORD_INVALID', fix: expect.stringContaining('as text') }),
  )
})
