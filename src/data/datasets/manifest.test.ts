import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { numbered, readManifest } from './manifest.ts'

const first = readFileSync(new URL('../../../tests/fixtures/manifests/format-1.json', import.meta.url), 'utf8')
const changed = (change: (m: Record<string, object[]>) => void): string => {
  const json = JSON.parse(first) as Record<string, object[]>
  change(json)
  return JSON.stringify(json)
}

describe('a manifest', () => {
  test('of format 1 is read as one full write of one file', () => {
    const m = readManifest(first, 'here')
    expect(m).toMatchObject({
      format: 2,
      name: 'flights',
      rows: 12,
      partitionBy: [],
      key: [],
      fieldIds: { origin: 1, delay: 2 },
    })
    expect(m.write).toEqual({ mode: 'full', base: null, batch: m.files[0]?.sha256 })
    expect(m.batches).toEqual([m.files[0]?.sha256])
  })
  test.each([
    ['no JSON', '{"form', 'STORE_CORRUPT', 'it is not JSON'],
    ['no manifest', '[]', 'STORE_CORRUPT', 'no format number'],
    ['a newer one', changed((m) => Object.assign(m, { format: 3 })), 'STORE_FORMAT_NEWER', 'formats up to 2'],
    ['half of one', changed((m) => delete m['rows']), 'STORE_CORRUPT', "'rows'"],
    [
      'one of format 2 without its writes',
      changed((m) => Object.assign(m, { format: 2 })),
      'STORE_CORRUPT',
      'partitionBy',
    ],
    ...['/etc/passwd', '../../../x', '../other/../../x', '..\\x', '../a/b/c', '..', '.hidden'].map((path) => [
      `one that leads to ${path}`,
      changed((m) => Object.assign(m['files']?.[0] ?? {}, { path })),
      'STORE_CORRUPT',
      'no file of this dataset',
    ]),
  ])('that is %s is refused', (_, text, code, why) => {
    expect(() => readManifest(text as string, 'here')).toThrow(
      expect.objectContaining({ code, why: expect.stringContaining(why as string) }),
    )
  })
  test('a file of a sibling is named from its folder on', () => {
    const text = changed((m) => Object.assign(m['files']?.[0] ?? {}, { path: '../0a1b/data.parquet' }))
    expect(readManifest(text, 'here').files[0]?.path).toBe('../0a1b/data.parquet')
  })
})

test('columns keep their numbers; one that comes back has its old one, and none is given twice', () => {
  const field = (name: string) => ({ name, type: 'int64', nullable: true }) as const
  const one = numbered([field('a'), field('constructor')])
  const two = numbered([field('b')], one)
  expect(numbered([field('a'), field('c')], two)).toEqual({ a: 1, constructor: 2, b: 3, c: 4 })
})
