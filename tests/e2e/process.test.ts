import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recipe, secret } from '../../src/index.ts'
import { run } from '../../src/runs/runner.ts'
import type { ProcessOutput } from '../../src/runs/steps/process.ts'
import { ended, start } from './command.ts'
import { signal } from './datasets.ts'
import { NODE, ORDERS, openPrograms, orders, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
})
afterAll(() => w.close())
const script = (name: string, body: string) => w.script(name, body)
const output = (r: Awaited<ReturnType<Programs['ran']>>, id: string) => r.outputs.get(id) as unknown as ProcessOutput

const DOUBLE = `const lines = fs.readFileSync(ask.tables.orders.files[0], 'utf8').trim().split('\\n').map(JSON.parse)
fs.appendFileSync(ask.events, JSON.stringify({ progress: [1, 2] }) + '\\n' + JSON.stringify({ metrics: { seen: lines.length }, say: 'half way' }) + '\\n')
console.log('doubling', lines.length)
fs.writeFileSync(ask.rows, lines.map((r) => JSON.stringify({ id: r.id, twice: r.n * 2 + ask.params.add })).join('\\n') + '\\n')`
const doubling = (name: string, file: string, add = 0) =>
  recipe(name, (k) => {
    const twice = k.process('twice', {
      command: [NODE, file],
      files: [file],
      tables: { orders: orders(k) },
      params: { add },
      format: 'json',
      gives: { id: 'int64', twice: 'int64' },
    })
    k.dataset(`${name}-rows`, twice.filter((r) => r.twice.gt(25))) // biome-ignore format: one line
  })

test('a program makes a table of what it reads; it is kept by its files, its parameters and its rows, and tells metrics, progress and a log', async () => {
  const file = script('double.cjs', DOUBLE)
  const told: string[] = []
  const first = await run(w.galley.ware, await w.galley.scope(), doubling('doubled', file), { folder: w.folder, signal, on: (e) => void (e.type === 'said' && told.push(e.text)) }) // biome-ignore format: one line
  expect(await w.rows('doubled-rows')).toEqual(['2,40', '3,60'])
  expect(output(first, 'twice').metrics).toEqual({ seen: 3 })
  expect(told).toEqual(['half way'])
  expect((await w.client.runs.log({ run: `${first.number}`, step: 'twice' })).text).toBe('doubling 3\n')
  const again = await w.ran(doubling('doubled', file))
  expect(again.cached).toContain('twice')
  expect((await w.client.runs.log({ run: `${again.number}`, step: 'twice' })).text).toBe('doubling 3\n')
  expect((await w.ran(doubling('doubled', file, 1))).cached).not.toContain('twice')
  script('double.cjs', `${DOUBLE} // mended`)
  const mended = await w.ran(doubling('doubled', file, 1))
  expect(mended.cached).not.toContain('twice')
  const shown = (await w.client.runs.get({ run: `${mended.number}` })).steps.find((s) => s.id === 'twice')
  expect(shown?.because).toEqual([
    'a file that it is given has changed, or the program that its command names, or its image',
  ])
  const links = (await w.client.lineage.trace({ of: 'doubled-rows.twice' })).links.map((l) => `${l.from.step}.${l.from.column}`) // biome-ignore format: one line
  expect(links).toContain('orders.n')
})

test.each(['parquet', 'csv'] as const)('rows are handed over as %s, too', async (format) => {
  const file = script(`copy-${format}.cjs`, 'fs.copyFileSync(ask.tables.orders.files[0], ask.rows)')
  const made = recipe(`copies-${format}`, (k) => {
    const t = k.process('copy', { command: [NODE, file], files: [file], tables: { orders: orders(k) }, format, gives: ORDERS }) // biome-ignore format: one line
    k.dataset(`copied-${format}`, t)
  })
  await w.ran(made)
  expect(await w.rows(`copied-${format}`)).toEqual(['1,10', '2,20', '3,30'])
})

test('it is given what is declared and nothing else', async () => {
  process.env['GALLEY_SECRET_SCORER'] = 'hush-hush-hush'
  const file = script(
    'look.cjs',
    `fs.writeFileSync(ask.rows, JSON.stringify({ seen: JSON.stringify([fs.readdirSync('.').sort(), Object.keys(process.env).sort(), process.env.TOKEN.length]) }))
console.log('my token is', process.env.TOKEN)`,
  )
  writeFileSync(join(w.folder, 'undeclared.txt'), 'x')
  mkdirSync(join(w.folder, 'lib'), { recursive: true })
  writeFileSync(join(w.folder, 'lib', 'more.txt'), 'x')
  const made = recipe('looks', (k) => {
    const t = k.process('look', { command: [NODE, file], files: [file, 'lib/*'], env: { MODE: 'fast', TOKEN: secret('SCORER') }, format: 'json', gives: { seen: 'string' } }) // biome-ignore format: one line
    k.dataset('looked', t)
  })
  const { number } = await w.ran(made)
  const [line = ''] = await w.rows('looked')
  expect(line).toContain('lib')
  expect(line).not.toContain('undeclared')
  for (const name of ['GALLEY_STEP', 'HOME', 'LANG', 'MODE', 'PATH', 'TMPDIR', 'TOKEN', 'TZ']) expect(line).toContain(name) // biome-ignore format: one line
  expect(line).not.toContain('GALLEY_SECRET_SCORER')
  const { text } = await w.client.runs.log({ run: `${number}`, step: 'look' })
  expect(text).toBe('my token is ‹secret›\n')
  const stored = JSON.stringify(await w.galley.store.runs.get(await w.galley.scope(), number))
  expect(stored).not.toContain('hush-hush')
})

const once = (name: string, file: string, more: object = {}) =>
  recipe(name, (k) => {
    const t = k.process(`${name}-step`, { command: [NODE, file], files: [file], format: 'json', gives: { id: 'int64' }, ...more }) // biome-ignore format: one line
    k.dataset(`${name}-rows`, t)
  })

test.each<[string, string, object, RegExp]>([
  ['ends with a code', "console.error('no such model'); process.exit(3)", {}, /it ended with code 3; the last that it said:\nno such model/], // biome-ignore format: one line
  ['writes no rows', '', {}, /the file that it was to write is not there/],
  ['writes other columns', 'fs.writeFileSync(ask.rows, JSON.stringify({ other: 1 }))', {}, /there is no column 'id'/],
  ['writes another type', "fs.writeFileSync(ask.rows, JSON.stringify({ id: 'seven' }))", {}, /seven/],
  ['takes too long', 'setInterval(() => {}, 1000)', { limits: { seconds: 0.5 } }, /it was not done after 0.5 s/],
  ['takes too much memory', "const all = []; setInterval(() => all.push(Buffer.alloc(64 * 2 ** 20, 1)), 20)", { limits: { memoryMiB: 300 } }, /more than 300 MiB of memory/], // biome-ignore format: one line
  ['takes too much of a processor', 'for (;;);', { limits: { cpuSeconds: 0.5 } }, /more than 0.5 s of processor time/],
  ['is no program', '', { command: ['no-such-program-anywhere'] }, /no folder of the path has it/],
])('a program that %s fails, and says why', async (name, body, more, why) => {
  const file = script(`fails-${name.replaceAll(' ', '-')}.cjs`, body)
  const error = await w.failure(once(`fails-${name.replaceAll(' ', '-')}`, file, more))
  expect(error).toMatchObject({ code: 'STEP_FAILED', why: expect.stringMatching(why) })
})

test('one that fails is tried again as often as it may, under the same key; what it said last is kept', async () => {
  const mark = join(w.folder, 'tries')
  const file = script('flaky.cjs', `fs.appendFileSync(ask.params.mark, ask.attempt + ' ' + ask.key + '\\n'); console.log('try', ask.attempt); if (ask.attempt < 2) process.exit(1); fs.writeFileSync(ask.rows, '{"id":1}')`) // biome-ignore format: one line
  const { number } = await w.ran(once('flaky', file, { params: { mark }, retries: 2 }))
  const tries = readFileSync(mark, 'utf8').trim().split('\n').map((l) => l.split(' ')) // biome-ignore format: one line
  expect(tries.map(([n]) => n)).toEqual(['1', '2'])
  expect(new Set(tries.map(([, key]) => key)).size).toBe(1)
  expect((await w.client.runs.log({ run: `${number}`, step: 'flaky-step' })).text).toBe('try 2\n')
})

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('what it forks and forgets does not stay, and does not keep the step', async () => {
  const mark = join(w.folder, 'forked')
  const file = script(
    'forks.cjs',
    `const { spawn } = require('child_process')
const c = spawn('setsid', ['sleep', '300'], { stdio: 'inherit', detached: true }); c.unref()
setTimeout(() => { fs.writeFileSync(ask.params.mark, String(c.pid)); fs.writeFileSync(ask.rows, '{"id":1}'); process.exit(0) }, 300)`,
  )
  const began = Date.now()
  await w.ran(once('forks', file, { params: { mark } }))
  expect(Date.now() - began).toBeLessThan(60_000)
  await sleep(100)
  expect(alive(Number(readFileSync(mark, 'utf8')))).toBe(false)
})

test('a gigabyte of log takes no memory: its beginning and its end are kept', async () => {
  writeFileSync(
    join(w.folder, 'loud.sh'),
    `echo the first line
yes "$(printf 'x%.0s' $(seq 999))" | head -c 1073741824
echo
echo the last line
echo '{"id":1}' > "$(sed 's/.*"rows":"\\([^"]*\\)".*/\\1/' "$GALLEY_STEP")"
`,
  )
  const before = process.memoryUsage().rss
  const { number } = await w.ran(once('loud', 'loud.sh', { command: ['sh', 'loud.sh'] }))
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 2 ** 20)
  const { text } = await w.client.runs.log({ run: `${number}`, step: 'loud-step' })
  expect(text.startsWith('the first line\n')).toBe(true)
  expect(text.endsWith('the last line\n')).toBe(true)
  expect(text).toMatch(/… \d+ bytes are left out …/)
  expect(text.length).toBeLessThan(6 * 2 ** 20)
}, 180_000)

test('cancelling ends it within a second', async () => {
  const mark = join(w.folder, 'hangs')
  const file = script('hangs.cjs', "process.on('SIGTERM', () => {}); fs.writeFileSync(ask.params.mark, String(process.pid)); setInterval(() => {}, 1000)") // biome-ignore format: one line
  const stop = new AbortController()
  const running = run(w.galley.ware, await w.galley.scope(), once('hangs', file, { params: { mark } }), { folder: w.folder, signal: stop.signal, on: () => {} }) // biome-ignore format: one line
  running.catch(() => {})
  const pid = async () => Number(await sleep(50).then(() => readFileSync(mark, 'utf8')).catch(() => '')) // biome-ignore format: one line
  let child = 0
  while (!child) child = await pid()
  const asked = Date.now()
  stop.abort()
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(Date.now() - asked).toBeLessThan(3000)
  expect(alive(child)).toBe(false)
})

test.each<[string, object, RegExp]>([
  ['no command', { command: [] }, /has no command/],
  ['a file outside', { command: ['x'], files: ['../x'] }, /is given the file '..\/x'/],
  ['an odd variable', { command: ['x'], env: { 'A-B': 'x' } }, /can't name a variable/],
  ['a secret as a parameter', { command: ['x'], params: { token: secret('X') } }, /is given a secret as a parameter/],
  ['a secret as an argument', { command: ['x', secret('X')] }, /is given a secret as an argument/],
  ['a secret as it is', { command: ['x'], env: { A: 5 } }, /is no text/],
  ['an odd limit', { command: ['x'], limits: { memoryMiB: -1 } }, /has the limit 'memoryMiB: -1'/],
  ['an unknown limit', { command: ['x'], limits: { minutes: 1 } }, /minutes/],
  ['a misspelt option', { comand: ['x'] }, /comand/],
])('%s is refused when the recipe is declared', (_, options, what) => {
  expect(() => recipe('odd', (k) => void k.process('p', options as never))).toThrow(what)
})

test('it ends with the run that started it, also where that is killed', async () => {
  const mark = join(w.folder, 'orphan')
  script('orphan.cjs', 'fs.writeFileSync(ask.params.mark, String(process.pid)); setInterval(() => {}, 1000)')
  writeFileSync(
    join(w.folder, 'orphan.ts'),
    `import { recipe } from 'galley'
export default recipe('orphan', (k) => void k.process('orphan-step', { command: [${JSON.stringify(NODE)}, 'orphan.cjs'], files: ['orphan.cjs'], params: { mark: ${JSON.stringify(mark)} } }))
`,
  )
  const galley = start(w.home, ['run', join(w.folder, 'orphan.ts')])
  const end = ended(galley)
  let child = 0
  while (!child) child = Number(await sleep(50).then(() => readFileSync(mark, 'utf8')).catch(() => '')) // biome-ignore format: one line
  expect(alive(child)).toBe(true)
  galley.kill('SIGKILL')
  await end
  await sleep(500)
  expect(alive(child)).toBe(false)
}, 60_000)
