import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import { reprocess } from '../../src/runs/reprocess/reprocess.ts'
import { run } from '../../src/runs/runner.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { openWritten, signal, type Written } from './datasets.ts'

// each forgets several times, which waits for writers
vi.setConfig({ testTimeout: 120_000 })

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const forget = async (name: string, key: string, value: string, allow?: boolean) =>
  resultOf<unknown>(
    await w.client.datasets.forget({ name, body: { key, value, ...(allow ? { allow } : {}) } }),
    () => {},
  )

const KIM = 'kim-with-a-name-of-his-own'

/** People from a file, whose negative ones are set aside. */
function people(name: string, lines: string, options: object = {}) {
  const file = join(w.folder, `${name}.csv`)
  writeFileSync(file, `person,n\n${lines}`)
  return recipe(name, (k) => {
    const t = k.source(`${name}-lines`, csv(file, { person: 'string', n: 'int64' }))
    k.dataset(
      name,
      t.reject((r) => r.n.lt(0), 'negative'),
      options,
    )
  })
}
const go = async (r: ReturnType<typeof people>) => {
  const said: string[] = []
  const on = (e: { type: string; text?: string }) => void (e.text !== undefined && said.push(e.text))
  const { outputs } = await run(w.galley.ware, await w.galley.scope(), r, { folder: w.folder, signal, on })
  return { made: outputs.get(r.name) as unknown as { version: number; rejected: object; rows: number }, said }
}
const LINES = `${KIM},1\nlee,2\n${KIM},-3\npark,-4\n`

test('what a source still holds of a person does not come back, until that is lifted', async () => {
  const made = people('full', LINES)
  await go(made)
  await forget('full', 'person', KIM)
  const again = await go(made)
  expect(await w.rows('full')).toEqual(['lee,2'])
  expect(again.made).toMatchObject({ version: 1, rows: 1, rejected: { negative: 1 } })
  expect(again.said.join()).toContain('2 rows of persons who were forgotten are left out')
  // other rows of the source come, those of the person do not
  await go(people('full', `${LINES}choi,5\n${KIM},6\n`))
  expect(await w.rows('full')).toEqual(['lee,2', 'choi,5'])
  // what is kept of the key is a hash, with a salt of the dataset's own
  const scope = await w.galley.scope()
  const kept = await w.galley.store.suppressions.of(scope, 'full')
  expect(kept?.keys).toEqual([{ column: 'person', hash: expect.stringMatching(/^[0-9a-f]{64}$/) }])
  expect(JSON.stringify(kept)).not.toContain(KIM)
  expect(await forget('full', 'person', KIM, true)).toEqual({ allowed: true })
  expect(await forget('full', 'person', KIM, true)).toEqual({ allowed: false })
  await go(people('full', `${LINES}choi,5\n${KIM},6\n`))
  expect(await w.rows('full')).toEqual([`${KIM},1`, 'lee,2', 'choi,5', `${KIM},6`])
})

test('it holds for rows that are added and for numbers however they are written', async () => {
  const options = { write: 'append' } as const
  await go(people('added', LINES, options))
  await forget('added', 'n', '+02')
  await go(people('added', 'someone,2\nother,3\n', options))
  expect(await w.rows('added')).toEqual([`${KIM},1`, 'other,3'])
  const salts = await Promise.all(
    ['full', 'added'].map(async (n) => w.galley.store.suppressions.salt(await w.galley.scope(), n)),
  )
  expect(new Set(salts).size).toBe(2)
})

test('nobody is suppressed whose key can not be one', async () => {
  await go(people('typed', LINES))
  await expect(forget('typed', 'n', 'many')).rejects.toMatchObject({ code: 'VALUE_INVALID' })
  await expect(forget('typed', 'nobody', '1')).rejects.toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN' })
  expect(await w.galley.store.suppressions.of(await w.galley.scope(), 'typed')).toBeUndefined()
})

test('rows that could not be read, and were read again, hold nothing of a person who was forgotten', async () => {
  const name = 'broken'
  const file = join(w.folder, 'broken.csv')
  writeFileSync(file, `person,n\nlee,1\n${KIM},two\n${KIM},3,4\npark,five\n`)
  const made = (type: 'int64' | 'string') =>
    recipe(name, (k) => {
      const t = k.source('broken-lines', csv(file, { person: 'string', n: type }, { broken: 'skip' }))
      k.dataset(name, t.select('person'), { write: 'append' })
    })
  await go(made('int64'))
  const scope = await w.galley.scope()
  const options = { dataset: name, source: undefined, folder: w.folder, signal, on: () => {} }
  expect(await reprocess(w.galley.ware, scope, made('string'), options)).toMatchObject({
    rows: 3,
    passed: 2,
    written: 2,
  })
  const holding = () =>
    readdirSync(w.galley.store.home.datasets, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && /\.(csv|jsonl)$/.test(e.name))
      .filter((e) => readFileSync(join(e.parentPath, e.name)).includes(KIM))
  expect(holding()).toHaveLength(1)
  await forget(name, 'person', KIM)
  expect(holding()).toEqual([])
  expect(await w.rows(name)).toEqual(['lee', 'park'])
})
