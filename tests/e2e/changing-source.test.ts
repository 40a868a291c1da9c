import { copyFileSync, existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../src/base/config.ts'
import { csv, parquet, recipe } from '../../src/index.ts'
import { openGalley } from '../../src/main.ts'
import type { RunEvent } from '../../src/runs/events.ts'
import { run } from '../../src/runs/runner.ts'
import type { DatasetOutput } from '../../src/runs/steps/dataset.ts'
import type { SourceOutput } from '../../src/runs/steps/source.ts'
import { galley, recipeFile } from './command.ts'
import { FLIGHTS, sampleFlights } from './sample.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-changing-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const flights = recipe('changing', (k) => {
  const f = k.source('flights', parquet('flights.parquet', { delay: 'int64', origin: 'string' }))
  k.dataset(
    'kept',
    f.filter((r) => r.delay.gt(0)),
  )
})

/** As the recipe above from a CSV; a second reader makes a copy worth its while. */
const orders = (readers: number) =>
  recipe('orders', (k) => {
    const o = k.source('orders', csv('orders.csv', { n: 'int64', city: 'string' }))
    for (let i = 0; i < readers; i++)
      k.dataset(
        `kept-${i}`,
        o.reject((r) => r.n.lt(0), 'negative').derive((r) => ({ twice: r.n.times(2) })),
      )
  })

test('a CSV that one step reads is read in place, one that two read is copied, with the same rows', async () => {
  const file = join(folder, 'orders.csv')
  const write = (n: string) => writeFileSync(file, `n,city\n1,서울\n-1,부산\n${n},"제주, 시"\n`)
  const galley = await openGalley({ ...readConfig({}), home: join(folder, 'home-csv'), log: 'silent' })
  try {
    const scope = await galley.scope()
    const once = async (readers: number, on: (e: RunEvent) => void = () => {}) => {
      const { outputs } = await run(galley.ware, scope, orders(readers), {
        folder,
        signal: new AbortController().signal,
        on,
      })
      const output = <T>(id: string) => outputs.get(id) as unknown as T
      return { source: output<SourceOutput>('orders'), kept: output<DatasetOutput>('kept-0') }
    }
    write('7')
    const [one, two] = [await once(1), await once(2)]
    expect([one.source.files, one.source.kept.length, one.source.rows]).toEqual([[file], 0, 3])
    expect([two.source.from, two.source.kept.length, two.source.rows]).toEqual([undefined, 1, 3])
    expect(one.kept).toMatchObject({ rows: 2, rejected: { negative: 1 }, hash: two.kept.hash })
    expect(existsSync(one.kept.quarantine ?? '')).toBe(true)
    write('8')
    const changing = once(1, (e) => {
      if (e.type === 'done' && e.step === 'orders') write('9')
    })
    await expect(changing).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      what: expect.stringContaining('changed while'),
    })
    expect((await once(1)).kept).toMatchObject({ rows: 2, version: 2 })
    // what is spelt otherwise is copied, strictly
    write('+9')
    expect((await once(1)).source.from).toBeUndefined()
    write('nine')
    await expect(once(1)).rejects.toMatchObject({ code: 'SOURCE_BROKEN', details: { lines: [4] } })
  } finally {
    await galley.close()
  }
})

test.each(['a$$b', 'a$&b'])(
  'a data folder named %j: what was copied is where it is said to be, and is used again',
  async (name) => {
    writeFileSync(join(folder, 'orders.csv'), 'n,city\n1,서울\n-1,부산\n7,제주\n')
    const galley = await openGalley({ ...readConfig({}), home: join(folder, name), log: 'silent' })
    try {
      const scope = await galley.scope()
      const states: string[] = []
      for (const _ of ['once', 'twice']) {
        const { outputs } = await run(galley.ware, scope, orders(2), {
          folder,
          signal: new AbortController().signal,
          on: (e) => {
            if (e.type === 'done' && e.cached) states.push(e.step)
          },
        })
        const source = outputs.get('orders') as unknown as SourceOutput
        const kept = outputs.get('kept-0') as unknown as DatasetOutput
        expect(source.kept.length).toBe(1)
        for (const file of [...source.files, ...source.kept.map((f) => f.path), ...kept.files, kept.quarantine ?? ''])
          expect(existsSync(file), file).toBe(true)
      }
      expect(states.sort()).toEqual(['kept-0', 'kept-1', 'orders'])
    } finally {
      await galley.close()
    }
  },
)

test('a file that is read in place and changes before a later step has read it stops the run, and nothing of it is kept', async () => {
  const file = join(folder, 'flights.parquet')
  const [one, other] = [(await sampleFlights(join(folder, 'one'))).flights, FLIGHTS]
  copyFileSync(one, file)
  const galley = await openGalley({ ...readConfig({}), home: join(folder, 'home'), log: 'silent' })
  try {
    const scope = await galley.scope()
    const once = (on: (e: RunEvent) => void = () => {}) =>
      run(galley.ware, scope, flights, { folder, signal: new AbortController().signal, on })
    const change = once((e) => {
      if (e.type === 'done' && e.step === 'flights') copyFileSync(other, file)
    })
    await expect(change).rejects.toMatchObject({
      code: 'SOURCE_BROKEN',
      what: expect.stringContaining('changed while'),
    })
    copyFileSync(one, file)
    const rows = async () => ((await once()).outputs.get('kept') as unknown as { rows: number }).rows
    const first = await rows()
    copyFileSync(other, file)
    expect(await rows()).not.toBe(first)
    // touched and the same: nothing to do anew
    copyFileSync(one, file)
    utimesSync(file, 1, 1)
    expect(await rows()).toBe(first)
  } finally {
    await galley.close()
  }
})

test('explain: what a run kept stands for its rows until a source changes', async () => {
  const [home, file] = [join(folder, 'home-explain'), join(folder, 'sales.csv')]
  const sales = (rows: number) => writeFileSync(file, `n\n${'12\n'.repeat(rows)}`)
  const recipe = recipeFile(
    folder,
    'sales',
    `k.dataset('big', k.step('cleaned', k.source('sales', csv('sales.csv', { n: 'int64' })).filter((r) => r.n.gt(1))))`,
  )
  const explained = async () => (await galley(home, 'explain', recipe, 'big', '--no-sql')).out
  sales(20)
  expect((await galley(home, 'run', recipe)).code).toBe(0)
  expect(await explained()).toMatch(/20 rows of .*, by this very plan; taken from the cache/)
  expect(await explained()).toContain('scan step cleaned  — 20 rows')
  sales(400)
  expect(await explained()).toMatch(/20 rows of .*, by this very plan; computed again if what .*sales.csv holds is not/)
  expect(await explained()).toMatch(/scan step cleaned {2}— ≈ \d{3} rows/)
})
