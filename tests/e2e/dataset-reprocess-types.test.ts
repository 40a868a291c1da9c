import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import type { TypeName } from '../../src/plan/types.ts'
import { openWritten, type Written } from './datasets.ts'
import { going, rereading } from './reprocessing.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

/** A dataset of a file whose `n` is declared as `type`; one of its rows can't be read as int32, and one as nothing. */
async function tried(name: string, [from, to]: readonly [TypeName, TypeName], options: object) {
  const file = join(w.folder, `${name}.csv`)
  writeFileSync(file, `id,n\n1,1\n2,${from === 'int32' ? '3000000000' : '2.5'}\nx,3\n`)
  const made = (n: TypeName) =>
    recipe(name, (k) => {
      const columns: Record<string, TypeName> = { id: 'int64', n }
      k.dataset(name, k.source(`${name}-lines`, csv(file, columns, { broken: 'skip' })), options)
    })
  await going(w)(made(from))
  const runs = async () => (await w.client.runs.list({ limit: 500 })).items.length
  const before = await runs()
  const found = await rereading(w)(made(to), name).catch((e: { code: string; why: string; fix: string }) => e)
  return { found, runs: (await runs()) - before, rows: await w.rows(name), made }
}

test('where a column is of another type now, no row is added, no run is begun, and what helps is said', async () => {
  const full = await tried('whole', ['int64', 'string'], {})
  expect(full).toMatchObject({
    found: { code: 'DATASET_SCHEMA', fix: expect.stringMatching(/^run the recipe/), details: { columns: ['n'] } },
    ...{ runs: 0, rows: ['1,1'] },
  })
  // what it says helps
  await going(w)(full.made('string'))
  expect(await w.rows('whole')).toEqual(['1,1', '2,2.5'])
  const added = await tried('added', ['int64', 'float64'], { write: 'append', onSchemaChange: 'evolve' })
  expect(added).toMatchObject({
    found: { code: 'DATASET_SCHEMA', fix: expect.stringMatching(/^cast the column/) },
    ...{ runs: 0, rows: ['1,1'] },
  })
})

test('a wider type evolves: rows from before are read as it, and rows that are added keep their values', async () => {
  expect(await tried('wider', ['int32', 'int64'], { write: 'append', onSchemaChange: 'evolve' })).toMatchObject({
    found: { passed: 1, written: 1, version: 2 },
    rows: ['1,1', '2,3000000000'],
  })
  expect(await tried('merged', ['int32', 'int64'], { write: 'upsert', key: ['id'] })).toMatchObject({
    found: { code: 'DATASET_SCHEMA', fix: expect.stringContaining("onSchemaChange: 'evolve'") },
    ...{ runs: 0, rows: ['1,1'] },
  })
})
