import { expect, it } from 'vitest'
import { sourcesUnder } from './sources.ts'

/** Lines at which a file is too long. */
const STOP = 500
/** Lines to aim for. */
const AIM = 250

/**
 * Files above the aim, each with a ceiling that may only go down. A file that gets back under the aim leaves the list.
 */
const LONGER: Readonly<Record<string, number>> = {}

const sources = sourcesUnder('src', 'tests', 'bench', 'scripts', 'recipes')

it(`no file has more than ${STOP} lines`, () => {
  expect(sources.filter(({ lines }) => lines > STOP).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([])
})

it(`files have at most ${AIM} lines, or the ceiling that is written here`, () => {
  const over = sources.filter(({ path, lines }) => lines > (LONGER[path] ?? AIM))
  expect(over.map(({ path, lines }) => `${path}: ${lines}, at most ${LONGER[path] ?? AIM}`)).toEqual([])
})

it('the list of longer files holds only those', () => {
  const lines = new Map(sources.map((source) => [source.path, source.lines]))
  expect(Object.keys(LONGER).filter((path) => (lines.get(path) ?? 0) <= AIM)).toEqual([])
})
