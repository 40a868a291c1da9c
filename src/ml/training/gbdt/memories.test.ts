import { expect, test } from 'vitest'
import { keepMemory, takeMemory } from './memories.ts'

test('a memory that is kept comes back zeroed, once, to whom it fits', () => {
  const first = takeMemory(100_000)
  new Uint8Array(first.buffer).fill(7)
  keepMemory(first)
  const again = takeMemory(90_000)
  expect(again).toBe(first)
  expect(new Uint8Array(again.buffer, 0, 90_000).every((byte) => byte === 0)).toBe(true)
  expect(takeMemory(90_000)).not.toBe(first)
  keepMemory(first)
  const larger = takeMemory(10_000_000)
  expect(larger.buffer.byteLength).toBeGreaterThanOrEqual(10_000_000)
  keepMemory(larger)
  expect(takeMemory(1000)).not.toBe(larger)
})
