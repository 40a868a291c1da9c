import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { createLedger } from '../../src/engines/ledger.ts'
import { rowsOf } from '../../src/engines/plans.ts'
import { csv, recipe } from '../../src/index.ts'
import { type Galley, openGalley } from '../../src/main.ts'
import { build } from '../../src/plan/nodes.ts'
import type { TypeName } from '../../src/plan/types.ts'
import type { Kitchen } from '../../src/runs/kitchen.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-writes-'))
let galley: Galley
beforeAll(async () => {
  galley = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent', threads: 2 })
})
afterAll(async () => {
  await galley.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

const signal = new AbortController().signal
const DAYS = { id: 'int64', day: 'string', n: 'int64' } as const
type Options = Parameters<Kitchen['dataset']>[2]

/** Writes lines of CSV to a dataset. */
async function write(
  name: string,
  lines: readonly string[],
  options: object = {},
  columns: Record<string, TypeName> = DAYS,
  on = galley,
): Promise<DatasetOutput> {
  const file = join(mkdtempSync(join(folder, 'lines-')), 'lines.csv')
  writeFileSync(file, `${Object.keys(columns).join(',')}\n${lines.map((l) => `${l}\n`).join('')}`)
  const made = recipe('writes', (k) => {
    k.dataset(name, k.source('lines', csv(file, columns)) as never, options as Options)
  })
  const { outputs } = await run(on.ware, await on.scope(), made, { folder, signal, on: () => {} })
  return outputs.get(name) as unknown as DatasetOutput
}

/** The rows of a version, in its order, as text. */
async function rows(o: DatasetOutput): Promise<string[]> {
  const scan = build({ op: 'scan', from: { kind: 'parquet', files: o.files }, schema: o.schema })
  const found = await rowsOf(
    { duckdb: galley.duckdb, scope: await galley.scope(), signal, ledger: createLedger() },
    scan,
  )
  return found.map((r) => o.schema.map((f) => String(r[f.name] ?? 'null')).join(','))
}

const A = ['1,mon,10', '2,mon,20']
const B = ['3,tue,30']

describe('append', () => {
  test('A, B, A gives A and B; the file of A is shared', async () => {
    const append = { write: 'append' }
    const first = await write('log', A, append)
    const second = await write('log', B, append)
    const third = await write('log', A, append)
    expect([first.version, second.version, third.version]).toEqual([1, 2, 2])
    expect(await rows(third)).toEqual([...A, ...B])
    expect(second.files[0]).toBe(first.files[0])
    expect(third).toMatchObject({ hash: second.hash, files: second.files, write: { contained: true } })
    const again = await write('log', A, append)
    expect(again.version).toBe(2)
  })
  test('rows of nothing leave the newest version as it is; the first have to be some', async () => {
    await expect(write('nothing', [], { write: 'append' })).rejects.toMatchObject({ code: 'DATASET_EMPTY' })
    const first = await write('some', A, { write: 'append' })
    expect(await write('some', [], { write: 'append' })).toMatchObject({ version: 1, hash: first.hash })
  })
  test('writers at once all get in, each once', async () => {
    const other = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent', threads: 2 })
    try {
      await write('many', ['0,mon,0'], { write: 'append' })
      const made = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          write('many', [`${i + 1},tue,${i}`], { write: 'append' }, DAYS, i % 2 ? other : galley),
        ),
      )
      expect(made.map((o) => o.version).sort()).toEqual([2, 3, 4, 5, 6, 7])
      const newest = made.reduce((a, b) => (a.version > b.version ? a : b))
      expect((await rows(newest)).map((r) => r[0]).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    } finally {
      await other.close()
    }
  })
  test('a damaged base is named, and the whole can be published anew', async () => {
    const first = await write('damaged', A, { write: 'append' })
    writeFileSync(first.files[0] ?? '', 'no parquet')
    await expect(write('damaged', B, { write: 'append' })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      what: expect.stringContaining('damaged@1'),
    })
    expect(await rows(await write('damaged', [...A, ...B]))).toEqual([...A, ...B])
  })
})

describe('partitions', () => {
  const daily = { write: 'overwrite-partition', partitionBy: ['day'] }
  test('those that rows are written to are replaced, the others shared', async () => {
    const first = await write('daily', [...A, ...B], { partitionBy: ['day'] })
    expect(first.files).toHaveLength(2)
    const second = await write('daily', ['9,mon,90', '8,wed,80', '7,,70'], daily)
    expect((await rows(second)).sort()).toEqual(
      ['3,tue,30', '7,,70', '8,wed,80', '9,mon,90'].map((r) => r.replace(',,', ',null,')).sort(),
    )
    expect(second.files).toContain(first.files[1])
    const third = await write('daily', ['5,,50'], daily)
    expect((await rows(third)).sort()).toEqual(['3,tue,30', '5,null,50', '8,wed,80', '9,mon,90'])
    expect(await write('daily', ['5,,50'], daily)).toMatchObject({ version: third.version })
  })
  test('a full write shares the partitions that are as they were', async () => {
    const first = await write('whole', [...A, ...B], { partitionBy: ['day'] })
    const second = await write('whole', [...A, '4,tue,40'], { partitionBy: ['day'] })
    expect([second.files[0] === first.files[0], second.files[1] === first.files[1]]).toEqual([true, false])
  })
  test('a version of one file with several values is no base, and says what to do', async () => {
    await write('mixed', [...A, ...B])
    await expect(write('mixed', A, daily)).rejects.toMatchObject({
      code: 'DATASET_PARTITIONS',
      fix: expect.stringContaining("partitionBy: ['day']"),
    })
  })
})

describe('upsert', () => {
  const by = { write: 'upsert', key: ['id'] }
  test('rows of a known key are replaced, others added; files without such keys are shared', async () => {
    const first = await write('people', A, by)
    const second = await write('people', ['7,sat,70', '6,sat,60'], by)
    const third = await write('people', ['2,mon,21', '8,sun,80'], by)
    expect(third.version).toBe(3)
    expect((await rows(third)).sort()).toEqual(['1,mon,10', '2,mon,21', '6,sat,60', '7,sat,70', '8,sun,80'])
    expect(third.files).toContain(second.files[1])
    expect(third.files).not.toContain(first.files[0])
    expect(await write('people', ['2,mon,21', '8,sun,80'], by)).toMatchObject({ version: 3, hash: third.hash })
    // written over since, it is written again
    await write('people', ['2,mon,22'], by)
    expect((await rows(await write('people', ['2,mon,21', '8,sun,80'], by))).sort()).toContain('2,mon,21')
  })
  test('writers at once go on from each other: every key is there once, with what one of them wrote', async () => {
    const other = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent', threads: 2 })
    try {
      await write('both', ['1,mon,0', '2,mon,0', '3,mon,0'], by)
      const made = await Promise.all(
        [1, 2, 3, 4].map((n) => write('both', [`2,tue,${n}`, `${10 + n},tue,${n}`], by, DAYS, n % 2 ? other : galley)),
      )
      const newest = made.reduce((a, b) => (a.version > b.version ? a : b))
      expect(newest.version).toBe(5)
      const found = (await rows(newest)).sort()
      expect(found.map((r) => r.split(',')[0])).toEqual(['1', '11', '12', '13', '14', '2', '3'])
      expect(found[5]).toMatch(/^2,tue,[1-4]$/)
    } finally {
      await other.close()
    }
  })
  test('a key twice is named; with a moment the latest is taken', async () => {
    const twice = ['1,mon,10', '1,tue,11', '2,mon,20']
    await expect(write('twice', twice, by)).rejects.toMatchObject({
      code: 'DATASET_KEYS',
      what: expect.stringContaining('id="1"'),
    })
    await expect(write('null-key', [',mon,1'], by)).rejects.toMatchObject({ code: 'DATASET_KEYS' })
    const columns = { id: 'int64', day: 'date', n: 'int64' } as const
    const dated = ['1,2026-01-02,12', '1,2026-01-01,11', '2,2026-01-01,20']
    const latest = await write('latest', dated, { ...by, moment: 'day' }, columns)
    expect((await rows(latest)).map((r) => r.split(',').at(-1))).toEqual(['12', '20'])
    const tied = ['1,2026-01-02,12', '1,2026-01-02,13']
    await expect(write('tied', tied, { ...by, moment: 'day' }, columns)).rejects.toMatchObject({ code: 'DATASET_KEYS' })
  })
})

describe('columns that change', () => {
  test('stop the write by name', async () => {
    await write('fixed', A, { write: 'append' })
    const more = { id: 'int64', n: 'string', city: 'string' } as const
    await expect(write('fixed', ['1,x,y'], { write: 'append' }, more)).rejects.toMatchObject({
      code: 'DATASET_SCHEMA',
      what: expect.stringMatching(/'n' is a string and was a int64.*'city' is new.*'day' is missing/),
      details: { columns: ['n', 'city', 'day'] },
    })
  })
  test('evolve: new ones are null before, missing ones after, numbers are widened; types that hold less are refused', async () => {
    const evolve = { write: 'append', onSchemaChange: 'evolve' }
    await write('grown', ['1,2'], evolve, { id: 'int32', n: 'int32' })
    const grown = await write('grown', ['9007199254740993,0.5,서울'], evolve, {
      id: 'int64',
      n: 'float64',
      city: 'string',
    })
    const last = await write('grown', ['3'], evolve, { id: 'int64' })
    expect(grown.schema.map((f) => [f.name, f.type])).toEqual([
      ['id', 'int64'],
      ['n', 'float64'],
      ['city', 'string'],
    ])
    expect(await rows(last)).toEqual(['1,2,null', '9007199254740993,0.5,서울', '3,null,null'])
    await expect(write('grown', ['x'], evolve, { id: 'string' })).rejects.toMatchObject({ code: 'DATASET_SCHEMA' })
    await expect(write('grown', ['1,1'], evolve, { id: 'int64', n: 'int64' })).rejects.toMatchObject({
      code: 'DATASET_SCHEMA',
    })
  })
})

test('what was set aside is kept, also of a batch that the version holds', async () => {
  const file = join(folder, 'aside.csv')
  const once = async (lines: string) => {
    writeFileSync(file, `id\n${lines}`)
    const made = recipe('aside', (k) => {
      const source = k.source('aside-lines', csv('aside.csv', { id: 'int64' }))
      k.dataset('aside', source.reject((r) => r.id.lt(0), 'negative'), { write: 'append' }) // biome-ignore format: one line
    })
    const { outputs } = await run(galley.ware, await galley.scope(), made, { folder, signal, on: () => {} })
    return outputs.get('aside') as unknown as DatasetOutput
  }
  const first = await once('1\n-1\n')
  const second = await once('1\n-2\n-3\n')
  const third = await once('-4\n')
  expect(
    [first, second, third].map((o) => [o.version, o.rejected['negative'], existsSync(o.quarantine ?? '')]),
  ).toEqual([
    [1, 1, true],
    [1, 2, true],
    [1, 1, true],
  ])
  expect(new Set([first.quarantine, second.quarantine, third.quarantine]).size).toBe(3)
})
