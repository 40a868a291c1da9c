import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Profile } from '../../src/data/profile/types.ts'
import { galley, recipeFile } from './command.ts'

let folder: string
let home: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'galley-profile-'))
  home = join(folder, 'home')
  const lines = Array.from(
    { length: 300 },
    (_, i) => `${i},010-${1000 + i}-${9000 - i},${['Seoul', 'Busan'][i % 2]},${i % 10 === 0 ? '' : i / 4}`,
  )
  writeFileSync(join(folder, 'people.csv'), `${['id,phone,city,amount', ...lines].join('\n')}\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('galley profile', { timeout: 180_000 }, () => {
  test('a file: a table for people, JSON, and a page that holds no personal value', async () => {
    const page = join(folder, 'report.html')
    const shown = await galley(home, 'profile', join(folder, 'people.csv'), '--out', page)
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('people.csv  300 rows × 4')])
    expect(shown.out).toContain('phone looks like personal data (phone number; 100 %')
    const html = readFileSync(page, 'utf8')
    expect(html).toContain('<h1>people.csv</h1>')
    expect(html).toContain('함께 보는 열')
    expect(html).not.toMatch(/010-1[0-9]{3}-[0-9]{4}/)
    const json = JSON.parse((await galley(home, 'profile', join(folder, 'people.csv'), '--json')).out) as Profile
    expect(json).toMatchObject({ format: 1, rows: 300, keys: ['id', 'phone'] })
    expect(json.columns[1]).toMatchObject({ personal: { kind: 'phone', share: 1 }, patterns: [{ pattern: '999-9999-9999', share: 1 }] }) // biome-ignore format: one line
  })

  test('rows of a file that can not be read are told, and are no reason not to look at the rest', async () => {
    const file = join(folder, 'messy.csv')
    writeFileSync(file, 'id,city\n1,Seoul\n2,Busan,3\n3,Seoul\n4,"Busan\n')
    const page = join(folder, 'messy.html')
    const shown = await galley(home, 'profile', file, '--out', page)
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('messy.csv  2 rows × 2, of 4 rows: 2 left out')]) // biome-ignore format: one line
    expect(readFileSync(page, 'utf8')).toMatch(/Rows set aside, by reason.*broken line \(too many cells\).*broken line \(a quote that is never closed/s) // biome-ignore format: one line
    const json = JSON.parse((await galley(home, 'profile', file, '--json')).out)
    expect(json.rejected).toMatchObject({ 'broken line (too many cells)': 1 })
    expect(shown.err).toContain('1 row left out: broken line (too many cells)')
    expect(shown.err).toContain('1 row left out: broken line (a quote that is never closed')
  })

  test('a dataset by name; lines for a recipe from either; what is neither is told', async () => {
    const body = `const p = k.source('p', csv('people.csv', { id: 'int64', phone: 'string', city: 'string', amount: 'float64' }))\n  k.dataset('people', p, { expect: (r, e) => [e.key('id'), e.range(r.amount, { min: 0 })] })`
    expect((await galley(home, 'run', recipeFile(folder, 'shop', body))).code).toBe(0)
    const shown = await galley(home, 'profile', 'people', '--target', 'amount')
    expect(shown.out).toContain('people@1  300 rows × 4')
    const of = async (what: string) => (await galley(home, 'quality', 'suggest', what)).out
    const lines = await of('people@1')
    expect(lines).toContain("e.key('id'),")
    expect(lines).toContain("e.oneOf(r.city, ['Busan', 'Seoul']),")
    expect(lines).toContain('e.notNull(r.amount, { mostly: 0.8 }).warn(),')
    expect(await of(join(folder, 'people.csv'))).toBe(lines)
    const neither = await galley(home, 'profile', 'nothing')
    expect([neither.code, neither.err]).toEqual([2, expect.stringContaining('DATASET_UNKNOWN')])
    const wrong = await galley(home, 'profile', 'people', '--target', 'amont')
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("did you mean 'amount'?")])
  })

  test('explain says that one scan checks all expectations', async () => {
    const told = await galley(home, 'explain', join(folder, 'shop.ts'), 'people')
    expect(told.out).toContain('expects  2, checked in 1 scan of the version')
    expect(told.out).toContain('id is the key: stops the run')
    expect(told.out.split('SQL of the check')[1]?.match(/read_parquet/g)).toHaveLength(1)
  })

  test('what was checked is shown, with its history', async () => {
    const shown = await galley(home, 'quality', 'show', 'people')
    expect(shown.out).toContain('people@1  300 rows')
    expect(shown.out).toMatch(/id is the key +passed/)
    const history = await galley(home, 'quality', 'history', 'people', '--expectation', 'amount is at least 0')
    expect(history.out).toMatch(/@1 +300 +passed/)
    expect((await galley(home, 'quality', 'history', 'people', '--expectation', 'none')).err).toContain('id is the key')
  })
})

test('galley preview of a folder or a pattern: rows of the first files with their names, and what differs', async () => {
  const of = join(folder, 'in')
  mkdirSync(of)
  writeFileSync(join(of, 'a.csv'), 'id,n\n1,a\n2,b\n')
  writeFileSync(join(of, 'b.csv'), 'id,n\n3,c\nx,y,z\n')
  writeFileSync(join(of, 'c.csv'), 'id\n3\n')
  const shown = await galley(home, 'preview', of)
  expect(shown).toMatchObject({ code: 0, err: '' })
  expect(shown.out).toContain('3 files  the first 2 rows of the first')
  expect(shown.out).toMatch(/^a\.csv +1 +a\na\.csv +2 +b\nb\.csv +3 +c\nb\.csv: 1 row left out: broken line \(too many cells\)\nc\.csv: there is no column 'n'/m) // biome-ignore format: one line
  expect(shown.out).toContain(`folder("${of}/*.csv", csv, {\n  id: 'int64',\n  n: 'string',\n})`)
  const found = JSON.parse((await galley(home, 'preview', join(of, '?.csv'), '--json')).out)
  expect(found).toMatchObject({
    connector: 'folder',
    matching: 3,
    files: [{ rows: [{ id: '1', n: 'a' }, {}] }, {}, {}],
  })
})
