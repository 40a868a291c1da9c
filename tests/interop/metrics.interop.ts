import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const python = process.env['GALLEY_INTEROP_PYTHON'] ?? ''
const fixtures = join(import.meta.dirname, '..', 'fixtures', 'sklearn')

/** The same but for the last digits of numbers, which processors differ in. */
function same(got: unknown, kept: unknown, at: string): void {
  if (typeof kept === 'number')
    expect(Math.abs((got as number) - kept), at).toBeLessThan(1e-9 * Math.max(1, Math.abs(kept)))
  else if (typeof kept === 'object' && kept !== null)
    for (const [key, value] of Object.entries(kept)) same((got as never)[key], value, `${at}.${key}`)
  else expect(got, at).toEqual(kept)
}

/** The tests of metrics and of linear models hold ours against these files. */
test.each(['metrics', 'linear'])('scikit-learn says what the fixtures of %s say', (name) => {
  const out = execFileSync(python, [join(import.meta.dirname, `${name}.py`)], { maxBuffer: 2 ** 27, encoding: 'utf8' })
  same(JSON.parse(out), JSON.parse(readFileSync(join(fixtures, `${name}.json`), 'utf8')), name)
})
