import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { again, makeGood } from './passing.ts'

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

test('what was asked and not answered is made good, also where it is done late; what was refused is not', async () => {
  const tried: string[] = []
  const refused = new GalleyError('STORE_CONFLICT', { what: 'it is not there' })
  makeGood(refused, async () => void tried.push('refused'))
  makeGood(new GalleyError('STORE_UNAVAILABLE', { what: 'the answer is lost' }), async () => {
    tried.push('late')
    if (tried.length < 3) throw refused
  })
  makeGood(new GalleyError('STORE_UNAVAILABLE', { what: 'it was not done' }), async () => {
    tried.push('never')
    throw refused
  })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(tried.toSorted()).toEqual([...Array(2).fill('late'), ...Array(5).fill('never')])
})
