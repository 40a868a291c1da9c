import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForgetReport } from '../../src/data/datasets/forget/forget.ts'
import { patternOf } from '../../src/data/datasets/forget/said.ts'
import { csv, recipe } from '../../src/index.ts'
import { work } from '../../src/runs/worker.ts'
import { resultOf } from '../../src/sdk/task.ts'
import { asking } from './branching.ts'
import { signal } from './datasets.ts'
import { NODE, openPrograms, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())

const NAME = '홍길동 "zz"'
const PEOPLE = { person: 'string', n: 'int64' } as const
const told = (name: string, file: string, failures = 0) =>
  recipe(name, (k) => {
    const people = k.source(`${name}-lines`, csv('people.csv', PEOPLE))
    k.dataset('people', people)
    k.process(`${name}-each`, { command: [NODE, file], files: [file], each: { of: people, most: 1, failures } })
    k.process(`${name}-once`, { command: ['sh', '-c', 'grep -c . "$GALLEY_STEP"; cat people.csv'], files: ['people.csv'] }) // biome-ignore format: one line
  })
/** Where the name stands, in whatever form: tables of the database, and files of the data folder that are no tables. */
async function says(text: string): Promise<string[]> {
  const forms = [text, JSON.stringify(text).slice(1, -1), 'ud64d']
  const found = await asking(w, async (database) => {
    const { rows } = await database.query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'public'") // biome-ignore format: one line
    const there: string[] = []
    for (const { name } of rows) {
      const all = await database.query<{ t: string }>(`select t::text as t from ${name} t`)
      if (all.rows.some(({ t }) => forms.some((f) => t.includes(f)))) there.push(name)
    }
    return there
  })
  const blobs = readdirSync(w.galley.store.home.blobs, { recursive: true, withFileTypes: true }).filter((e) =>
    e.isFile(),
  )
  return [...found, ...blobs.filter((b) => forms.some((f) => readFileSync(join(b.parentPath, b.name), 'utf8').includes(f))).map(() => 'blob')].toSorted() // biome-ignore format: one line
}

test('what programs said of a person who is forgotten is removed line by line, wherever it is told; all else stays', async () => {
  writeFileSync(join(w.folder, 'people.csv'), `person,n\nkim,1\n"${NAME.replaceAll('"', '""')}",2\n`)
  const file = w.script('tell.cjs', `const { person } = ask.item
console.log('first\\n' + person + ' is told\\n' + JSON.stringify(person).replace(/[^ -~]/g, (c) => '\\\\u' + c.charCodeAt(0).toString(16)))
fs.appendFileSync(ask.events, JSON.stringify({ say: 'seen ' + person }) + '\\n')
if (person !== 'kim') process.exit(1)`) // biome-ignore format: one line
  await w.ran(told('some', file, 1))
  await w.client.jobs.queue({ body: { recipe: JSON.parse(JSON.stringify(told('none', file))), folder: w.folder } })
  await work(w.galley.ware, await w.galley.scope(), { tags: [], signal, on: () => {}, say: () => {}, untilEmpty: true })
  expect(new Set(await says(NAME))).toEqual(new Set(['blob', 'jobs', 'run_lines', 'runs', 'steps']))
  const [report] = await resultOf<ForgetReport[]>(await w.client.datasets.forget({ name: 'people', body: { key: 'person', value: NAME } }), () => {}) // biome-ignore format: one line
  expect(await says(NAME)).toEqual([])
  expect(report?.masked).toEqual({ logs: 2, lines: 4 })
  const log = (await w.client.runs.log({ run: '1', step: 'some-each' })).text
  expect(log.split('\n').filter((l) => l === 'first')).toHaveLength(1)
  expect((await w.client.runs.log({ run: '1', step: 'some-once' })).text).toMatch(/^1\nperson,n\nkim,1\n… a line was removed/) // biome-ignore format: one line
  expect((await w.client.runs.lines({ run: '1' })).items.filter((l) => l.message.includes('seen kim'))).toHaveLength(1)
})

test('a number is one where no other digit stands beside it', () => {
  const says = (value: string, line: string) => new RegExp(patternOf(value) as string).test(line)
  expect([says('7', 'id=7,'), says('7', '17 of 70'), says('a.b', 'axb'), says('a.b', 'xa.bx')]).toEqual([true, false, false, true]) // biome-ignore format: one line
  expect(patternOf('')).toBe(undefined)
})
