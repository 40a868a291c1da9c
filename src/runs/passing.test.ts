import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { again } from './passing.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test.each([
  ['DISK_FULL', 4],
  ['STORE_UNAVAILABLE', 4],
  ['STORE_CONFLICT', 1],
] as const)('what fails with %s is tried again until it is done, or for good: %i times', async (code, times) => {
  let tried = 0
  again(async () => {
    if (++tried < 4) throw new GalleyError(code, { what: 'it failed' })
  })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(tried).toBe(times)
})
