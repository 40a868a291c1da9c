import { expect, test } from 'vitest'
import { forecasterConformance } from './conformance.ts'
import { forecasterOf, forecasters } from './index.ts'

for (const [kind, forecaster] of Object.entries(forecasters)) forecasterConformance(kind, forecaster)

test('a forecaster that there is not is refused, and all that there are are named', () => {
  expect(() => forecasterOf('prophet')).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', message: expect.stringContaining('prophet') as string })) // biome-ignore format: one line
})
