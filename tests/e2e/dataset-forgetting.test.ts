import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KILLS } from '../../src/data/connectors/testing/kills.ts'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { csv, dataset, recipe } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import { galley as command, ended, start } from './command.ts'
import { holdingIn, openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const forget = async (name: string, key?: string, value?: string) => {
  const body = key === undefined || value === undefined ? {} : { key, value }
  return resultOf<ForgetReport[]>(await w.client.datasets.forget({ name, body }), () => {})
}

const holding = (text: string) => holdingIn(w, text)

/** Tables of the database that say a text. */
async function recorded(text: string): Promise<string[]> {
  const { home } = w.galley.store
  const share = await joinServer(home.postgres, join(home.logs, 'postgres.log'))
  const database = new pg.Client({ ...share.connection })
  await database.connect()
  try {
    const { rows } = await database.query<{ table_name: string }>(
      "select table_name from information_schema.tables where table_schema = 'public'",
    )
    const found: string[] = []
    for (const { table_name: name } of rows) {
      const { rowCount } = await database.query(`select 1 from ${name} t where t::text like '%${text}%' limit 1`)
      if (rowCount) found.push(name)
    }
    return found
  } finally {
    await database.end()
    await share.close()
  }
}

describe('a person is forgotten', () => {
  const columns = { person: 'string', n: 'int64' } as const
  const NAME = 'zz-hong-gildong'
  test('in every version, in what was set aside, in copies of steps and in metadata; what was made of it is told', async () => {
    const file = join(w.folder, 'log.csv')
    const batch = async (lines: string) => {
      writeFileSync(file, `person,n\n${lines}`)
      const made = recipe('people', (k) => {
        const source = k.source('people-lines', csv('log.csv', columns))
        const clean = k.step('people-clean', source.reject((r) => r.n.lt(-100), 'far too small')) // biome-ignore format: one line
        k.dataset('people', clean.reject((r) => r.n.lt(0), 'negative'), { write: 'append', expect: (r, x) => [x.pattern(r.person, '^[a-y]+$').warn()] }) // biome-ignore format: one line
      })
      await run(w.galley.ware, await w.galley.scope(), made, { folder: w.folder, signal, on: () => {} })
    }
    await batch(`kim,1\n${NAME},2\n${NAME},-3\n${NAME},-300\n`)
    await batch('lee,4\npark,5\n')
    await batch(`${NAME},6\nchoi,7\nzz-other,-8\n`)
    const reader = recipe('reader', (k) => {
      k.dataset('far', k.source('past', dataset('people@2', columns)).filter((r) => r.n.lt(3))) // biome-ignore format: one line
    })
    await run(w.galley.ware, await w.galley.scope(), reader, { folder: w.folder, signal, on: () => {} })
    const { store } = w.galley
    const scope = await w.galley.scope()
    await store.models.publish(scope, { name: 'm', kind: 'gbdt', metrics: {}, blob: 'b', bytes: 1, features: [], dataset: 'far', datasetVersion: 1 }) // biome-ignore format: one line
    await store.endpoints.deploy(scope, { name: 'e', model: 'm', modelVersion: 1, config: {} })
    mkdirSync(join(store.home.logs, scope.workspace, 'e', '1'), { recursive: true })
    expect((await holding(NAME)).length).toBeGreaterThan(5)

    expect((await recorded(NAME)).sort()).toEqual([
      'dataset_versions',
      'quality_checks',
      'run_lines',
      'step_outputs',
      'steps',
    ])
    const [report] = await forget('people', 'person', NAME)
    expect(await recorded(NAME)).toEqual([])
    expect(report?.versions).toEqual([
      { version: 1, rows: 1, rejected: 1 },
      { version: 2, rows: 1, rejected: 0 },
      { version: 3, rows: 2, rejected: 0 },
    ])
    expect(report?.copies.removed.length).toBeGreaterThanOrEqual(2)
    expect(report?.derived).toEqual({
      datasets: ['far@1'],
      models: ['m@1'],
      endpoints: ['e'],
      logs: [`logs/${scope.workspace}/e/1`],
    })
    // the dataset that was made of it is another one: it is told, and forgets when it is asked
    expect((await holding(NAME)).every((path) => path.includes('/far/'))).toBe(true)
    expect((await command(w.home, 'datasets', 'forget', 'far', '--key', 'person', '--value', NAME)).out).toContain(
      'far@1  1 row removed',
    )
    expect(await holding(NAME)).toEqual([])

    expect(await w.rows('people@1')).toEqual(['kim,1'])
    expect(await w.rows('people')).toEqual(['kim,1', 'lee,4', 'park,5', 'choi,7'])
    expect((await w.client.datasets.versions({ name: 'people' })).items.map((v) => [v.version, v.rows])).toEqual([
      [3, 4],
      [2, 3],
      [1, 1],
    ])
    expect((await w.client.datasets.rejected({ name: 'people@3' })).items).toEqual([
      { reason: 'negative', row: 'person=zz-other, n=-8' },
    ])
    expect((await w.client.datasets.scrub({ body: {} })).damaged).toEqual([])
    // files are shared between versions as before, and writes go on
    await batch('seo,9\n')
    expect((await w.client.datasets.get({ name: 'people' })).version).toBe(4)
    const events = await store.events.list(scope, { action: 'dataset.forget' })
    expect(JSON.stringify(events)).not.toContain(NAME)
  }, 60_000)
  test('what a killed writer left behind goes too', async () => {
    const first = await w.write('left', ['1,mon,1', '2,tue,2'])
    const behind = join(first.folder, '..', 'c'.repeat(32))
    cpSync(first.folder, behind, { recursive: true })
    await forget('left', 'id', '2')
    expect([existsSync(behind), await w.rows('left')]).toEqual([false, ['1,mon,1']])
  }, 30_000)
  test('a batch that held the person is not written again', async () => {
    await w.write('once', ['1,mon,1', '2,tue,2'], { write: 'append' })
    await forget('once', 'id', '2')
    const again = await w.write('once', ['1,mon,1', '2,tue,2'], { write: 'append' })
    expect([again.version, await w.rows('once')]).toEqual([1, ['1,mon,1']])
  })
  test('all rows of a version may go; nobody of that name is nothing', async () => {
    await w.write('alone', ['1,mon,1'])
    const [report] = await forget('alone', 'id', '1')
    expect([report?.versions.length, await w.rows('alone')]).toEqual([1, []])
    expect((await forget('alone', 'id', '1'))[0]?.versions).toEqual([])
    expect(await forget('alone')).toEqual([])
  })
  test.each([
    ['idd', '1', 'PLAN_UNKNOWN_COLUMN'],
    ['id', 'one', 'VALUE_INVALID'],
    ['id', '99999999999999999999', 'VALUE_INVALID'],
  ])('%s=%s is refused', async (key, value, code) => {
    await w.write('some', ['1,mon,1'])
    await expect(forget('some', key, value)).rejects.toMatchObject({ code })
    expect(await forget('some')).toEqual([])
  })
})

test(
  'killed in the middle and resumed, it is done to the end',
  async () => {
    const own = await openWritten()
    const erase = async (i: number) =>
      resultOf<ForgetReport[]>(await own.client.datasets.forget({ name: 'log', body: { key: 'id', value: `${i}` } }), () => {}) // biome-ignore format: one line
    try {
      const lines = (day: number) => Array.from({ length: 500 }, (_, j) => `${j % 100},d${day},${j}`)
      for (let day = 0; day < 6; day++) await own.write('log', lines(day), { write: 'append' })
      for (let i = 0; i < KILLS; i++) {
        const child = start(own.home, ['datasets', 'forget', 'log', '--key', 'id', '--value', `${i}`])
        const end = ended(child)
        await sleep(600 + ((i * 311) % 900))
        child.kill('SIGKILL')
        await end
        // whatever was reached: asked again it is done, and done once more it is nothing
        await erase(i)
        expect((await erase(i))[0]?.versions).toEqual([])
        for (const version of [1, 6])
          expect((await own.rows(`log@${version}`)).filter((row) => row.startsWith(`${i},`))).toEqual([])
      }
      const resumed = await own.client.datasets.forget({ name: 'log', body: {} })
      expect(await resultOf<ForgetReport[]>(resumed, () => {})).toEqual([])
      expect(await own.rows('log')).toHaveLength(3000 - KILLS * 30)
      expect((await own.client.datasets.scrub({ body: {} })).damaged).toEqual([])
      const workspace = readdirSync(join(own.home, 'datasets'))[0] ?? ''
      expect(readdirSync(join(own.home, 'datasets', workspace, 'log')).length).toBeLessThanOrEqual(6 + KILLS)
    } finally {
      await own.close()
    }
  },
  120_000 + KILLS * 30_000,
)
