import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KILLS } from '../../../src/data/connectors/testing/kills.ts'

const SCRIPT = join(import.meta.dirname, 'nth.ts')
/** Which of them are failed: one in so many, from another one on each time; all where it is asked for thoroughly. */
const EVERY = KILLS < 50 ? 40 : 1
const FIRST = 1 + Math.floor(Math.random() * EVERY)

test(`what a small run does to files fails, one after the other (from ${FIRST}, each ${EVERY}.): a clear error, and the next run completes`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'galley-nth-'))
  const args = ['--no-warnings', SCRIPT, folder, String(EVERY), String(FIRST)]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 3_600_000 })
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  const { count, rounds, wrong } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
  expect(wrong).toEqual([])
  expect(rounds).toBe(Math.floor((count - FIRST) / EVERY) + 1)
  expect(count).toBeGreaterThan(100)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 3_600_000)
