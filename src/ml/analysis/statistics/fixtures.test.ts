import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../../base/json.ts'
import type { Asked, Columns } from './analysis.ts'
import * as continuous from './distributions/continuous.ts'
import * as discrete from './distributions/discrete.ts'
import * as noncentral from './distributions/noncentral.ts'
import * as ranks from './distributions/ranks.ts'
import type { Tails } from './distributions/special.ts'
import { type AnalysisName, analyse } from './index.ts'
import { close, valueAt } from './testing.ts'

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8'))

type Numbers = number | readonly number[]
const both =
  (f: (...args: never[]) => Tails) =>
  (...args: never[]): Numbers => {
    const { lower, upper } = f(...args)
    return [lower, upper]
  }
const FUNCTIONS: Readonly<Record<string, (...args: never[]) => Numbers>> = {
  normal: both(continuous.normal),
  normalQuantile: continuous.normalQuantile,
  studentP: (t: number, df: number) => continuous.twoSided(continuous.student(t, df)),
  studentUpper: continuous.studentUpper,
  fisherF: both(continuous.fisherF),
  chiSquare: both(continuous.chiSquare),
  binomial: both(discrete.binomial),
  binomialMass: discrete.binomialMass,
  shareInterval: discrete.shareInterval,
  hypergeometricMass: discrete.hypergeometricMass,
  noncentralT: noncentral.noncentralT,
  noncentralF: noncentral.noncentralF,
  noncentralChiSquare: noncentral.noncentralChiSquare,
  mannWhitneyExact: both(ranks.mannWhitneyExact),
  signedRanksExact: both(ranks.signedRanksExact),
  kolmogorovLimit: ranks.kolmogorovLimit,
}
/** Relative, but of noncentral ones, whose far tails are sums of what is larger. */
const ABSOLUTE: Readonly<Record<string, number>> = {
  noncentralT: 1e-13,
  noncentralF: 1e-13,
  noncentralChiSquare: 1e-13,
}

describe('distributions are SciPy’s, far tails too', () => {
  const { values } = read('distributions.json') as { values: [string, never[], Numbers][] }
  const names = [...new Set(values.map(([name]) => name))]
  test('all are compared', () => expect(names.sort()).toEqual(Object.keys(FUNCTIONS).sort()))
  test.each(names)('%s', (name) => {
    for (const [, args, expected] of values.filter(([n]) => n === name)) {
      const found = [FUNCTIONS[name]?.(...args) ?? []].flat()
      for (const [i, want] of [expected].flat().entries())
        expect(close(found[i], want, 1e-11, ABSOLUTE[name]), `${name}(${args}): ${found[i]} is not ${want}`).toBe(true)
    }
  })
})

describe('analyses are SciPy’s and statsmodels’', () => {
  const { values } = read('cases.json') as { values: [AnalysisName, string, Asked, Record<string, unknown>][] }
  const tables = read('columns.json') as Record<string, Columns>
  test.each(
    values.map(
      ([name, table, asked, expected]) =>
        [`${name} of ${table}: ${canonicalJson(asked)}`, name, table, asked, expected] as const,
    ),
  )('%s', async (_, name, table, asked, expected) => {
    const { data } = await analyse(name, tables[table] ?? {}, asked)
    for (const [path, want] of Object.entries(expected)) {
      // a value, or a value and how near it has to be
      const [value, tolerance = 1e-9] = Array.isArray(want) ? (want as [number, number]) : [want]
      const found = valueAt(data, path)
      const same = typeof value === 'number' ? close(found, value, tolerance) : found === value
      expect(same, `${path}: ${found} is not ${value}`).toBe(true)
    }
  })
})
