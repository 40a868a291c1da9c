import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pythonIn } from '../../scripts/python.ts'
import { close } from '../../src/ml/analysis/statistics/testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
const fixtures = join(import.meta.dirname, '..', '..', 'src', 'ml', 'forecasting', 'fixtures')
// statsforecast goes with an older pandas than the others
beforeAll(async () => {
  const own = join(import.meta.dirname, '.python-forecasting')
  const pins = join(import.meta.dirname, 'forecasting', 'packages.txt')
  const { python } = await pythonIn(own, pins, { say: () => {}, signal: new AbortController().signal })
  execFileSync(python, ['-B', join(import.meta.dirname, 'forecasting', 'write.py'), folder], {
    stdio: ['ignore', 'ignore', 'ignore'],
  })
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Where two values differ by more than another machine's rounding makes of an optimum. */
function differences(a: unknown, b: unknown, at: string): string[] {
  if (typeof a === 'number' && typeof b === 'number') return close(a, b, 1e-3, 1e-6) ? [] : [`${at}: ${a} is not ${b}`]
  // the Python is the machine's own
  if (at.endsWith('.source.python')) return []
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].flatMap((k) => differences((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k], `${at}.${k}`)) // biome-ignore format: one line
  }
  return a === b ? [] : [`${at}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`]
}

/** The unit tests hold Galley's forecasters against this fixture; here the fixture is what the libraries give. */
test('statsforecast and statsmodels give what series.json says', () => {
  const read = (from: string) => JSON.parse(readFileSync(join(from, 'series.json'), 'utf8')) as unknown
  expect(differences(read(folder), read(fixtures), 'series')).toEqual([])
})
