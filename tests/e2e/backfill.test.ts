import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { galley as command, type Ended } from './command.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
const folder = mkdtempSync(join(tmpdir(), 'galley-backfill-'))
beforeAll(async () => {
  w = await openWritten()
  mkdirSync(join(folder, 'recipes'))
  writeFileSync(
    join(folder, 'recipes', 'orders.csv'),
    'id,day\n1,2026-11-20\n2,2026-11-21\n3,2026-11-22\n4,2026-11-22\n',
  )
}, 120_000)
afterAll(async () => {
  await w.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}, 120_000)

const galley = (...args: string[]): Promise<Ended> => command(w.home, ...args)
/** Orders of each day, from one on. */
function orders(name: string, from: string, until: string, least = 0): string {
  const file = join(folder, 'recipes', `${name}.ts`)
  writeFileSync(
    file,
    `import { csv, daily, partitioned } from 'galley'
export default partitioned('${name}', { day: daily('${from}', { until: '${until}', zone: 'Asia/Seoul' }) }, (k, { day }) => {
  const all = k.source('${name}-lines', csv('orders.csv', { id: 'int64', day: 'date' }))
  k.dataset('${name}', all.filter((r) => day.holds(r.day).and(r.id.ge(${least}))))
}, 120_000)
`,
  )
  return file
}
const idsOf = async (name: string) => (await w.rows(name)).map((line) => line.split(',')[0]).toSorted()

test('a plan is shown before, many are asked about, and what is done is not done again', async () => {
  const recipe = orders('shown', '2026-11-20', '2026-11-23')
  const plan = await galley('backfill', recipe, '--dry-run')
  expect(plan).toMatchObject({ code: 0 })
  expect(plan.out).toMatch(
    /shown {2}3 partitions: 2026-11-20 to 2026-11-22\n {2}missing 3\n {2}3 partitions would be run\n/,
  )
  const one = await galley('run', recipe, '--partition', '2026-11-21')
  expect(one).toMatchObject({ code: 0, err: expect.stringContaining('shown of 2026-11-21  run 1') })
  const rest = await galley('backfill', recipe, '--from', '2026-11-21')
  expect(rest).toMatchObject({ code: 0, out: expect.stringContaining('done 1 · missing 1') })
  expect(await idsOf('shown')).toEqual(['2', '3', '4'])
  expect(JSON.parse((await galley('backfill', recipe, '--dry-run', '--json')).out)).toEqual({
    recipe: 'shown',
    partitions: [
      { partition: '2026-11-20', state: 'missing' },
      { partition: '2026-11-21', state: 'done', run: 1 },
      { partition: '2026-11-22', state: 'done', run: 2 },
    ],
  })
  expect((await galley('runs', 'ls')).out).toContain('shown of 2026-11-22')

  const years = orders('years', '2016-01-01', '2026-01-01')
  expect(await galley('backfill', years)).toMatchObject({
    code: 2,
    err: expect.stringContaining('3,653 partitions would be run\n  why: more than 100 are asked about first'),
  })
  expect(await galley('run', recipe, '--partition', '2026-11-19')).toMatchObject({ code: 2, err: expect.stringContaining('the first day is 2026-11-20') }) // biome-ignore format: one line
  for (const until of ['2026-11-20', '2026-11-19'])
    expect(await galley('backfill', recipe, '--from', '2026-11-20', '--until', until)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`from 2026-11-20 until ${until} is no range`),
    })
  const later = orders('later', '2999-01-01', '2999-01-03')
  expect(await galley('run', later)).toMatchObject({
    code: 2,
    err: expect.stringContaining("'later' has no partition yet"),
  })
  expect((await galley('backfill', later)).out).toContain('none is over there yet')
}, 120_000)

test('a run of a window and names is one of each name', async () => {
  const file = join(folder, 'recipes', 'both.ts')
  writeFileSync(
    file,
    `import { csv, daily, keys, partitioned } from 'galley'
export default partitioned('both', { day: daily('2026-11-20', { until: '2026-11-21' }), id: keys(['1', '2']) }, (k, { day, id }) => {
  const all = k.source('both-lines', csv('orders.csv', { id: 'string', day: 'date' }))
  k.dataset('both', all.filter((r) => day.holds(r.day).and(id.holds(r.id))))
})
`,
  )
  const ran = await galley('run', file, '--json')
  expect(ran).toMatchObject({
    code: 0,
    err: expect.stringMatching(/both of 2026-11-20[/]1 .*both of 2026-11-20[/]2 /s),
  })
  expect(ran.out.trim().split('\n')).toHaveLength(2)
  expect(await w.rows('both')).toHaveLength(1)
}, 120_000)

test('partitions are left to workers; a schedule runs the newest window, by the file as it is then', async () => {
  const recipe = orders('queued', '2026-11-20', '2026-11-23')
  const queued = await galley('backfill', recipe, '--queue')
  expect(queued.out).toContain('queued of 2026-11-20  is queued')
  const again = await galley('backfill', recipe, '--queue', '--from', '2026-11-21')
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('queued of 2026-11-21  is queued already') })
  expect(again.out).toContain('0 partitions queued, 2 queued or running already')
  expect(await galley('worker', '--until-empty')).toMatchObject({
    code: 0,
    err: expect.stringContaining('took 3 jobs'),
  })
  expect(await idsOf('queued')).toEqual(['1', '2', '3', '4'])
  expect((await w.client.jobs.list({})).items[0]).toMatchObject({
    recipe: 'queued',
    partition: '2026-11-22',
    status: 'done',
  })

  const set = await galley('schedules', 'set', 'nightly', recipe, '--cron', '5 0 * * *', '--zone', 'Asia/Seoul')
  expect(set).toMatchObject({
    code: 0,
    out: expect.stringContaining(`galley worker --recipes ${join(folder, 'recipes')}`),
  })
  const due = async (moment: string) => {
    const scope = await w.galley.scope()
    const s = await w.galley.store.schedules.get(scope, 'nightly')
    await w.galley.store.schedules.set(scope, { ...s, next: Date.parse(moment) })
  }
  await due('2026-11-22T15:05:00Z')
  orders('queued', '2026-11-20', '2026-11-23', 4)
  // a worker that loads no files leaves it to one that does
  expect((await galley('worker', '--until-empty')).err).toContain('took 0 jobs')
  const worked = await galley('worker', '--until-empty', '--recipes', join(folder, 'recipes'))
  expect(worked).toMatchObject({ code: 0, err: expect.stringContaining('queued of 2026-11-22') })
  expect(await idsOf('queued')).toEqual(['1', '2', '4'])
  const { run } = (await w.client.jobs.list({})).items[0] ?? {}
  expect(await w.client.runs.get({ run: run ?? '' })).toMatchObject({ partition: '2026-11-22', status: 'done' })
}, 120_000)

test('a worker loads files of its folder alone, and what was queued', async () => {
  const body = (file: string, name = 'queued') => ({ recipe: { format: 1 as const, name, file }, folder, attempts: 1 })
  const queue = async (...given: Parameters<typeof body>) =>
    (await w.client.jobs.queue({ body: body(...given) })).number
  const outside = join(folder, 'outside.ts')
  writeFileSync(outside, 'throw new Error("it was loaded")\n')
  const jobs = [
    await queue(outside),
    await queue(join(folder, 'recipes', '..', 'outside.ts')),
    await queue(orders('other', '2026-11-20', '2026-11-22')),
  ]
  const worked = await galley('worker', '--until-empty', '--recipes', join(folder, 'recipes'))
  expect(worked).toMatchObject({ code: 1 })
  expect(worked.err).not.toContain('it was loaded')
  const errors = await Promise.all(jobs.map(async (job) => (await w.client.jobs.get({ job })).error))
  expect(errors.map((e) => e?.code)).toEqual(['RECIPE_NOT_FOUND', 'RECIPE_NOT_FOUND', 'RECIPE_INVALID'])
  await expect(w.client.jobs.queue({ body: body('recipes/queued.ts') })).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
  })
  expect(await galley('worker', '--recipes', outside)).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no such folder'),
  })
}, 120_000)

test('a process that goes on takes what a recipe imports as it is then, also after it was broken', async () => {
  const at = (name: string) => JSON.stringify(join(folder, 'recipes', name))
  writeFileSync(join(folder, 'recipes', 'lent.ts'), `import { least } from './least.ts'\nimport { csv, keys, partitioned } from 'galley'\nexport default partitioned('lent', { shop: keys([\`s\${least}\`]) }, (k) => {\n  k.source('lines', csv('a.csv', { id: 'int64' }))\n})\n`) // biome-ignore format: one line
  const script = join(folder, 'loads.ts')
  writeFileSync(
    script,
    `import { rmSync, writeFileSync } from 'node:fs'
import { loadDeclared } from ${JSON.stringify(fileURLToPath(new URL('../../src/cli/recipe.ts', import.meta.url)))}
const told = []
for (const text of ['1', '1', '22', '', '3', undefined, '3']) {
  if (text === undefined) rmSync(${at('least.ts')})
  else writeFileSync(${at('least.ts')}, \`export const least = \${text}\`)
  told.push(await loadDeclared(${at('lent.ts')}, { anew: true }).then(({ made }) => made.dimensions.shop.keys[0], (e) => e.code))
}
console.log(JSON.stringify(told))
`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  expect(JSON.parse(stdout)).toEqual(['s1', 's1', 's22', 'RECIPE_INVALID', 's3', 'RECIPE_INVALID', 's3'])
})
