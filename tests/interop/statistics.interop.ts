import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { close } from '../../src/ml/analysis/statistics/testing.ts'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const folder = mkdtempSync(join(tmpdir(), 'galley-interop-'))
const fixtures = join(import.meta.dirname, '..', '..', 'src', 'ml', 'analysis', 'statistics', 'fixtures')
beforeAll(() => {
  execFileSync(python, ['-B', join(import.meta.dirname, 'statistics', 'write.py'), folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Where two values differ by more than rounding on another machine. */
function differences(a: Json | undefined, b: Json | undefined, at: string): string[] {
  if (typeof a === 'number' && typeof b === 'number')
    return close(a, b, 1e-10, 1e-14) ? [] : [`${at}: ${a} is not ${b}`]
  // the Python is the machine's own
  if (at.endsWith('.source.python')) return []
  if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].flatMap((key) =>
      differences((a as { [key: string]: Json })[key], (b as { [key: string]: Json })[key], `${at}.${key}`),
    )
  }
  return a === b ? [] : [`${at}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`]
}

/** The unit tests hold Galley's values against these fixtures; here the fixtures are what the libraries give. */
test.each(['distributions.json', 'cases.json', 'columns.json'])(
  'SciPy and statsmodels give what %s says',
  { timeout: 300_000 },
  (name) => {
    const read = (from: string) => JSON.parse(readFileSync(join(from, name), 'utf8')) as { [key: string]: Json }
    const [theirs, ours] = [read(folder), read(fixtures)]
    expect(differences(theirs, ours, name)).toEqual([])
  },
)
