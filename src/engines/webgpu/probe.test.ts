import { afterEach, expect, test, vi } from 'vitest'
import { probeDevice } from './probe.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

test('a device is opened in a process of its own, which says what it is like', async () => {
  expect(await probeDevice()).toMatchObject({
    name: expect.any(String),
    software: true,
    largestBuffer: expect.any(Number),
  })
})

test('a driver that does not answer in time, or is none, is no device; the process that asks goes on', async () => {
  expect(await probeDevice(1)).toBe('its driver did not answer within 0.001 seconds')
  vi.stubEnv('VK_ICD_FILENAMES', import.meta.filename)
  expect(await probeDevice()).toBe('no driver gives an adapter')
  vi.stubEnv('VK_DRIVER_FILES', '/nowhere/driver.json')
  expect(await probeDevice()).toBe('the driver that is named is not there: /nowhere/driver.json')
})
