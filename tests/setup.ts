/** Runs in every test file: each test gets a data folder of its own, removed after it; plans on a GPU run on a software driver. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { useTestDriver } from '../scripts/gpu-driver.ts'

useTestDriver()

beforeEach(() => {
  process.env['GALLEY_HOME'] = mkdtempSync(join(tmpdir(), 'galley-test-'))
  process.env['GALLEY_LOG'] = 'silent'
  delete process.env['GALLEY_URL']
})

afterEach(() => {
  const home = process.env['GALLEY_HOME']
  if (home) rmSync(home, { recursive: true, force: true, maxRetries: 5 })
})
