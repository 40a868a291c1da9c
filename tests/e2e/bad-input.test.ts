import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { flightRecipe, galley, recipeFile } from './command.ts'
import { AIRPORTS, FLIGHTS, sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-bad-'))
const home = join(folder, 'home')
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** What went wrong, why and the fix, each on a line; the exit code says which kind. */
async function fails(recipe: string, exit: number, code: string, ...says: string[]): Promise<void> {
  const { code: exited, err } = await galley(home, 'run', recipe)
  expect(err).toContain(`error ${code}: `)
  for (const text of says) expect(err).toContain(text)
  expect(err).toContain('fix: ')
  expect(err).not.toContain('    at ')
  expect(exited).toBe(exit)
}

describe('sources', () => {
  test('a missing file', () =>
    fails(
      recipeFile(folder, 'missing', `k.source('a', csv('nowhere.csv', { a: 'string' }))`),
      2,
      'SOURCE_MISSING',
      join(folder, 'nowhere.csv'),
    ))

  test('a truncated file', async () => {
    writeFileSync(join(folder, 'cut.parquet'), readFileSync(FLIGHTS).subarray(0, 1_000_000))
    await fails(flightRecipe(folder, join(folder, 'cut.parquet'), AIRPORTS), 1, 'SOURCE_BROKEN', 'cut.parquet')
  })

  test('a file that is damaged in the middle', async () => {
    const bytes = readFileSync(FLIGHTS)
    bytes.fill(0, 2_000_000, 2_200_000)
    writeFileSync(join(folder, 'damaged.parquet'), bytes)
    await fails(flightRecipe(folder, join(folder, 'damaged.parquet'), AIRPORTS), 1, 'SOURCE_BROKEN')
  })

  test('an empty file', async () => {
    writeFileSync(join(folder, 'empty.csv'), '')
    await fails(
      recipeFile(folder, 'empty', `k.source('a', csv('empty.csv', { a: 'string' }))`),
      1,
      'SOURCE_BROKEN',
      'is empty',
    )
  })

  test('a wrong type', async () => {
    copyFileSync(FLIGHTS, join(folder, 'flights.parquet'))
    await fails(
      recipeFile(folder, 'types', `k.source('f', parquet('flights.parquet', { delay: 'string' }))`),
      1,
      'SOURCE_SCHEMA',
      "column 'delay'",
      'BIGINT',
    )
  })

  test('a column that the file lacks', () =>
    fails(
      recipeFile(folder, 'lacks', `k.source('f', parquet('flights.parquet', { dellay: 'int64' }))`),
      2,
      'PLAN_UNKNOWN_COLUMN',
      "did you mean 'delay'?",
    ))

  test('a CSV with a broken row: the line is named; it can be left out on purpose, and is counted', async () => {
    writeFileSync(join(folder, 'broken.csv'), 'id,amount\n1,10\n2,ten\n3,30,extra\n4,40\n')
    await fails(
      recipeFile(folder, 'broken', `k.source('b', csv('broken.csv', { id: 'int64', amount: 'float64' }))`),
      1,
      'SOURCE_BROKEN',
      'line 3 of',
      'and 1 more',
    )
    const skip = recipeFile(
      folder,
      'skip',
      `k.source('b', csv('broken.csv', { id: 'int64', amount: 'float64' }, { broken: 'skip' }))`,
    )
    const { code, err } = await galley(home, 'run', skip)
    expect(err).toMatch(/2 rows .*broken line \(a value of another type\) 1.*broken line \(too many cells\) 1/)
    expect(code).toBe(0)
  })
})

describe('recipes', () => {
  test('a misspelt column names the ones that exist', () =>
    fails(
      recipeFile(
        folder,
        'spelling',
        `const f = k.source('f', parquet('flights.parquet', { delay: 'int64' }))\n  k.step('s', f.filter((r) => (r as any).dellay.gt(1)))`,
      ),
      2,
      'PLAN_UNKNOWN_COLUMN',
      "the columns are 'delay'",
      "did you mean 'delay'?",
    ))
  test('no such file', () => fails(join(folder, 'none.ts'), 2, 'RECIPE_NOT_FOUND'))
  test('a file that is not a recipe', async () => {
    writeFileSync(join(folder, 'not.ts'), 'export default 42\n')
    await fails(join(folder, 'not.ts'), 2, 'RECIPE_INVALID')
  })
  test('a file with a syntax error', async () => {
    writeFileSync(join(folder, 'syntax.ts'), 'export default {{\n')
    await fails(join(folder, 'syntax.ts'), 2, 'RECIPE_INVALID')
  })
  test('an expectation that does not hold stops the run with exit 3', () =>
    fails(
      recipeFile(
        folder,
        'expects',
        `const f = k.source('f', parquet('flights.parquet', { delay: 'int64' }))\n  k.dataset('d', f, { expect: (r) => ({ 'never early': r.delay.ge(0) }) })`,
      ),
      3,
      'QUALITY_FAILED',
      'never early',
    ))
  test('a usage error exits with 2', async () => {
    expect((await galley(home, 'predict', 'x')).code).toBe(2)
    expect((await galley(home, 'nonsense')).code).toBe(2)
    const unknown = await galley(home, 'endpoints', 'show', 'nothing')
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('ENDPOINT_UNKNOWN')])
  })
})

test.skipIf(process.getuid?.() !== 0)(
  'a full disk: one clear error, and with room again the same command finishes (mounting needs root)',
  async () => {
    const small = join(folder, 'small')
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=110m', 'tmpfs', small])
    try {
      const { flights, airports } = await sampleFlights(join(folder, 'source'))
      const recipe = flightRecipe(folder, flights, airports)
      await galley(join(small, 'home'), 'runs', 'ls')
      const { bavail, bsize } = statfsSync(small)
      writeFileSync(join(small, 'ballast'), Buffer.alloc(bavail * bsize - (9 << 20)))
      const full = await galley(join(small, 'home'), 'run', recipe)
      expect(full.err).toContain('error DISK_FULL: ')
      expect(full.code).toBe(1)
      rmSync(join(small, 'ballast'))
      execFileSync('mount', ['-o', 'remount,size=600m', small])
      expect((await galley(join(small, 'home'), 'run', recipe)).code).toBe(0)
    } finally {
      execFileSync('umount', ['-l', small])
    }
  },
  120_000,
)
