import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { csv, dataset, folder, recipe, sqlite, sum } from '../../src/index.ts'
import { replay } from '../../src/runs/replay/replay.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, signal, type Written } from './datasets.ts'
import { toldIn } from './grown.ts'

let w: Written
const told = (made: Recipe) => toldIn(w, made)
beforeAll(async () => void (w = await openWritten()))
afterAll(() => w.close())

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
