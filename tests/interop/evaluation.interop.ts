import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const fixture = join(import.meta.dirname, '..', 'fixtures', 'sklearn', 'evaluation.json')

/** The same but for the last digits of numbers, which processors differ in. */
function same(got: unknown, kept: unknown, at: string): void {
  if (typeof kept === 'number')
    expect(Math.abs((got as number) - kept), at).toBeLessThan(1e-7 * Math.max(1, Math.abs(kept)))
  else if (typeof kept === 'object' && kept !== null)
    for (const [key, value] of Object.entries(kept)) same((got as never)[key], value, `${at}.${key}`)
  else expect(got, at).toEqual(kept)
}

/** The tests of intervals, groups and inspection hold ours against this file. */
test('scikit-learn, fairlearn and SciPy say what the fixture says', () => {
  const out = execFileSync(python, [join(import.meta.dirname, 'evaluation.py')], {
    maxBuffer: 2 ** 27,
    encoding: 'utf8',
  })
  same(JSON.parse(out), JSON.parse(readFileSync(fixture, 'utf8')), 'evaluation')
})
