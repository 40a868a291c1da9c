import { expect, test } from 'vitest'
import { scan } from '../table.ts'
import { quantileBins, widthBins } from './bins.ts'
import { dateParts } from './date-parts.ts'
import { hashing, oneHot } from './encode.ts'
import { type Fit, fitQueries } from './index.ts'
import { targetEncode } from './target.ts'
import { tfIdf } from './tfidf.ts'
import { winsorise } from './winsorise.ts'

test.each<[string, () => Fit, string]>([
  ['lower', () => winsorise(['x'], 0.9, 0.1), 'lies above'],
  ['lower', () => winsorise(['x'], -0.1), 'from 0 to 1'],
  ['upper', () => winsorise(['x'], 0.1, Number.NaN), 'from 0 to 1'],
  ['buckets', () => hashing(['x'], 0), 'from 1'],
  ['buckets', () => hashing(['x'], 1.5), 'whole number'],
  ['bins', () => widthBins(['x'], 0), 'from 2'],
  ['bins', () => quantileBins(['x'], 1), 'from 2'],
  ['max', () => tfIdf(['x'], { max: -1 }), 'from 1'],
  ['max', () => tfIdf(['x'], { max: 1e6 }), 'to 1000'],
  ['ngrams', () => tfIdf(['x'], { ngrams: [] }), 'empty'],
  ['ngrams', () => tfIdf(['x'], { ngrams: [1, 0] }), 'from 1'],
  ['ngrams', () => tfIdf(['x'], { ngrams: 2 as never }), 'no list'],
  ['ngrams', () => tfIdf(['x'], { ngrams: [2, 2] }), 'names a length twice'],
  ['max', () => oneHot(['x'], { max: 0 }), 'from 1'],
  ['smoothing', () => targetEncode(['x'], { smoothing: -1 }), 'from 0 on'],
  ['smoothing', () => targetEncode(['x'], { smoothing: Number.POSITIVE_INFINITY }), 'from 0 on'],
  ['folds', () => targetEncode(['x'], { folds: 0 }), 'from 2'],
  ['folds', () => targetEncode(['x'], { folds: 1 }), 'from 2'],
  ['training', () => targetEncode(['x'], { training: 'future' as never }), 'past'],
  ['parts', () => dateParts(['x'], []), 'names nothing'],
  ['parts', () => dateParts(['x'], ['century' as never]), 'century'],
])("an option that means nothing is refused where it is given: '%s' %s", (option, make, says) => {
  let thrown: unknown
  try {
    make()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'PLAN_INVALID', fix: expect.any(String) })
  const { what, why } = thrown as { what: string; why: string }
  expect(`${what}: ${why}`).toContain(says)
  expect(what).toContain(`'${option}'`)
})

test('options that come as JSON are checked where they are used', () => {
  const train = scan({ kind: 'source', name: 's' }, { x: 'string' }).node
  const hashed = { ...hashing(['x']), buckets: 1.5 }
  expect(() => fitQueries(hashed, train, {})).toThrow(expect.objectContaining({ code: 'PLAN_INVALID' }))
})
