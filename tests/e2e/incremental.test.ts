import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, csv, dataset, folder, max, mean, recipe, rowNumber, sum } from '../../src/index.ts'
import type { Kitchen } from '../../src/runs/kitchen.ts'
import type { Recipe } from '../../src/runs/specs.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import { between, randomOf } from '../faults/random.ts'
import { openWritten, type Written } from './datasets.ts'
import { toldIn } from './grown.ts'

let w: Written
const told = (made: Recipe) => toldIn(w, made)
beforeAll(async () => void (w = await openWritten()))
afterAll(() => w.close())

const ORDERS = { id: 'int64', day: 'string', shop: 'string', at: 'timestamp', n: 'int64' } as const
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
  const random = randomOf(7, 'incremental', 0)
  const next = (below: number) => between(random, 0, below - 1)
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
