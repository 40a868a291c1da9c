import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { galley as command, ended, start } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let written: Written
beforeAll(async () => {
  written = await openWritten()
})
afterAll(() => written.close())

test('a version of files with different columns is exported whole, by name, number or tag; a damaged one is not', async () => {
  const { folder, home, client } = written
  const write = { write: 'append', onSchemaChange: 'evolve' }
  await written.write('log', ['1,mon,10', '2,tue,20'], write)
  const wider = { id: 'int64', day: 'string', n: 'int64', note: 'string' } as const
  const made = await written.write('log', ['3,wed,30,새 열'], write, wider)
  expect(made.files.length).toBe(2)
  await client.datasets.tag({ name: 'log', body: { tag: 'prod', version: 2 } })
  const exported = async (reference: string, name: string) => {
    const file = join(folder, name)
    const { code, err } = await command(home, 'export', reference, file)
    expect([code, err]).toEqual([0, ''])
    return readFileSync(file, 'utf8')
  }
  const all = 'id,"day",n,"note"\n1,"mon",10,\n2,"tue",20,\n3,"wed",30,"새 열"\n'
  expect(await exported('log', 'newest.csv')).toBe(all)
  expect(await exported('log@prod', 'tagged.csv')).toBe(all)
  expect(await exported('log@1', 'first.csv')).toBe('id,"day",n\n1,"mon",10\n2,"tue",20\n')
  const far = await ended(start(home, ['export', 'log', join(folder, 'far.csv')], { GALLEY_URL: 'http://127.0.0.1:9' }))
  expect([far.code, far.err]).toEqual([2, expect.stringContaining('datasets rows log --format csv')])
  appendFileSync(made.files[0] as string, 'x')
  const damaged = await command(home, 'export', 'log', join(folder, 'damaged.csv'))
  expect([damaged.code, damaged.err]).toEqual([1, expect.stringContaining('STORE_CORRUPT')])
}, 120_000)
