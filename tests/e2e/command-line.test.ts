import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ended, galley, MAIN, start } from './command.ts'
import { kitchen, writeOrders } from './small.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-command-'))
const home = join(folder, 'home')
/** There while the embedded database runs. */
const database = join(home, 'postgres', 'data', 'postmaster.pid')

beforeAll(async () => {
  writeOrders(folder)
  const k = await kitchen(folder)
  await k.run()
  await k.g.close()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

test('a reader that stops early ends nothing by halves: the database is stopped', () => {
  const line = `'${process.execPath}' '${MAIN}' models show small-model | true; echo "\${PIPESTATUS[0]}"`
  const env = { ...process.env, GALLEY_HOME: home }
  expect(execFileSync('bash', ['-c', line], { env, encoding: 'utf8' }).trim()).toBe('0')
  expect(existsSync(database)).toBe(false)
})

test('an unknown workspace is told, and the database is stopped', async () => {
  const { code, err } = await ended(start(home, ['datasets', 'ls'], { GALLEY_WORKSPACE: 'zz' }))
  expect([code, err.includes('WORKSPACE_UNKNOWN')]).toEqual([2, true])
  expect(existsSync(database)).toBe(false)
})

test('an option that a command has not is told with where they are listed', async () => {
  const { code, err } = await galley(home, 'bench', 'gpu', '--small')
  expect([code, err]).toEqual([
    2,
    "error: unknown option '--small'\n  fix: galley bench gpu --help tells what there is\n",
  ])
})

test('what is printed as name@version is understood, and an empty variable counts as none', async () => {
  const dataset = await ended(start(home, ['datasets', 'show', 'small-features@1'], { GALLEY_URL: '' }))
  expect([dataset.code, dataset.out]).toEqual([0, expect.stringContaining('small-features@1')])
  const model = await galley(home, 'models', 'show', 'small-model@1')
  expect([model.code, model.out]).toEqual([0, expect.stringContaining('small-model@1')])
  expect((await galley(home, 'models', 'show', 'small-model@2')).err).toContain('MODEL_UNKNOWN')
})

test('an endpoint that no server has is not called ready; it answers in this process', async () => {
  expect((await galley(home, 'endpoints', 'ls')).out).toMatch(/small +small-model@1 +stopped/)
  const record = JSON.stringify({ placed: '2026-03-25 12:00:00', courier: 'c1', weight: 3 })
  const both = await Promise.all([1, 2].map(() => galley(home, 'predict', 'small', '--json', record)))
  expect(both.map((b) => [b.code, b.err])).toEqual([
    [0, ''],
    [0, ''],
  ])
  // on its way it would become null, which is a missing value
  const endless = await galley(home, 'predict', 'small', '--json', record.replace('3}', '1e400}'))
  expect([endless.code, endless.err]).toEqual([2, expect.stringContaining("'weight' is larger than any number")])
})

test('no recipe and a folder are told apart from a recipe that does not load', async () => {
  expect((await galley(home, 'run', '')).err).toContain('RECIPE_NOT_FOUND: no recipe is named')
  expect((await galley(home, 'run', folder)).err).toContain(`RECIPE_NOT_FOUND: ${folder} is a folder`)
})

test.each([
  ['waits', 'await new Promise(() => {})', 'never finished loading', 'it waits'],
  ['ends', 'process.exit(0)', 'never finished loading', 'it ended the process'],
  ['waits-and-ends', 'await Promise.resolve(); process.exit(7)', 'never finished loading', 'it ended the process'],
])('a recipe that %s while it is loaded is told, by run and explain', async (name, line, what, why) => {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, `${line}\nexport default {}\n`)
  for (const command of ['run', 'explain']) {
    const { code, out, err } = await galley(home, command, file)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`error RECIPE_INVALID: the recipe ${file} ${what}`)
    expect(err).toContain(`  why: ${why}`)
    expect(err).toContain('  fix: ')
    expect(err).not.toContain('Warning')
  }
})

test('what was typed or named is printed without its control characters, by Galley and by the parser', async () => {
  const name = `x\u001b[31m${'y'.repeat(300)}`
  for (const args of [
    ['run', name],
    ['models', 'show', 'x\u001b[31m'],
    [name],
    ['runs', name],
    ['runs', 'ls', `--${name}`],
  ]) {
    const { code, out, err } = await galley(home, ...args)
    expect([args[0], code, out]).toEqual([args[0], 2, ''])
    expect(err).not.toContain('\u001b')
    expect(err).toContain('\\u001b[31m')
    expect(err).not.toContain('y'.repeat(201))
  }
})

test('preview shows columns with types and why, and a source that a recipe can take', async () => {
  writeFileSync(join(folder, '주문.csv'), iconv.encode('번호,고객 ID,금액\n1,007,"1,200"\n2,010,"900"\n', 'cp949'))
  const { code, out, err } = await galley(home, 'preview', join(folder, '주문.csv'))
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('encoding "cp949"  2 rows')
  expect(out).toContain('all 2 values are whole numbers, some with zeros before')
  expect(out).toMatch(
    /csv\(".*주문\.csv", \{\n {2}번호: 'int64',\n {2}"고객 ID": 'string',\n {2}금액: 'string',\n\}, \{"encoding":"cp949"\}\)/,
  )
  const json = JSON.parse((await galley(home, 'preview', '--json', '--rows', '1', join(folder, 'orders.csv'))).out)
  expect(json).toMatchObject({
    rows: 1,
    whole: false,
    columns: [{ name: 'placed', type: 'local timestamp' }, {}, {}, {}],
  })
  expect(await galley(home, 'preview', join(folder, 'nowhere.csv'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('SOURCE_MISSING'),
  })
  expect(await galley(home, 'preview', '--encoding', 'klingon', join(folder, 'orders.csv'))).toMatchObject({ code: 2 })
})

test('preview and profile of what no recipe can name', async () => {
  writeFileSync(join(folder, 'bare.jsonl'), '{}\n{}\n')
  writeFileSync(join(folder, 'own.jsonl'), '{"__proto__": 1, "__x": 2, "n": 3}\n')
  expect((await galley(home, 'preview', join(folder, 'bare.jsonl'))).out).toContain('no record has a key')
  expect((await galley(home, 'profile', join(folder, 'bare.jsonl'))).err).toMatch(/SOURCE_BROKEN: .*has no columns/)
  const { out } = await galley(home, 'preview', join(folder, 'own.jsonl'))
  expect(out).toMatch(
    /\{\n {2}\/\/ __proto__: 'int64', \(no recipe can name it.*\n {2}\/\/ __x: .*\n {2}n: 'int64',\n\}/,
  )
})

test('where nothing was made yet, lists are empty', async () => {
  const none = join(folder, 'none', 'yet')
  for (const noun of ['runs', 'datasets', 'models', 'endpoints'])
    expect(await galley(none, noun, 'ls')).toMatchObject({ code: 0, err: '' })
})
