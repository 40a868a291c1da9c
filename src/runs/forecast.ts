import { GalleyError } from '../base/errors.ts'
import { optionsOf } from '../plan/columns/options.ts'
import { build } from '../plan/nodes.ts'
import { table } from '../plan/table.ts'
import { type Field, fieldOf, isDecimal, isNumeric, isTemporal, type Schema, typeName } from '../plan/types.ts'
import type { Declaring } from './flow.ts'
import type { Dataset, Forecasting, Kitchen } from './kitchen.ts'
import type { ForecastOptions } from './options.ts'
import type { ForecastSpec } from './specs.ts'

const KNOWN = ['time', 'every', 'series', 'target', 'horizon', 'season', 'intervals', 'holidays', 'gaps', 'duplicates', 'backtest', 'seed', 'timeout'] as const // biome-ignore format: one line
const EVERY: readonly string[] = ['hour', 'day', 'week', 'month', 'quarter', 'year']

const refuse = (what: string, why: string, fix: string): GalleyError => new GalleyError('RECIPE_INVALID', { what, why, fix }) // biome-ignore format: one line

/** The verb of steps that forecast series, and give a table of what is expected of them. */
export function forecasting({ add }: Pick<Declaring, 'add'>): Pick<Kitchen, 'forecast'> {
  const forecast = (id: string, data: Dataset<never>, how: Forecasting, options: ForecastOptions) => {
    if (typeof how?.forecaster !== 'string')
      throw refuse(`'${id}' is given nothing to forecast with`, 'forecast() takes a name, a dataset and a forecaster', 'write for instance autoForecast()') // biome-ignore format: one line
    if (data?.table === undefined)
      throw refuse(`'${id}' is given no dataset`, 'a model names the version that it was made of', "publish the table first: k.dataset('sales', sales)") // biome-ignore format: one line
    optionsOf(options as ForecastOptions, KNOWN, `forecast '${id}'`)
    const spec = specOf(id, data.table.schema, how, options)
    add(id, 'forecast', [data.step], spec, options)
    return table<never>(build({ op: 'scan', from: { kind: 'step', name: id }, schema: spec.schema }))
  }
  return { forecast } as unknown as Pick<Kitchen, 'forecast'>
}

function specOf(id: string, schema: Schema, { forecaster, params }: Forecasting, o: ForecastOptions): ForecastSpec {
  const { time, every, series = [], target, horizon, season, intervals = [], holidays = null } = o
  const { gaps = 'missing', duplicates = 'refuse', backtest = { folds: 3 }, seed = 1 } = o
  const whole = (name: string, value: number, from: number, to: number) => {
    if (Number.isInteger(value) && value >= from && value <= to) return
    throw refuse(`'${id}' has the ${name} ${String(value)}`, `it is a whole number from ${from} to ${to}`, 'correct it')
  }
  const oneOf = (name: string, value: string, of: readonly string[]) => {
    if (of.includes(value)) return
    throw refuse(`'${id}' has ${name}: ${JSON.stringify(value)}`, `it is one of ${of.join(', ')}`, 'choose one of them')
  }
  oneOf('every', every, EVERY)
  oneOf('gaps', gaps, ['missing', 'zero'])
  oneOf('duplicates', duplicates, ['refuse', 'sum'])
  whole('horizon', horizon, 1, 10_000)
  whole('number of folds', backtest.folds, 0, 50)
  whole('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  if (season !== undefined) whole('season', season, 1, 10_000)
  for (const [role, name] of [['time', time], ['target', target]] as const) // biome-ignore format: one line
    if (typeof name !== 'string') throw refuse(`'${id}' is not told its ${role}`, `it names a column`, `name one: ${role}: '…'`) // biome-ignore format: one line
  if (!Array.isArray(series)) throw refuse(`'${id}' is given ${JSON.stringify(series)} for its series`, 'it is a list of columns', "write series: ['store', 'item']") // biome-ignore format: one line
  if (!Array.isArray(intervals) || intervals.some((l) => typeof l !== 'number' || !(l >= 0.5 && l <= 0.999)))
    throw refuse(`'${id}' has the intervals ${JSON.stringify(intervals)}`, 'each is the share of values that it is to hold, from 0.5 to 0.999', 'write for instance intervals: [0.8, 0.95]') // biome-ignore format: one line
  const levels = [...new Set(intervals)].sort((a, b) => a - b)
  const roles = [...series, time, target]
  const twice = roles.find((name, i) => roles.indexOf(name) !== i)
  if (twice !== undefined) throw refuse(`'${id}' is told of '${twice}' twice`, 'a column is the time, the target, or tells series apart', 'name another') // biome-ignore format: one line
  const fields = [...series, time].map((name) => fieldOf(schema, name, `forecast of '${id}'`))
  for (const field of fields.slice(0, -1)) check(id, field, field.type === 'string' || field.type === 'int32' || field.type === 'int64', 'its series', 'it is a text or a whole number') // biome-ignore format: one line
  const when = fields.at(-1) as Field
  check(id, when, isTemporal(when.type), 'its time', 'it is a date or a time')
  if (when.type === 'date' && every === 'hour') throw refuse(`'${id}' can't forecast hours by '${time}'`, 'it is a date', "name a time, or say every: 'day'") // biome-ignore format: one line
  const value = fieldOf(schema, target, `forecast of '${id}'`)
  check(id, value, isNumeric(value.type) && !isDecimal(value.type), 'its target', 'it is a number')
  const made = [
    ...fields.map((f) => ({ ...f, nullable: true })),
    ...gives(levels).map(([name, type]): Field => ({ name, type, nullable: true })),
  ]
  const taken = made.find((f, i) => made.findIndex((g) => g.name === f.name) !== i)
  if (taken) throw refuse(`'${id}' gives a column '${taken.name}', and a column of its dataset is called so`, `it gives ${gives(levels).map(([n]) => n).join(', ')}`, `rename the dataset's '${taken.name}' first`) // biome-ignore format: one line
  return {
    ...{ forecaster, params, time, every, series, target, horizon, intervals: levels, holidays, gaps, duplicates },
    ...(season === undefined ? {} : { season }),
    ...{ folds: backtest.folds, seed, schema: made },
  }
}

function check(id: string, { name, type }: Field, fits: boolean, role: string, why: string): void {
  if (fits) return
  throw refuse(`'${id}' can't have '${name}' as ${role}: it is a ${typeName(type)}`, why, isDecimal(type) ? `derive a float of it: r.${name}.cast('float64')` : 'derive such a column of it in the dataset') // biome-ignore format: one line
}

/** The columns beside those of the dataset. */
const gives = (levels: readonly number[]): (readonly [name: string, type: 'float64' | 'string'])[] => [
  ['forecast', 'float64'],
  ...levels.flatMap((l) => [
    [`lower_${levelName(l)}`, 'float64'] as const,
    [`upper_${levelName(l)}`, 'float64'] as const,
  ]),
  ['model', 'string'],
]

/** `0.8` as `80`, `0.995` as `99_5`: as columns have it. */
export function levelName(level: number): string {
  const digits = String(level).replace(/^0?\./, '').padEnd(2, '0')
  return digits.length > 2 ? `${digits.slice(0, 2)}_${digits.slice(2)}` : digits
}
