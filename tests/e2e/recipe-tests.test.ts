import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, expect, test } from 'vitest'
import { csv, daily, evaluate, evaluateStep, partitioned, recipe, scan, sum } from '../../src/index.ts'
import { galley as command, recipeFile } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-cases-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
const galley = (...args: string[]) => command(join(folder, 'home'), ...args)
const put = (name: string, content: string | Uint8Array) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

test('fixtures in the place of sources, read as the recipe says; what is expected is written, held against, and told', async () => {
  const file = recipeFile(
    folder,
    'shops',
    `const orders = k.source('orders', csv('nowhere.csv', { id: 'int64', shop: 'string', won: 'int64' }, { broken: 'skip', delimiter: ';' }))
     const names = k.source('names', parquet('nowhere.parquet', { shop: 'string', name: 'string' }))
     const known = k.step('known', orders.reject((r) => r.won.le(0), 'no price').join(names, { shop: 'shop' }))
     k.dataset('by-name', known.aggregate(['name'], (r) => ({ n: count(), mean: mean(r.won) })))`,
  )
  expect(await galley('test', file)).toMatchObject({
    code: 2,
    err: expect.stringMatching(/no tests in .*shops[.]tests/),
  })
  put('shops.tests/korean/orders.csv', iconv.encode('id;shop;won\n1;a;10\n2;a;5\n3;b;-1\nx;b;2\n4;a;2\n', 'cp949'))
  put('shops.tests/korean/names.jsonl', '{"shop":"a","name":"서울"}\n{"shop":"b","name":"부산"}\n')
  expect(await galley('test', file)).toMatchObject({
    code: 1,
    out: expect.stringContaining("the case 'korean' expects nothing"),
  })
  expect(await galley('test', file, '--update')).toMatchObject({
    code: 0,
    out: expect.stringContaining('by-name  1 row written'),
  })
  const expected = 'shops.tests/korean/expected/by-name.jsonl'
  expect(JSON.parse(readFileSync(join(folder, expected), 'utf8'))).toEqual({ name: '서울', n: 3, mean: 17 / 3 })
  // rows by name, floats up to their last digits
  put(expected, '\n{"mean": 5.66666666666667, "n": 3, "name": "서울"}\n')
  put(
    'shops.tests/korean/expected/known.jsonl',
    '{"id":1,"shop":"a","won":10,"name":"서울"}\n{"id":9,"shop":"a","won":5,"name":"서울"}\n',
  )
  const differs = await galley('test', file)
  expect(differs.code).toBe(1)
  expect(differs.out).toContain('by-name  1 row\n')
  expect(differs.out).toContain('known  1 row missing, 2 rows not expected\n      - {"id":9,')
  put('shops.tests/korean/expected/known.jsonl', 'no json\n')
  expect((await galley('test', file)).out).toMatch(/SOURCE_BROKEN: line 1 of .*known[.]jsonl is no JSON/)
  put('shops.tests/korean/expected/other.jsonl', '')
  expect((await galley('test', file)).out).toContain("expects rows of 'other', which the recipe has not")
  put('shops.tests/empty/orders.csv', 'id;shop;won\n')
  put('shops.tests/empty/expected/by-name.jsonl', '')
  const told = JSON.parse((await galley('test', file, '--json')).out) as {
    case: string
    error: { code: string; fix: string } | null
  }[]
  expect(told.map((t) => [t.case, t.error?.code])).toEqual([
    ['empty', 'SOURCE_MISSING'],
    ['korean', 'RECIPE_INVALID'],
  ])
  expect(told[0]?.error?.fix).toContain('with the columns shop, name')
}, 120_000)

test('plans are evaluated in any test runner, and steps of recipes of rows that are given', async () => {
  const columns = { id: 'int64', at: 'timestamp', won: 'decimal(9, 2)' } as const
  const rows = scan(
    {
      kind: 'rows',
      rows: [
        ['1', '0', '1.50'],
        ['2', null, null],
      ],
    },
    columns,
  )
  expect(await evaluate(rows.derive((r) => ({ twice: r.won.times(2) })).select('id', 'at', 'twice'))).toEqual([
    { id: 1, at: '1970-01-01 00:00:00Z', twice: '3.00' },
    { id: 2, at: null, twice: null },
  ])
  const shops = recipe('shops', (k) => {
    const all = k.source('orders', csv('orders.csv', columns))
    k.dataset(
      'shops',
      all.filter((r) => r.id.gt(1)),
      { expect: (r, e) => [e.key('id').quarantine(), e.notNull(r.won)] },
    )
  })
  const given = [{ id: 1 }, { id: 2, at: '2026-01-01T09:00:00+09:00', won: 1.5 }, { id: 3 }, { id: 3 }]
  expect(await evaluateStep(shops, 'shops', { orders: given })).toEqual([
    { id: 2, at: '2026-01-01 00:00:00Z', won: '1.50' },
    { id: 3, at: null, won: null }, // the first of its key stays
  ])
  await expect(evaluateStep(shops, 'shops', { orders: [{ ids: 1 }] })).rejects.toMatchObject({ code: 'RECORD_INVALID' })
  await expect(evaluateStep(shops, 'shops', { order: given })).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    why: 'its sources are orders',
  })
  await expect(evaluateStep(shops, 'orders', {})).rejects.toMatchObject({ code: 'RECIPE_INVALID' })
  const daily1 = partitioned('days', { day: daily('2026-01-01', { zone: 'Asia/Seoul' }) }, (k, { day }) => {
    k.dataset(
      'days',
      k
        .source('orders', csv('orders.csv', columns))
        .filter((r) => day.holds(r.at))
        .aggregate([], (r) => ({ won: sum(r.won) })),
    )
  })
  await expect(evaluateStep(daily1 as never, 'days', {})).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    what: 'evaluateStep() is given no recipe',
  })
  expect(await evaluateStep(daily1.of('2026-01-01'), 'days', { orders: given })).toEqual([
    { won: '1.50', day: '2026-01-01' },
  ])
})

test('whole numbers are held against to the last digit, and a file of nothing is no rows', async () => {
  const file = recipeFile(
    folder,
    'exact',
    `const lines = k.source('lines', json('nowhere.jsonl', { id: 'int64', shares: 'float64[]' }))
     k.dataset('exact', lines)`,
  )
  put('exact.tests/long/lines.jsonl', '{"id":123456789012345,"shares":[0.1,0.30000000000000004]}\n')
  put('exact.tests/long/expected/exact.jsonl', '{"id":123456789012345,"shares":[0.1,0.3]}\n')
  put('exact.tests/none/lines.jsonl', '')
  put('exact.tests/none/expected/exact.jsonl', '')
  expect(await galley('test', file)).toMatchObject({ code: 0, out: expect.stringContaining('2 cases passed') })
  put('exact.tests/long/expected/exact.jsonl', '{"id":123456789012346,"shares":[0.1,0.3]}\n')
  expect(await galley('test', file)).toMatchObject({ code: 1, out: expect.stringContaining('1 row missing, 1 row not expected') }) // biome-ignore format: one line
}, 120_000)

test('a case is of the partition that it names; one that names none, or a wrong one, fails alone', async () => {
  put('days.ts', `import { csv, daily, partitioned } from 'galley'\nexport default partitioned('days', { day: daily('2026-01-01') }, (k, { day }) => {\n  k.dataset('days', k.source('lines', csv('a.csv', { at: 'date' })).filter((r) => day.holds(r.at)))\n})\n`) // biome-ignore format: one line
  for (const [name, partition] of Object.entries({ first: '2026-01-02\n', none: undefined, wrong: '2026-02-31' })) {
    put(`days.tests/${name}/lines.csv`, 'at\n2026-01-02\n2026-01-03\n')
    put(`days.tests/${name}/expected/days.jsonl`, '{"at":"2026-01-02","day":"2026-01-02"}\n')
    if (partition !== undefined) put(`days.tests/${name}/partition`, partition)
  }
  const { out } = await galley('test', join(folder, 'days.ts'))
  expect(out).toMatch(/✔ .*days[.]ts {2}first/)
  expect(out).toContain("the case 'none' names no partition")
  expect(out).toContain("there is no partition '2026-02-31'")
  expect(out).toContain('2 of 3 cases failed')
}, 120_000)
