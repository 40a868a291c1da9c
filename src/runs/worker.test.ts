import { expect, test } from 'vitest'
import { GalleyError } from '../base/errors.ts'
import { endOf } from './worker.ts'

const job = { attempts: 1, mostAttempts: 3 }
const error = (code: ConstructorParameters<typeof GalleyError>[0], details = {}) =>
  new GalleyError(code, { what: 'it failed', fix: 'see', details })

test.each([
  ['the database is away', error('STORE_UNAVAILABLE')],
  ['the disk is full', error('DISK_FULL')],
  ['the claim of a step went with the database', error('STORE_CONFLICT', { step: 'a' })],
])('what may pass is tried again, later each time, and as often as it may: %s', (_, thrown) => {
  expect(endOf(job, thrown, false)).toMatchObject({ status: 'queued', pause: 5000, attempts: 1 })
  expect(endOf({ ...job, attempts: 2 }, thrown, false)).toMatchObject({ status: 'queued', pause: 10_000 })
  expect(endOf({ ...job, attempts: 3 }, thrown, false)).toMatchObject({ status: 'failed' })
})

test('what will not pass fails at once; what a worker that stops was at goes back as if it had not been tried', () => {
  for (const code of ['STEP_FAILED', 'SOURCE_BROKEN', 'STORE_CONFLICT', 'CANCELLED'] as const)
    expect(endOf(job, error(code), false)).toMatchObject({ status: 'failed' })
  expect(endOf(job, error('STEP_FAILED'), true)).toMatchObject({ status: 'queued', pause: 0, attempts: 0, error: null })
})
