import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as aggregates from './aggregates.ts'
import * as combine from './columns/combine.ts'
import * as durations from './durations.ts'
import * as bins from './fits/bins.ts'
import * as dates from './fits/date-parts.ts'
import * as encode from './fits/encode.ts'
import * as impute from './fits/impute.ts'
import * as power from './fits/power.ts'
import * as scale from './fits/scale.ts'
import * as target from './fits/target.ts'
import * as tfidf from './fits/tfidf.ts'
import * as winsorise from './fits/winsorise.ts'
import { scan } from './table.ts'

const page = readFileSync(new URL('../../docs/plans.md', import.meta.url), 'utf8')
const t = scan({ kind: 'source', name: 's' }, { x: 'int64' })
const methods = (): string[] => {
  let names: string[] = []
  t.filter((r) => {
    names = Object.keys(Object.getPrototypeOf(r.x) as object)
    return r.x.isNull()
  })
  return names
}
const FITS = [bins, dates, encode, impute, power, scale, target, tfidf, winsorise]

test('the page of plans names every verb, method, aggregate and fit', () => {
  const verbs = Object.keys(t).filter((name) => name !== 'node' && name !== 'schema')
  const makers = [aggregates, combine, durations, ...FITS].flatMap((m) => Object.keys(m))
  const names = [...verbs, ...methods(), ...makers].filter(
    (n) => !n.endsWith('Kind') && n !== 'constantMicros' && n !== 'checkDuration',
  )
  expect(methods().length).toBeGreaterThan(70)
  expect(verbs.length).toBeGreaterThan(15)
  expect(names.filter((name) => !new RegExp(`[\`(, ]${name}[\`(, ]`).test(page))).toEqual([])
})
