import { expect, test } from 'vitest'
import { csv } from '../../data/connectors/csv.ts'
import type { Kitchen } from '../../runs/kitchen.ts'
import { linksOf } from '../../runs/lineage/links.ts'
import type { ForecastOptions } from '../../runs/options.ts'
import { recipe } from '../../runs/recipe.ts'
import type { ForecastSpec } from '../../runs/specs.ts'
import { autoForecast, ets } from './forecasts.ts'

const COLUMNS = { day: 'date', at: 'timestamp', shop: 'string', units: 'float64', price: 'decimal(10, 2)', model: 'string' } as const // biome-ignore format: one line
const ASKED = { time: 'day', every: 'day', series: ['shop'], target: 'units', horizon: 7 } as const
const sales = (k: Kitchen) => k.dataset('sales', k.source('till', csv('till.csv', COLUMNS)))
/** A recipe with one forecast, whatever it is asked. */
const declared = (options: object) =>
  recipe(
    'demand',
    (k) => void k.forecast('next', sales(k), ets(), options as ForecastOptions<'day', 'shop', 'units', 0.8>),
  )

test('a forecast is typed by what is asked of it, and its plan is plain data', () => {
  const made = recipe('demand', (k) => {
    const next = k.forecast('next', sales(k), autoForecast({ average: 2 }), { ...ASKED, intervals: [0.8, 0.995] })
    next.select('shop', 'day', 'forecast', 'lower_80', 'upper_99_5', 'model')
    // @ts-expect-error nobody asked for that interval
    expect(() => next.select('lower_90')).toThrow('lower_90')
    // @ts-expect-error the target is none of its columns
    expect(() => next.select('units')).toThrow('units')
    k.dataset(
      'plan',
      next.filter((r) => r.upper_80.gt(r.forecast)),
    )
  })
  const spec = made.steps.find((s) => s.id === 'next')?.spec as ForecastSpec
  expect(spec).toMatchObject({ forecaster: 'auto', params: { average: 2 }, gaps: 'missing', duplicates: 'refuse', folds: 3, seed: 1, holidays: null }) // biome-ignore format: one line
  expect(spec.schema.map((f) => f.name)).toEqual(['shop', 'day', 'forecast', 'lower_80', 'upper_80', 'lower_99_5', 'upper_99_5', 'model']) // biome-ignore format: one line
  expect(JSON.parse(JSON.stringify(spec))).toEqual(spec)
})

test('what goes into a forecast is in the lineage', () => {
  const links = linksOf(declared(ASKED))
  const into = (column: string | null) => links.filter((l) => l.to.step === 'next' && l.to.column === column).map((l) => `${l.from.column} ${l.how}`) // biome-ignore format: one line
  expect(into('shop')).toEqual(['shop IDENTITY'])
  expect(into('forecast')).toEqual(['shop FEATURE', 'day FEATURE', 'units FEATURE'])
  expect(into(null)).toEqual(['shop FEATURE', 'day FEATURE', 'units FEATURE'])
})

test.each([
  ['an unknown option', { ...ASKED, horizn: 3 }, 'PLAN_INVALID', 'horizn'],
  ['no target', { ...ASKED, target: undefined }, 'RECIPE_INVALID', 'its target'],
  ['no time', { ...ASKED, time: undefined }, 'RECIPE_INVALID', 'its time'],
  ['a misspelt column', { ...ASKED, target: 'unit' }, 'PLAN_UNKNOWN_COLUMN', 'unit'],
  ['a text for a target', { ...ASKED, target: 'model' }, 'RECIPE_INVALID', 'it is a string'],
  ['a decimal for a target', { ...ASKED, target: 'price' }, 'RECIPE_INVALID', 'decimal'],
  ['a number for a time', { ...ASKED, time: 'units', target: 'price' }, 'RECIPE_INVALID', 'its time'],
  ['a float that tells series apart', { ...ASKED, series: ['units'], target: 'price' }, 'RECIPE_INVALID', 'its series'],
  ['a column twice', { ...ASKED, series: ['shop', 'shop'] }, 'RECIPE_INVALID', 'twice'],
  ['a name for a list', { ...ASKED, series: 'shop' }, 'RECIPE_INVALID', 'its series'],
  ['minutes', { ...ASKED, every: 'minute' }, 'RECIPE_INVALID', 'every'],
  ['hours of dates', { ...ASKED, every: 'hour' }, 'RECIPE_INVALID', "can't forecast hours"],
  ['no horizon', { ...ASKED, horizon: 0 }, 'RECIPE_INVALID', 'horizon'],
  ['half a fold', { ...ASKED, backtest: { folds: 0.5 } }, 'RECIPE_INVALID', 'folds'],
  ['per cent for shares', { ...ASKED, intervals: [95] }, 'RECIPE_INVALID', 'intervals'],
  ['gaps of its own', { ...ASKED, gaps: 'mean' }, 'RECIPE_INVALID', 'gaps'],
  ['a column that it gives', { ...ASKED, series: ['model'] }, 'RECIPE_INVALID', "'model'"],
])('%s is refused when the recipe is declared', (_, options, code, words) => {
  expect(() => declared(options)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) as string })) // biome-ignore format: one line
})
