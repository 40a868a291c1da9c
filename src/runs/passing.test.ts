import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { again, makeGood, settle } from './passing.ts'

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
  makeGood(refused, 'refused', async () => void tried.push('refused'))
  makeGood(new GalleyError('STORE_UNAVAILABLE', { what: 'the answer is lost' }), 'late', async () => {
    tried.push('late')
    if (tried.length < 3) throw refused
  })
  makeGood(new GalleyError('STORE_UNAVAILABLE', { what: 'it was not done' }), 'never', async () => {
    tried.push('never')
    throw refused
  })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(tried.toSorted()).toEqual([...Array(2).fill('late'), ...Array(5).fill('never')])
})

test('what a run is still owed is done before it goes on, and never after', async () => {
  let [tried, isDown] = [0, true]
  const putBack = async () => {
    tried++
    if (isDown) throw new GalleyError('STORE_UNAVAILABLE', { what: 'it is down' })
  }
  makeGood(new GalleyError('STORE_UNAVAILABLE', { what: 'the answer is lost' }), 'run', putBack)
  await expect(settle('run')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await settle('another')
  isDown = false
  await settle('run')
  await settle('run')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(tried).toBe(2)
})
