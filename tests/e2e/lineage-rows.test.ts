import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, csv, hours, mean, recipe } from '../../src/index.ts'
import { galley as command } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const ids = (rows: readonly Record<string, unknown>[]) => rows.map((r) => r['id'])

test('a feature is told by the rows that it was computed from: its own, those of its window, those of a join', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => {
    const at = `2026-01-01T${String(i >> 2).padStart(2, '0')}:${String((i % 4) * 15).padStart(2, '0')}:00Z`
    return `${i},${i % 2 ? '부산' : '서울'},${at},${(i * 3) % 17}\n`
  })
  writeFileSync(join(w.folder, 'orders.csv'), `id,city,at,minutes\n${lines.join('')}`)
  writeFileSync(join(w.folder, 'cities.csv'), 'name,area\n서울,605\n부산,770\n대구,884\n')
  await w.ran(
    recipe('features', (k) => {
      const orders = k.source('orders', csv('orders.csv', { id: 'int64', city: 'string', at: 'timestamp', minutes: 'int64' })) // biome-ignore format: one line
      const cities = k.source('cities', csv('cities.csv', { name: 'string', area: 'int64' }))
      const lately = orders.rolling({ by: 'city', on: 'at', over: hours(2) }, (r) => ({ n: count(), late: mean(r.minutes) })) // biome-ignore format: one line
      const clean = k.step(
        'clean',
        orders.filter((r) => r.id.gt(3)),
      )
      k.dataset('features', clean.asOf(lately, { by: 'city', at: 'at' }).join(cities, { city: 'name' }))
    }),
  )
  const asked = { of: 'features', where: JSON.stringify({ op: 'call', fn: 'eq', args: [{ op: 'col', name: 'id' }, { op: 'lit', type: 'int64', value: '21' }] }) } // biome-ignore format: one line
  const found = await w.client.lineage.rows(asked)
  expect(found).toMatchObject({ name: 'features', version: 1, run: 1, recipe: 'features', chosen: 1 })
  const source = (step: string) => found.sources.find((s) => s.step === step)
  expect([source('orders')?.total, ids(source('orders')?.rows ?? [])]).toEqual([5, [13, 15, 17, 19, 21]])
  expect(source('cities')?.rows).toEqual([{ name: '부산', area: 770 }])
  expect((await w.client.lineage.rows({ ...asked, limit: 2 })).sources[0]).toMatchObject({ total: 5, rows: { length: 2 } }) // biome-ignore format: one line

  const told = await command(w.home, 'lineage', 'features', '--row', 'id = 21')
  expect(told.out).toMatch(/^features@1 {2}1 row of run 1, recipe features\n\n5 rows of orders {2}.*orders\.csv\n/)
  const none = await command(w.home, 'lineage', 'features', '--row', 'id = 2')
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining("no row of 'features@1' fulfils that condition") })
  const odd = await command(w.home, 'lineage', 'features', '--row', 'idd = 2')
  expect(odd).toMatchObject({ code: 2, err: expect.stringContaining("did you mean 'id'?") })
}, 60_000)

test('a row that an earlier version brought is found in the run of that; a source that changed since is told', async () => {
  const columns = { id: 'int64', n: 'int64' } as const
  for (const [i, lines] of ['1,1\n2,2\n', '3,3\n'].entries()) {
    writeFileSync(join(w.folder, `log-${i}.csv`), `id,n\n${lines}`)
    await w.ran(
      recipe('logs', (k) => {
        k.dataset('log', k.source('lines', csv(`log-${i}.csv`, columns)), { write: 'append' })
      }),
    )
  }
  const where = (id: number) => JSON.stringify({ op: 'call', fn: 'eq', args: [{ op: 'col', name: 'id' }, { op: 'lit', type: 'int64', value: String(id) }] }) // biome-ignore format: one line
  const rows = async (id: number) => (await w.client.lineage.rows({ of: 'log', where: where(id) })).sources[0]
  expect((await rows(3))?.path).toMatch(/log-1\.csv$/)
  expect(await rows(1)).toMatchObject({ path: expect.stringMatching(/log-0\.csv$/), rows: [{ id: 1, n: 1 }] })
  writeFileSync(join(w.folder, 'log-0.csv'), 'id,n\n1,5\n')
  await expect(rows(1)).rejects.toMatchObject({ code: 'SOURCE_MISSING' })
})

test('only rows that the version holds are told of, not those of one that it replaced', async () => {
  const where = JSON.stringify({ op: 'call', fn: 'eq', args: [{ op: 'col', name: 'n' }, { op: 'lit', type: 'int64', value: '10' }] }) // biome-ignore format: one line
  await w.write('whole', ['1,mon,10'])
  await w.write('whole', ['1,mon,11'])
  expect(await w.client.lineage.rows({ of: 'whole@1', where })).toMatchObject({ version: 1, chosen: 1 })
  await expect(w.client.lineage.rows({ of: 'whole@2', where })).rejects.toMatchObject({ code: 'LINEAGE_UNKNOWN' })
})
