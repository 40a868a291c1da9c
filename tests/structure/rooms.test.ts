import { describe, expect, it } from 'vitest'
import { importsOf, type Source, sourcesUnder } from './sources.ts'

/** In order: a file imports only from rooms before its own, or from its own. */
const ROOMS = [
  'base',
  'plan',
  'engines',
  'store',
  'tenancy',
  'telemetry',
  'data',
  'runs',
  'ml',
  'llm',
  'api',
  'sdk',
  'main.ts',
  'index.ts',
  'cli',
]

const roomOf = (path: string) => path.split('/')[1] ?? ''
const sources = sourcesUnder('src')

/** Why the import is not allowed, if it is not. */
function fault(source: Source, target: string): string | undefined {
  const from = roomOf(source.path)
  const to = roomOf(target)
  if (from === 'cli' && target.startsWith('recipes/')) return undefined // the demo is a recipe of the gallery
  if (!target.startsWith('src/')) return `leaves src: ${target}`
  if (from === to) return undefined
  if (ROOMS.indexOf(to) > ROOMS.indexOf(from)) return `${to} comes after ${from}: ${target}`
  if (from === 'llm' && to === 'ml') return `ml and llm do not import each other: ${target}`
  if (from === 'sdk' && to !== 'base' && !target.startsWith('src/api/contract/'))
    return `the SDK knows only base and api/contract: ${target}`
  return undefined
}

describe('rooms', () => {
  it('are the ones of the architecture', () => {
    expect(sources.map((source) => roomOf(source.path)).filter((room) => !ROOMS.includes(room))).toEqual([])
  })

  it('import only from rooms before their own', () => {
    const faults = sources.flatMap((source) =>
      importsOf(source).flatMap((target) => {
        const why = fault(source, target)
        return why ? [`${source.path}: ${why}`] : []
      }),
    )
    expect(faults).toEqual([])
  })

  it('keep test helpers and conformance suites out of the product', () => {
    const tests = new Set(sources.filter((source) => source.isTest).map((source) => source.path))
    const faults = sources
      .filter((source) => !source.isTest)
      .flatMap((source) =>
        importsOf(source)
          .filter((target) => tests.has(target))
          .map((target) => `${source.path}: ${target}`),
      )
    expect(faults).toEqual([])
  })
})
