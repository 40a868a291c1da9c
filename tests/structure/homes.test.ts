import { describe, expect, it } from 'vitest'
import { sourcesUnder, withoutComments } from './sources.ts'

/** What has one home: only files under it may use it. */
const HOMES: readonly (readonly [what: string, pattern: RegExp, home: string])[] = [
  ['process.env', /\bprocess\s*\.\s*env\b|\benv\b[^=\n]*\bfrom\s*['"]node:process['"]/, 'src/base/'],
  ['Date.now', /\bDate\s*\.\s*now\b/, 'src/base/'],
  ['new Date()', /\bnew Date\(\s*\)/, 'src/base/'],
  ['randomUUID', /\brandomUUID\b/, 'src/base/'],
  ['console', /(?<![\w.$'"/-])console\s*\.\s*\w/, 'src/base/'],
  ['fetch', /(?<![\w.$'"/-])(?:globalThis\s*\.\s*)?fetch\(/, 'src/base/'],
]

const sources = sourcesUnder('src').filter((source) => !source.isTest)

describe('one home for each concern', () => {
  it.each(HOMES)('%s', (_what, pattern, home) => {
    const elsewhere = sources.flatMap((source) =>
      source.path.startsWith(home)
        ? []
        : withoutComments(source.text)
            .split('\n')
            .filter((line) => pattern.test(line))
            .map((line) => `${source.path}: ${line.trim()}`),
    )
    expect(elsewhere).toEqual([])
  })
})
