import { expect, test } from 'vitest'
import { csv } from '../../data/connectors/csv.ts'
import { standardise } from '../../plan/fits/scale.ts'
import { recipe } from '../recipe.ts'
import type { Link, Place } from './links.ts'
import { placeOf, trace } from './trace.ts'

const flights = recipe('flights', (k) => {
  const raw = k.source('raw', csv('raw.csv', { at: 'timestamp', delay: 'int64', origin: 'string', note: 'string' }))
  const airports = k.source('airports', csv('airports.csv', { iata: 'string', latitude: 'float64' }))
  const clean = k.step(
    'clean',
    raw.filter((r) => r.delay.isNull().not()),
  )
  const features = k.dataset(
    'features',
    clean.join(airports, { origin: 'iata' }).derive((r) => ({ late: r.delay.gt(15), north: r.latitude.gt(37) })),
    {
      split: (r) => ({ train: r.delay.lt(100), validate: r.delay.lt(200), test: r.delay.ge(200) }),
    },
  )
  const model = k.train('late-arrival', features, {
    target: 'late',
    features: ['north', 'latitude'],
    fit: [standardise(['latitude'])],
    candidates: [{ trainer: 'gbdt', params: {} }],
  })
  k.serve('delays', model, { entry: 'raw', input: ['origin', 'at', 'delay'] })
})

const name = (p: Place) => (p.column === null ? p.step : `${p.step}.${p.column}`)
const text = (links: readonly Link[]) => links.map((l) => `${name(l.from)} > ${name(l.to)} ${l.how.join(' ')}`)
const traced = (of: string, options: Partial<Parameters<typeof trace>[2]> = {}) =>
  text(trace([flights], placeOf([flights], of), { direction: 'up', ...options }).links)

test('a feature is traced to the columns of sources that it is made of', () => {
  expect(traced('features.late')).toEqual([
    'clean.delay > features.late TRANSFORMATION',
    'raw.delay > clean.delay IDENTITY',
  ])
  expect(traced('north', { rows: true })).toEqual([
    'airports.latitude > features.north TRANSFORMATION',
    'clean.origin > features JOIN',
    'airports.iata > features JOIN',
    'raw.origin > clean.origin IDENTITY',
    'raw.delay > clean FILTER',
  ])
})

test('a column is followed to the models and endpoints that are made of it', () => {
  expect(traced('airports.latitude', { direction: 'down' })).toEqual([
    'airports.latitude > features.latitude IDENTITY',
    'airports.latitude > features.north TRANSFORMATION',
    'features.latitude > late-arrival FEATURE',
    'features.north > late-arrival FEATURE',
    'late-arrival > delays MODEL',
  ])
  expect(traced('raw.note', { direction: 'down' })).toEqual([
    'raw.note > clean.note IDENTITY',
    'clean.note > features.note IDENTITY',
  ])
  // whether a row is there at all depends on its delay: so does everything that is made of the rows
  expect(traced('raw.delay', { direction: 'down', rows: true })).toContain('features.north > late-arrival FEATURE')
})

test('an endpoint is made of its model, and so of all that this was trained on', () => {
  const found = traced('delays')
  expect(found).toContain('late-arrival > delays MODEL')
  expect(found).toContain('features.late > late-arrival TARGET')
  expect(found).toContain('raw.delay > clean.delay IDENTITY')
  expect(found).toContain('features.delay > late-arrival SPLIT')
  expect(found.some((l) => l.includes('note'))).toBe(false)
  const { links, more } = trace([flights], placeOf([flights], 'delays'), { direction: 'up', limit: 3 })
  expect([links.length, more]).toEqual([3, true])
})

test('what sets rows of a dataset aside decides which there are', () => {
  const orders = recipe('orders', (k) => {
    const raw = k.source('raw', csv('raw.csv', { id: 'int64', amount: 'int64', note: 'string' }))
    k.dataset('orders', raw, {
      expect: (r, e) => [e.range(r.amount, { min: 0 }).quarantine(), e.notNull(r.note).warn()],
    })
  })
  const { links } = trace([orders], placeOf([orders], 'orders.id'), { direction: 'up', rows: true })
  expect(text(links)).toEqual(['raw.id > orders.id IDENTITY', 'raw.amount > orders FILTER'])
})

test('what is meant is found, or what it could be is told', () => {
  expect(placeOf([flights], 'iata')).toEqual({ recipe: 'flights', step: 'airports', kind: 'source', column: 'iata' })
  expect(placeOf([flights], 'flights/late-arrival')).toMatchObject({ step: 'late-arrival', column: null })
  expect(() => placeOf([flights], 'delay')).toThrow(
    expect.objectContaining({
      code: 'LINEAGE_UNKNOWN',
      what: "'delay' is in 3 places",
      why: 'it could be flights/raw.delay, flights/clean.delay, flights/features.delay',
    }),
  )
  expect(() => placeOf([flights], 'latitud')).toThrow(expect.objectContaining({ fix: "did you mean 'latitude'?" }))
  expect(() => placeOf([], 'x')).toThrow(expect.objectContaining({ why: 'no recipe has run in this workspace' }))
})
