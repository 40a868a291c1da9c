import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { byTime, csv, linear, recipe } from '../../src/index.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { recipeRunner } from '../recipe-runner.ts'

const runner = recipeRunner('dated')
const DAY = 86_400_000
const day = (d: number) => new Date(Date.UTC(2026, 0, 1) + d * DAY).toISOString().slice(0, 10)

beforeAll(() => {
  const lines = Array.from({ length: 900 }, (_, i) => `${day(i / 10)},${i % 17},${(i % 17) * 3 + (i % 5)}`)
  const file = join(runner.galley().store.home.path, 'rents.csv')
  writeFileSync(file, `listed,size,rent\n${lines.join('\n')}\n`)
})

test('an endpoint whose moment is a date is watched by weeks of days, and says which record of several is wrong', async () => {
  const rents = recipe('rents', (k) => {
    const raw = k.source('raw', csv('rents.csv', { listed: 'date', size: 'float64', rent: 'float64' }))
    const data = k.dataset('rents', raw, {
      moment: 'listed',
      split: byTime('listed', { train: ['2026-01-01', '2026-03-01'], validate: ['2026-03-01', '2026-03-15'], test: ['2026-03-15', '2026-05-01'] }), // biome-ignore format: one line
    })
    const model = k.train('rent', data, { target: 'rent', features: ['size'], candidates: [linear()] })
    k.serve('rents-live', model, { entry: 'raw', input: ['listed', 'size'] })
  })
  await runner.run(rents)
  const { store, duckdb, clock, scope: scopeOf, ware } = runner.galley()
  const scope = await scopeOf()
  const live = await openEndpoint({ store, duckdb, scope, clock, log: ware.log }, 'rents-live')
  try {
    const of = (d: number) => ({ listed: day(d), size: 8 })
    // two weeks, and the day after them, by which both are over
    await live.predict(Array.from({ length: 15 }, (_, d) => of(d)))
    const refused = live.predict([of(15), { ...of(15), size: 'wide' }, of(15)])
    await expect(refused).rejects.toMatchObject({ code: 'RECORD_INVALID', details: { column: 'size', record: 1 } })
    await expect(refused).rejects.toThrow("record 1: 'size' is not a float64")
    await expect(live.predict([{ listed: day(15) }])).rejects.toMatchObject({ why: 'it is a float64, null where it is not known' }) // biome-ignore format: one line
  } finally {
    await live.close()
  }
  const windows = (await store.windows.list(scope, 'rents-live')).items
  expect(windows.map((w) => [new Date(w.start).toISOString().slice(0, 10), w.rows]).sort()).toEqual([
    [day(0), 7],
    [day(7), 7],
  ])
})
