import { expect, test } from 'vitest'
import { moved, restored, stored } from './portable.ts'

const output = (home: string) => ({
  hash: 'ab',
  rows: 3,
  files: [`${home}/datasets/w/d/x/data.parquet`, '/elsewhere/flights.parquet'],
  kept: [{ path: `${home}/datasets/w/d/x/data.parquet`, bytes: 4 }],
  quarantine: null,
})

test('a stored output names files of the data folder from there on, and only those', () => {
  const kept = stored(output('/data/a'), '/data/a')
  expect(JSON.stringify(kept)).not.toContain('/data/a')
  expect(kept.files[1]).toBe('/elsewhere/flights.parquet')
  expect(restored(kept, '/data/a')).toEqual(output('/data/a'))
  expect(restored(kept, '/copy/b')).toEqual(output('/copy/b'))
})

test.each(['$$', '$&', '$`', "$'", '$1', '$<a>', 'a[b](c)', '\\'])(
  'a folder is moved to one whose name has %j in it',
  (odd) => {
    expect(moved('/data/draft/x/data.parquet', '/data/draft', `/data/${odd}/x`)).toBe(`/data/${odd}/x/x/data.parquet`)
    expect(moved(`/${odd}/draft/data.parquet`, `/${odd}/draft`, `/${odd}/kept`)).toBe(`/${odd}/kept/data.parquet`)
    expect(restored(stored(output(`/data/${odd}`), `/data/${odd}`), `/copy/${odd}`)).toEqual(output(`/copy/${odd}`))
  },
)

test('a folder whose name only begins like the data folder is another one', () => {
  expect(stored('/data/ab/file', '/data/a')).toBe('/data/ab/file')
})
