import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openVersion } from '../../src/data/datasets/version.ts'
import type { Profile } from '../../src/data/profile/types.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

interface Found {
  readonly version: number
  readonly profile: Profile
}
const profiling = async (name: string, body: { version?: number; target?: string } = {}) => {
  const told: (readonly [string, number])[] = []
  const found = await resultOf<Found>(await w.client.datasets.profiling({ name, body }), (stage, done) =>
    told.push([stage, done]),
  )
  return { ...found, told }
}
const topOf = ({ profile }: Found, column: string) =>
  profile.columns.find((c) => c.name === column)?.top.map((t) => t.value)

/** Hides the one file of a version; gives what brings it back. */
async function hidden(name: string): Promise<() => void> {
  const scope = await w.galley.scope()
  const v = await w.galley.store.datasets.get(scope, name)
  const { manifest, folder } = await openVersion(join(w.galley.store.home.datasets, v.path))
  const file = join(folder, manifest.files[0]?.path ?? '')
  renameSync(file, `${file}.away`)
  return () => existsSync(`${file}.away`) && renameSync(`${file}.away`, file)
}

test('a profile is told as it is computed, and computed once for what a version holds', async () => {
  await w.write('days', ['1,mon,10', '2,tue,20', '3,tue,30'])
  const first = await profiling('days')
  expect(first.told.length).toBeGreaterThan(0)
  expect(first.told.every(([stage, done]) => stage === 'columns' && done >= 0 && done <= 1)).toBe(true)
  expect(topOf(first, 'day')?.[0]).toBe('tue')
  const back = await hidden('days')
  // neither is a file read again; the form without progress has the same
  expect((await profiling('days')).profile).toEqual(first.profile)
  expect((await w.client.datasets.profile({ name: 'days' })).profile).toEqual(first.profile)
  // another question is another profile, and damage is told
  await expect(profiling('days', { target: 'n' })).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  back()
  expect((await profiling('days', { target: 'n' })).profile.target?.column).toBe('n')
  await expect(profiling('days', { target: 'nothing' })).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' })
  await w.write('days', ['4,wed,40', '5,wed,50'])
  expect(topOf(await profiling('days'), 'day')).toEqual(['wed'])
  expect(topOf(await profiling('days', { version: 1 }), 'day')?.[0]).toBe('tue')
})

test('what was kept goes with the rows of somebody who is forgotten, and with versions that are removed', async () => {
  await w.write('kept', ['1,zz-kim,1', '2,zz-kim,1', '3,lee,2', '4,lee,3'])
  expect(topOf(await profiling('kept'), 'day')).toContain('zz-kim')
  await resultOf(await w.client.datasets.forget({ name: 'kept', body: { key: 'day', value: 'zz-kim' } }), () => {})
  expect(topOf(await profiling('kept'), 'day')).toEqual(['lee'])
  await w.write('kept', ['5,choi,3'])
  await profiling('kept', { version: 1 })
  await w.client.datasets.retain({ name: 'kept', body: { keep: 1, dryRun: false } })
  await expect(profiling('kept', { version: 1 })).rejects.toMatchObject({ code: 'DATASET_UNKNOWN' })
})
