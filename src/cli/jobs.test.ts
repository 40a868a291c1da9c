import { expect, test } from 'vitest'
import { csv, recipe } from '../index.ts'
import { spilling } from './jobs.ts'

test('a recipe that is queued with --spill is the one that is run with it; what else it says of the device stays', () => {
  const own = {
    ...recipe('spills', (k) => void k.dataset('kept', k.source('a', csv('a.csv', { a: 'int64' })))),
    device: { memory: 1000 },
  } as ReturnType<typeof recipe>
  expect(spilling(own, true)).toEqual({ ...own, device: { memory: 1000, spill: true } })
  expect(spilling(own, false)).toBe(own)
  expect(spilling(own)).toBe(own)
})
