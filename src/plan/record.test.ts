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
  expect(read('at', '2026-05-02 19:10:00')).toBe(micros('2026-05-02T19:10:00Z'))
  expect(read('wall', '2026-05-02T19:10:00')).toBe(micros('2026-05-02T19:10:00Z'))
  for (const [name, text] of [['wall', '2026-05-02T19:10:00Z'], ['wall', '2026-05-02 19:10:00+09:00'], ['day', '2026-05-02T19:10:00Z']] as const) // biome-ignore format: one line
    expect(() => read(name, text)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID', why: expect.stringContaining('wall') })) // biome-ignore format: one line
  for (const text of ['2026-05-02 19:10:00+19:00', '2026-05-02 19:10:00+9', '2026-02-30 00:00Z'])
    expect(() => read('at', text)).toThrow(expect.objectContaining({ code: 'RECORD_INVALID' }))
})

test('what is written is read back', () => {
  const values = { at: micros('2026-05-02T19:10:00Z'), wall: micros('2026-05-02T08:00:00Z'), day: 20000 }
  expect(readRecord(schema, writeRecord(schema, values))).toEqual(Object.values(values))
})
