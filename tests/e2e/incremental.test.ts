import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { count, csv, dataset, folder, max, mean, recipe, rowNumber, sqlite, sum } from '../../src/index.ts'
import type { Kitchen } from '../../src/runs/kitchen.ts'
import { replay } from '../../src/runs/replay/replay.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import type { TableOutput } from '../../src/runs/steps/table.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => void (w = await openWritten()))
afterAll(() => w.close())

const ORDERS = { id: 'int64', day: 'string', shop: 'string', at: 'timestamp', n: 'int64' } as const
/** Numbers of a seed of their own, so that a round can be run again. */
function random(seed: number) {
  let state = seed
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

/** Moments in no order, each once. */
const moment = (n: number): string => new Date(((n * 7919) % 10_007) * 1000).toISOString()

/** Each dataset twice: once from what came, once from all. */
function both(k: Kitchen, name: string, made: Parameters<Kitchen['dataset']>[1], options: object = {}): void {
  k.dataset(name, made, { ...options, incremental: true })
  k.dataset(`${name}-whole`, made, options)
}

const orders = (name: string, at: string): Recipe =>
  recipe(name, (k) => {
    const read = k.source(`${name}-read`, folder(`${at}/*.csv`, csv, ORDERS, { settle: 0 }))
    const shops = k.source(`${name}-shops`, csv(join(at, '..', 'shops.txt'), { code: 'string', city: 'string' }))
    const clean = k.step(
      `${name}-clean`,
      read.reject((r) => r.day.isNull(), 'no day').derive((r) => ({ double: r.n.times(2) })),
    )
    both(k, `${name}-lines`, clean)
    both(k, `${name}-placed`, clean.join(shops, { shop: 'code' }), { partitionBy: ['day'] })
    both(k, `${name}-seen`, clean.select('shop', 'day').distinct())
    both(k, `${name}-daily`, clean.derive((r) => ({ s: r.shop })).select('day', 's', 'n').aggregate(['day', 's'], (r) => ({ n: sum(r.n), all: count() }))) // biome-ignore format: one line
    both(k, `${name}-latest`, clean.window({ by: 'id', order: { by: 'at', descending: true } }, () => ({ place: rowNumber() })).filter((r) => r.place.eq(1)).drop('place')) // biome-ignore format: one line
    both(
      k,
      `${name}-means`,
      clean.aggregate(['shop'], (r) => ({ n: mean(r.n) })),
    )
    both(k, `${name}-newest`, clean.select('id', 'at', 'shop', 'n'), { write: 'upsert', key: ['id'], moment: 'at' })
    both(
      k,
      `${name}-total`,
      clean.aggregate([], (r) => ({ n: sum(r.n), last: max(r.at) })),
    )
  })

/** Runs a recipe, and gives how its steps were computed. */
async function told(made: Recipe) {
  const { outputs, cached } = await w.ran(made)
  const said = made.steps.flatMap(({ id }) => {
    const { told: text } = outputs.get(id) as Partial<TableOutput>
    return text === undefined || cached.includes(id) ? [] : [`${id}: ${text}`]
  })
  return { outputs, said }
}

/** Runs it, and compares each dataset with its whole; gives what was said. */
async function sameAsWhole(made: Recipe, names?: readonly string[]): Promise<string[]> {
  const { outputs, said } = await told(made)
  for (const { id, kind } of made.steps) {
    if (kind !== 'dataset' || id.endsWith('-whole') || names?.includes(id) === false) continue
    const bag = async (name: string) => (await w.rows(name)).toSorted()
    expect(await bag(id), id).toEqual(await bag(`${id}-whole`))
    const [own, whole] = [outputs.get(id), outputs.get(`${id}-whole`)] as unknown as [DatasetOutput, DatasetOutput]
    expect(own.rows, id).toBe(whole.rows)
    if (!own.write?.contained) expect(own.rejected, id).toEqual(whole.rejected)
  }
  return said
}

test('what files bring, one after another, gives what computing all gives; files that change or go, too', async () => {
  const at = join(w.folder, 'orders')
  mkdirSync(at)
  writeFileSync(join(w.folder, 'shops.txt'), 'code,city\na,Seoul\nb,Busan\n')
  const made = orders('o', at)
  const next = random(7)
  let last = 0
  const write = (name: string) => {
    const lines = Array.from({ length: 1 + next(4) }, () =>
      [next(12), ['mon', 'tue', 'wed', ''][next(4)], 'abc'[next(3)], moment(++last), next(100)].join(','),
    )
    writeFileSync(join(at, `${name}.csv`), `${Object.keys(ORDERS).join(',')}\n${lines.join('\n')}\n`) // biome-ignore format: one line
  }
  const names: string[] = []
  const add = () => {
    const name = `f${String(names.length).padStart(2, '0')}`
    names.push(name)
    write(name)
  }
  add()
  writeFileSync(
    join(at, 'f00.csv'),
    `${Object.keys(ORDERS).join(',')}\n1,mon,a,${moment(1)},5\n2,tue,b,${moment(2)},6\n3,,c,${moment(3)},7\n`,
  )
  last = 10
  await sameAsWhole(made)
  const said = new Set<string>()
  for (let round = 0; round < 6; round++) {
    const what = round < 3 ? 0 : next(5)
    if (what <= 2) add()
    if (what === 0) add()
    if (what === 3) write(names[next(names.length)] as string)
    if (what === 4 && names.length > 2) rmSync(join(at, `${names[0]}.csv`), { force: true })
    for (const line of await sameAsWhole(made)) said.add(line)
  }
  const came = 'from 1 new file'
  for (const name of ['lines', 'placed', 'seen', 'newest']) expect([...said]).toContain(`o-${name}: ${came}`)
  for (const name of ['daily', 'total'])
    expect([...said]).toContain(`o-${name}: ${came}, put together with what was there`)
  expect([...said]).toContain(`o-latest: ${came}, its groups computed again`)
  expect([...said]).toContain("o-means: as a whole: 'n' (mean) of all is not had from those of parts")
  expect([...said]).toContain("o-lines: as a whole: what 'o-clean' gave before is not there as it was")
}, 120_000)

describe('from a database, by a cursor', () => {
  const db = () => new DatabaseSync(join(w.folder, 'shop.db'))
  const COLUMNS = { id: 'int64', shop: 'string', n: 'int64' } as const
  const insert = (...rows: readonly (readonly [number, string, number])[]) => {
    const shop = db()
    shop.exec('create table if not exists sales (id integer primary key, shop text, n integer)')
    for (const row of rows) shop.prepare('insert into sales values (?, ?, ?)').run(...row)
    shop.close()
  }
  const sales = (factor = 2) =>
    recipe('sales', (k) => {
      const read = k.source('sales-read', sqlite('shop.db', 'sales', COLUMNS, { cursor: 'id' }))
      const clean = k.step(
        'sales-clean',
        read.derive((r) => ({ m: r.n.times(factor) })),
      )
      k.dataset('sales-lines', clean, { incremental: true })
    })
  const sums = recipe('sums', (k) => {
    const lines = k.source('sums-read', dataset('sales-lines', { shop: 'string', m: 'int64' }))
    k.dataset(
      'sums-of-shops',
      lines.aggregate(['shop'], (r) => ({ m: sum(r.m) })),
      { incremental: true },
    )
  })

  test('only what came is computed, through a step, a dataset and another recipe that reads it', async () => {
    insert([1, 'a', 1], [2, 'b', 2])
    expect((await told(sales())).said).toEqual([])
    await told(sums)
    insert([3, 'b', 3])
    expect((await told(sales())).said).toEqual(['sales-clean: from 1 new file', 'sales-lines: from 1 new file'])
    expect(await w.rows('sales-lines')).toEqual(['1,a,1,2', '2,b,2,4', '3,b,3,6'])
    expect((await told(sums)).said).toEqual(['sums-of-shops: from 1 new file, put together with what was there'])
    expect((await w.rows('sums-of-shops')).toSorted()).toEqual(['a,2', 'b,10'])
    expect((await told(sales())).said).toEqual([])
    const versions = await w.client.datasets.versions({ name: 'sales-lines' })
    expect(versions.items.map((v) => [v.version, v.rows])).toEqual([[2, 3], [1, 2]]) // biome-ignore format: one line
  })

  test('a row is traced to its source, whichever run computed it', async () => {
    const of = async (name: string, column: string, type: string, value: string) => {
      const where = {
        op: 'call',
        fn: 'eq',
        args: [
          { op: 'col', name: column },
          { op: 'lit', type, value },
        ],
      }
      const { sources } = await w.client.lineage.rows({ of: name, where: JSON.stringify(where) })
      return sources.flatMap((s) => s.rows.map((r) => r['id'] ?? r['m']))
    }
    expect(await of('sales-lines', 'id', 'int64', '1')).toEqual([1])
    expect(await of('sales-lines', 'id', 'int64', '3')).toEqual([3])
    expect(await of('sums-of-shops', 'shop', 'string', 'b')).toEqual([4, 6])
  })

  test('where a step computes otherwise, all is computed; a repaired version, and one put together, are gone on from', async () => {
    expect((await told(sales(3))).said).toEqual([
      'sales-clean: as a whole: what computes it has changed',
      "sales-lines: as a whole: what 'sales-clean' gave before is not there as it was",
    ])
    expect(await w.rows('sales-lines')).toEqual(['1,a,1,3', '2,b,2,6', '3,b,3,9'])
    insert([4, 'c', 4])
    await told(sales(3))
    await w.client.datasets.compact({ name: 'sales-lines', body: {} })
    insert([5, 'c', 5])
    expect((await told(sales(3))).said).toContain('sales-lines: from 1 new file')
    expect(await w.rows('sales-lines')).toEqual(['1,a,1,3', '2,b,2,6', '3,b,3,9', '4,c,4,12', '5,c,5,15'])
  })

  test('a run that is computed again has the same rows', async () => {
    const { items } = await w.client.runs.list({ limit: 1 })
    const found = await replay(w.galley.ware, await w.galley.scope(), items[0]?.number ?? 0, { signal, on: () => {} })
    expect(found.steps.map((s) => [s.step, s.state])).toEqual([['sales-read', 'read'], ['sales-clean', 'rows'], ['sales-lines', 'rows']]) // biome-ignore format: one line
  })

  test('another writer in between: all is computed, and stands as the newest', async () => {
    await w.write('sales-lines', ['9,z,9,9'], { write: 'append' }, { id: 'int64', shop: 'string', n: 'int64', m: 'int64' }) // biome-ignore format: one line
    insert([6, 'd', 6])
    await told(sales(3))
    expect((await w.rows('sales-lines')).length).toBe(6)
    expect(await w.rows('sales-lines')).toContain('6,d,6,18')
  })
})

test('tables beside: one that is read where it lies, one that grows', async () => {
  const at = join(w.folder, 'beside')
  mkdirSync(at)
  const put = (name: string, ...lines: string[]) => writeFileSync(join(at, name), `${lines.join('\n')}\n`)
  const places = recipe('places', (k) => {
    const read = k.source('places-read', folder(`${at}/p*.csv`, csv, { code: 'string', city: 'string' }, { settle: 0 }))
    k.dataset('places', read, { incremental: true })
  })
  const sold = recipe('sold', (k) => {
    const read = k.source('sold-read', folder(`${at}/s*.csv`, csv, { shop: 'string', n: 'int64' }, { settle: 0 }))
    const kinds = k.source('sold-kinds', csv(join(at, 'kinds.txt'), { shop: 'string', kind: 'string' }))
    const cities = k.source('sold-cities', dataset('places', { code: 'string', city: 'string' }))
    const good = read.reject((r) => r.n.lt(0), 'below zero')
    k.dataset('sold-kinds-of', good.join(kinds, { shop: 'shop' }, { how: 'left' }), { incremental: true })
    both(k, 'sold-in', good.join(cities, { shop: 'code' }))
  })
  put('kinds.txt', 'shop,kind', 'a,big')
  put('p1.csv', 'code,city', 'a,Seoul')
  put('s1.csv', 'shop,n', 'a,1', 'b,2', 'a,-1')
  await told(places)
  await sameAsWhole(sold, ['sold-in'])
  put('s2.csv', 'shop,n', 'b,3', 'b,-2')
  expect((await told(sold)).said).toContain('sold-kinds-of: from 1 new file')
  expect(await w.rows('sold-kinds-of')).toEqual(['a,1,big', 'b,2,null', 'b,3,null'])
  // a partner that came later brings rows of before
  put('p2.csv', 'code,city', 'b,Busan')
  await told(places)
  expect(await sameAsWhole(sold, ['sold-in'])).toContain("sold-in: as a whole: it sets rows aside, and 'sold-cities' brings others of them together again") // biome-ignore format: one line
  expect((await w.rows('sold-in')).toSorted()).toEqual(['a,1,Seoul', 'b,2,Busan', 'b,3,Busan'])
})

test('whoever is forgotten does not come back with what comes later', async () => {
  const at = join(w.folder, 'people')
  mkdirSync(at)
  const put = (name: string, ...lines: string[]) => writeFileSync(join(at, `${name}.csv`), `person,n\n${lines.join('\n')}\n`) // biome-ignore format: one line
  const made = recipe('people', (k) => {
    const read = k.source('people-read', folder(`${at}/*.csv`, csv, { person: 'string', n: 'int64' }, { settle: 0 }))
    k.dataset('people', read.derive((r) => ({ m: r.n.plus(1) })), { incremental: true }) // biome-ignore format: one line
  })
  put('a', 'kim,1', 'lee,2')
  await w.ran(made)
  put('b', 'kim,3', 'park,4')
  await w.ran(made)
  expect(await w.rows('people')).toEqual(['kim,1,2', 'lee,2,3', 'kim,3,4', 'park,4,5'])
  const body = { key: 'person', value: 'kim' }
  await resultOf(await w.client.datasets.forget({ name: 'people', body }), () => {})
  put('c', 'kim,5', 'choi,6')
  await w.ran(made)
  expect(await w.rows('people')).toEqual(['lee,2,3', 'park,4,5', 'choi,6,7'])
  put('d', 'kim,7', 'jung,8')
  expect((await told(made)).said).toContain('people: from 1 new file')
  expect(await w.rows('people')).toEqual(['lee,2,3', 'park,4,5', 'choi,6,7', 'jung,8,9'])
})

test('what can not be is refused', () => {
  const made = (options: object) => () =>
    recipe('odd', (k) => {
      k.dataset('x', k.source('s', csv('s.csv', { id: 'int64', day: 'string' })), options)
    })
  expect(made({ incremental: true, write: 'append' })).toThrow("'x' is incremental and written as 'append'")
  expect(made({ incremental: true, write: 'overwrite-partition', partitionBy: ['day'] })).toThrow('is incremental')
  expect(made({ incremental: 'yes' })).toThrow('incremental of \'x\' is "yes"')
  expect(made({ incremental: false })().steps.at(-1)?.spec).not.toHaveProperty('incremental')
})
