import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { evaluate } from './evaluate.ts'
import { evaluateClasses } from './multiclass.ts'
import { evaluateNumbers } from './regression.ts'

interface Case {
  readonly labels: number[]
  readonly scores: number[]
  readonly expected: Record<string, unknown>
}
/** What scikit-learn says; `npm run interop -- metrics` compares it with the library itself. */
const fixture = new URL('../../../tests/fixtures/sklearn/metrics.json', import.meta.url)
const sklearn = JSON.parse(readFileSync(fixture, 'utf8')) as {
  regression: Case & { alpha: number; power: number }
  multiclass: Case & { confusion: number[][]; f1: number[] }
  binary: Case
}
const f = (...values: number[]): Float64Array => Float64Array.of(...values)

function near(got: unknown, expected: unknown, name: string): void {
  if (typeof expected === 'number') expect(got, name).toBeCloseTo(expected, 10)
  else for (const [key, value] of Object.entries(expected as object)) near((got as never)[key], value, `${name}.${key}`)
}

describe('as scikit-learn', () => {
  test('a regression', () => {
    const { labels, scores, alpha, power, expected } = sklearn.regression
    const report = evaluateNumbers(Float64Array.from(scores), Float64Array.from(labels), { alpha, power })
    near(report, expected, 'regression')
    expect(report.zeros).toBeGreaterThan(0)
    expect(report.reasons['mape']).toContain('left out')
  })

  test('several classes', () => {
    const { labels, scores, expected, confusion, f1 } = sklearn.multiclass
    const report = evaluateClasses(Float64Array.from(scores), Float64Array.from(labels), ['a', 'b', 'c', 'd'])
    const { top2, top3, ...rest } = expected
    near(report, rest, 'multiclass')
    near(report.topK, [{ accuracy: top2 }, { accuracy: top3 }], 'top')
    expect(report.confusion).toEqual(confusion)
    for (const [k, own] of report.classes.entries()) expect(own.f1 ?? 0).toBeCloseTo(f1[k] as number, 12)
    expect(report.classes[3]?.precision, 'is never said').toBeNull()
  })

  test('two classes', () => {
    const { labels, scores, expected } = sklearn.binary
    near(evaluate(Float64Array.from(scores), Uint8Array.from(labels)), expected, 'binary')
  })
})

describe('what has no meaning is null, and says why', () => {
  test('of a regression', () => {
    const same = evaluateNumbers(f(1, -2), f(0, 0))
    expect(same).toMatchObject({ r2: null, mape: null, poissonDeviance: null, tweedieDeviance: null, mae: 1.5 })
    expect(same.reasons).toMatchObject({
      r2: 'the target is the same in all rows',
      mape: 'the target is 0 in all rows',
    })
    expect(evaluateNumbers(f(0, 0), f(0, 0))).toMatchObject({ smape: 0, below: 1 })
    const none = evaluateNumbers(f(), f())
    expect(none).toMatchObject({ rows: 0, mae: null, rmse: null, r2: null, medianError: null, below: null })
    expect(new Set(Object.values(none.reasons))).toEqual(new Set(['there are no rows']))
  })

  test('of classes', () => {
    const report = evaluateClasses(f(0.6, 0.4, 0, 0.5, 0.5, 0), f(0, 0), ['a', 'b', 'c'])
    expect(report).toMatchObject({ accuracy: 1, auc: null, balancedAccuracy: 1, macro: { f1: 1 } })
    expect(report.reasons['auc']).toContain('a, b, c')
    expect(evaluateClasses(f(), f(), ['a', 'b'])).toMatchObject({ rows: 0, logLoss: null, macro: null, topK: [] })
    const many = Array.from({ length: 101 }, (_, k) => k)
    const wide = evaluateClasses(
      Float64Array.from(many, (k) => Number(k === 3)),
      f(3),
      many,
    )
    expect(wide.confusion).toBeNull()
    expect(wide.reasons['confusion']).toContain('101')
  })
})

test.each([
  ['lengths', () => evaluateNumbers(f(1), f(1, 2)), 'there are 1 scores'],
  ['a score of a regression', () => evaluateNumbers(f(1, 0 / 0), f(1, 2)), 'row 1 is NaN'],
  ['a label of a regression', () => evaluateNumbers(f(1, 2), f(1, 1 / 0)), 'label of row 1'],
  ['lengths of classes', () => evaluateClasses(f(1), f(0), ['a', 'b']), '1 scores of 2'],
  ['a probability', () => evaluateClasses(f(1.5, 0), f(0), ['a', 'b']), 'not a probability'],
  ['a NaN', () => evaluateClasses(f(0 / 0, 0), f(0), ['a', 'b']), 'not a probability'],
  ['a class', () => evaluateClasses(f(1, 0), f(2), ['a', 'b']), 'label of row 0'],
])('refuses %s that can not be', (_, judge, words) => {
  expect(judge).toThrow(expect.objectContaining({ code: 'VALUE_INVALID', message: expect.stringContaining(words) }))
})
