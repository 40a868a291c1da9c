import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Compacted } from '../../src/data/datasets/keep/compact.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { joinServer } from '../../src/store/postgres/server.ts'
import { galley as command } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const compact = async (name: string, target?: number) => {
  const answer = await w.client.datasets.compact({ name, body: target === undefined ? {} : { target } })
  return resultOf<Compacted>(answer, () => {})
}
const folderOf = async (name: string) => join(w.galley.store.home.datasets, (await w.galley.scope()).workspace, name)

describe('retention', () => {
  test('keeps the newest, those with tags and those that models were trained on; says why; removes what is unused', async () => {
    for (let i = 1; i <= 6; i++) await w.write('whole', [`${i},mon,${i}`])
    const { store } = w.galley
    const scope = await w.galley.scope()
    await store.tags.set(scope, 'whole', 'prod', 2)
    await store.models.publish(scope, { name: 'm', kind: 'gbdt', metrics: {}, blob: 'b', bytes: 1, features: [], dataset: 'whole', datasetVersion: 3 }) // biome-ignore format: one line
    const dry = await w.client.datasets.retain({ name: 'whole', body: { keep: 2, dryRun: true } })
    expect(dry.removed.map((v) => v.version)).toEqual([1, 4])
    expect(dry.kept.map((k) => [k.version, k.why])).toEqual([
      [6, 'it is the newest'],
      [5, 'it is one of the newest 2'],
      [3, 'the model m@1 was trained on it'],
      [2, 'it has the tag prod'],
    ])
    const before = readdirSync(await folderOf('whole')).length
    const done = await w.client.datasets.retain({ name: 'whole', body: { keep: 2 } })
    expect(done).toMatchObject({ removed: dry.removed, files: 10 })
    expect(readdirSync(await folderOf('whole')).length).toBe(before - 2)
    expect((await w.client.datasets.versions({ name: 'whole' })).items.map((v) => v.version)).toEqual([6, 5, 3, 2])
    expect(await w.rows('whole@2')).toEqual(['2,mon,2'])
    await expect(w.rows('whole@4')).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
    // numbers go on, they are not given again
    expect((await w.write('whole', ['7,mon,7'])).version).toBe(7)
    expect((await w.client.datasets.retain({ name: 'whole', body: { days: 1 } })).removed).toEqual([])
    await expect(w.client.datasets.retain({ name: 'whole', body: {} })).rejects.toMatchObject({ code: 'USAGE_INVALID' })
  })
  test('leaves files that other versions use, and takes folders that a killed process left a day ago', async () => {
    for (let i = 1; i <= 3; i++) await w.write('log', [`${i},mon,${i}`], { write: 'append' })
    const left = join(await folderOf('log'), 'a'.repeat(32))
    const fresh = join(await folderOf('log'), 'b'.repeat(32))
    for (const folder of [left, fresh]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'data.parquet'), 'half')
    }
    utimesSync(left, 1, 1)
    const done = await w.client.datasets.retain({ name: 'log', body: { keep: 1 } })
    expect([done.removed.length, done.files, existsSync(left), existsSync(fresh)]).toEqual([2, 9, false, true])
    expect(await w.rows('log')).toEqual(['1,mon,1', '2,mon,2', '3,mon,3'])
    expect((await command(w.home, 'datasets', 'scrub', 'log')).code).toBe(0)
  })
  test('goes by number where the clock went back: a version after a young one stays', async () => {
    for (let i = 1; i <= 4; i++) await w.write('skewed', [`${i},mon,${i}`])
    const { store } = w.galley
    const scope = await w.galley.scope()
    const versions = (await store.datasets.versions(scope, 'skewed')).items
    expect(versions.map((v) => v.version)).toEqual([4, 3, 2, 1])
    const share = await joinServer(store.home.postgres, join(store.home.logs, 'postgres.log'))
    const database = new pg.Client({ ...share.connection })
    await database.connect()
    // as if the clock had stood elsewhere when they were published
    const age = (version: number, days: number) =>
      database.query(`update dataset_versions set created = created - interval '${days} days' where name = 'skewed' and version = ${version}`) // biome-ignore format: one line
    await age(1, 40)
    await age(3, 40)
    const dry = await w.client.datasets.retain({ name: 'skewed', body: { days: 30, dryRun: true } })
    expect(dry.removed.map((v) => v.version)).toEqual([1])
    await database.end()
    await share.close()
  })
})

describe('compaction', () => {
  test('gives the same rows in the same order, and the same content; writes go on from it', async () => {
    const batches = Array.from({ length: 5 }, (_, i) => [`${i},mon,${i}`, `${i + 10},tue,${i}`])
    for (const batch of batches) await w.write('small', batch, { write: 'append' })
    const before = await w.client.datasets.get({ name: 'small' })
    const done = await compact('small')
    expect(done).toMatchObject({ version: 6, before: 5, after: 1 })
    const after = await w.client.datasets.get({ name: 'small' })
    expect([after.version, after.hash, after.rows]).toEqual([6, before.hash, 10])
    expect(await w.rows('small@6')).toEqual(await w.rows('small@5'))
    expect(await compact('small')).toMatchObject({ version: 6, before: 1, after: 1 })
    // batches that went into it are known still
    expect((await w.write('small', batches[0] ?? [], { write: 'append' })).version).toBe(6)
    const grown = await w.write('small', ['99,wed,9'], { write: 'append' })
    expect([grown.version, grown.files.length, grown.rows]).toEqual([7, 2, 11])
    await w.client.datasets.retain({ name: 'small', body: { keep: 1 } })
    expect((await w.rows('small')).length).toBe(11)
  })
  test('puts files of a partition together, and only small ones', async () => {
    for (let i = 0; i < 3; i++)
      await w.write('daily', [`${i},mon,${i}`, `${i},tue,${i}`], { write: 'append', partitionBy: ['day'] })
    const before = (await w.rows('daily')).sort()
    expect(await compact('daily', 1)).toMatchObject({ before: 6, after: 6 })
    expect(await compact('daily')).toMatchObject({ before: 6, after: 2 })
    expect((await w.rows('daily')).sort()).toEqual(before)
    const over = await w.write('daily', ['7,tue,7'], { write: 'overwrite-partition', partitionBy: ['day'] })
    expect((await w.rows('daily')).sort()).toEqual(['0,mon,0', '1,mon,1', '2,mon,2', '7,tue,7'])
    expect(over.files).toHaveLength(2)
    const told = await command(w.home, 'datasets', 'compact', 'daily')
    expect(told.out).toContain("can't be put together further")
  })
  test('columns that evolved are null in the rows from before', async () => {
    const options = { write: 'append', onSchemaChange: 'evolve' }
    await w.write('grown', ['1'], options, { id: 'int32' })
    await w.write('grown', ['2,x'], options, { id: 'int64', c: 'string' })
    await compact('grown')
    expect(await w.rows('grown')).toEqual(['1,null', '2,x'])
  })
})
