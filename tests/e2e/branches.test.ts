import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { count, csv, dataset, evaluateStep, type Kitchen, recipe } from '../../src/index.ts'
import { replay } from '../../src/runs/replay/replay.ts'
import { galley as command } from './command.ts'
import { openWritten, signal, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
})
afterAll(() => w.close())

const COLUMNS = { id: 'int64', n: 'int64' } as const
const orders = (lines: readonly string[]) => writeFileSync(join(w.folder, 'orders.csv'), `id,n\n${lines.map((l) => `${l}\n`).join('')}`) // biome-ignore format: one line
const states = async (run: number) =>
  Object.fromEntries((await w.client.runs.get({ run: `${run}` })).steps.map((s) => [s.id, s.status]))

/** A day's orders are published where there are enough of them; where not, what is there goes to a table of its own. */
const gated = (name: string) =>
  recipe(name, (k) => {
    const raw = k.source('orders', csv('orders.csv', COLUMNS))
    const counted = raw.aggregate([], () => ({ rows: count() }))
    const kept = k.when(
      'enough',
      counted,
      (r) => r.rows.ge(2),
      () => k.dataset(`${name}-published`, raw).table.derive((r) => ({ big: r.n.gt(10) })),
      () => raw.filter((r) => r.n.gt(0)).derive((r) => ({ big: r.n.gt(100) })),
    )
    k.dataset(`${name}-kept`, kept)
  })

test('a branch is taken by a condition over a table; what stands on the other is skipped, and what reads both has the rows of that which ran', async () => {
  orders(['1,5', '2,50'])
  const first = await w.ran(gated('gated'))
  expect(await states(first.number)).toMatchObject({ 'enough-asked': 'done', 'gated-published': 'done', 'enough-then': 'done', 'enough-else': 'skipped', enough: 'done', 'gated-kept': 'done' }) // biome-ignore format: one line
  expect(await w.rows('gated-kept')).toEqual(['1,5,false', '2,50,true'])
  orders(['3,50'])
  const second = await w.ran(gated('gated'))
  expect(await states(second.number)).toMatchObject({ 'gated-published': 'skipped', 'enough-then': 'skipped', 'enough-else': 'done', 'gated-kept': 'done' }) // biome-ignore format: one line
  expect(await w.rows('gated-kept')).toEqual(['3,50,false'])
  expect((await w.client.datasets.versions({ name: 'gated-published' })).items).toHaveLength(1)
  // the first run computed again takes the branch that it took
  const again = await replay(w.galley.ware, await w.galley.scope(), first.number, { signal, on: () => {} })
  expect(again.steps.map((s) => [s.step, s.state])).toEqual([
    ['orders', 'read'],
    ...['enough-asked', 'gated-published', 'enough-then', 'enough', 'gated-kept'].map((s) => [s, 'same']),
  ])
})

test('a condition is asked of one row', async () => {
  orders(['1,5', '2,50'])
  const made = recipe('asks-many', (k) => {
    const raw = k.source('orders', csv('orders.csv', COLUMNS))
    k.when('any', raw, (r) => r.n.gt(1), () => void k.dataset('asks-many-rows', raw)) // biome-ignore format: one line
  })
  await expect(w.ran(made)).rejects.toMatchObject({ code: 'STEP_FAILED', what: "'any-asked' is asked of a table that has 2 rows" }) // biome-ignore format: one line
})

test('where a source is gone what was published last stands in, and the run is done and says what failed', async () => {
  await w.write('prices', ['1,monday,10'])
  const made = (path: string) =>
    recipe('attempts', (k) => {
      const prices = k.attempt(
        'fresh-prices',
        () => k.source('today', csv(path, { id: 'int64', n: 'int64' })).filter((r) => r.n.gt(0)),
        () => k.source('before', dataset('prices', { id: 'int64', n: 'int64' })),
      )
      k.dataset('attempted', prices)
    })
  const gone = await w.ran(made('nowhere.csv'))
  expect(await states(gone.number)).toEqual({ today: 'failed', 'fresh-prices-first': 'skipped', before: 'done', 'fresh-prices-instead': 'done', 'fresh-prices': 'done', attempted: 'done' }) // biome-ignore format: one line
  const told = await w.client.runs.get({ run: `${gone.number}` })
  expect(told.status).toBe('done')
  expect(told.steps.find((s) => s.id === 'today')?.error?.code).toBe('SOURCE_MISSING')
  expect(await w.rows('attempted')).toEqual(['1,10'])
  const replayed = await replay(w.galley.ware, await w.galley.scope(), gone.number, { signal, on: () => {} })
  expect(replayed.identical).toBe(true)
  orders(['7,70'])
  const there = await w.ran(made('orders.csv'))
  expect(await states(there.number)).toMatchObject({ before: 'skipped', 'fresh-prices-instead': 'skipped', attempted: 'done' }) // biome-ignore format: one line
  expect(await w.rows('attempted')).toEqual(['7,70'])
  // a failure that nobody stands in for ends the run
  await expect(w.ran(recipe('plain', (k) => void k.dataset('plain-rows', k.source('today', csv('nowhere.csv', COLUMNS)))))).rejects.toMatchObject({ code: 'SOURCE_MISSING' }) // biome-ignore format: one line
})

test('of attempts within each other the innermost stands in, and the outer one only where that fails, too', async () => {
  const made = (name: string, inner: string) =>
    recipe(name, (k) => {
      const of = (id: string, path: string) => k.source(id, csv(path, COLUMNS))
      const t = k.attempt(`${name}-x`, () => k.attempt(`${name}-y`, () => of('a', 'nowhere.csv'), () => of('b', inner)), () => of('c', 'outer.csv')) // biome-ignore format: one line
      k.dataset(`${name}-rows`, t)
    })
  writeFileSync(join(w.folder, 'inner.csv'), 'id,n\n1,1\n')
  writeFileSync(join(w.folder, 'outer.csv'), 'id,n\n2,2\n')
  const one = await w.ran(made('nested', 'inner.csv'))
  expect(await w.rows('nested-rows')).toEqual(['1,1'])
  expect(await states(one.number)).toMatchObject({
    a: 'failed',
    b: 'done',
    c: 'skipped',
    'nested-x-instead': 'skipped',
  })
  const both = await w.ran(made('nested', 'nowhere-either.csv'))
  expect(await w.rows('nested-rows')).toEqual(['2,2'])
  expect(await states(both.number)).toMatchObject({ a: 'failed', b: 'failed', c: 'done' })
})

test('where a step beside the table of a first branch fails, the other stands in, whichever is there first', async () => {
  const made = recipe('beside', (k) => {
    const raw = k.source('orders', csv('outer.csv', COLUMNS))
    const t = k.attempt(
      'beside-x',
      () => {
        const slow = raw.filter((r) => r.n.gt(0))
        k.dataset('beside-checked', k.step('s2', k.step('s1', slow)), { expect: (r) => ({ 'none is 2': r.n.ne(2) }) })
        return raw
      },
      () => raw.derive((r) => ({ n: r.n.plus(40) })),
    )
    k.dataset('beside-rows', t)
  })
  await w.ran(made)
  expect(await w.rows('beside-rows')).toEqual(['2,42'])
})

test('columns are followed through either branch, and tests give its rows', async () => {
  const { links } = await w.client.lineage.trace({ of: 'gated-kept.n' })
  const from = links.map((l) => `${l.from.step}.${l.from.column}`)
  expect(from).toEqual(expect.arrayContaining(['enough-then.n', 'enough-else.n', 'orders.n']))
  const rows = await evaluateStep(gated('gated'), 'gated-kept', { enough: [{ id: 1, n: 2, big: true }] })
  expect(rows).toEqual([{ id: 1, n: 2, big: true }])
})

test.each<[string, (k: Kitchen) => void, object]>([
  ['branches of other columns', (k) => { const t = k.source('o', csv('o.csv', COLUMNS)); k.attempt('x', () => t, () => t.drop('n')) }, { what: "the branches of 'x' give tables of other columns", why: "column 2 is 'n' (int64) on the one and none on the other" }], // biome-ignore format: one line
  ['a condition that is none', (k) => { const t = k.source('o', csv('o.csv', COLUMNS)); k.when('x', t, ((r: { n: unknown }) => r.n) as never, () => {}) }, { what: "'x' is given no condition" }], // biome-ignore format: one line
  ['one table of two', (k) => { const t = k.source('o', csv('o.csv', COLUMNS)); k.when('x', t, (r) => r.n.gt(1), (() => t) as never, () => {}) }, { what: "one branch of 'x' gives a table, and the other none" }], // biome-ignore format: one line
  ['no branch', (k) => { const t = k.source('o', csv('o.csv', COLUMNS)); k.attempt('x', t as never, () => t) }, { what: "attempt 'x' is given no branch" }], // biome-ignore format: one line
])('%s is refused when the recipe is declared', (_, declare, error) => {
  expect(() => recipe('odd', declare)).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID', ...error }))
})

test('explain tells which step is on which branch', async () => {
  const file = join(w.folder, 'told.ts')
  writeFileSync(
    file,
    `import { count, csv, recipe } from 'galley'
export default recipe('told', (k) => {
  const raw = k.source('orders', csv('orders.csv', { id: 'int64', n: 'int64' }))
  const kept = k.when('enough', raw.aggregate([], () => ({ rows: count() })), (r) => r.rows.gt(1), () => raw, () => raw.filter((r) => r.n.gt(1)))
  k.dataset('told-rows', kept)
})
`,
  )
  const { out } = await command(w.home, 'explain', file)
  expect(out).toMatch(/only\s+where enough-asked holds/)
  expect(out).toMatch(/only\s+where enough-asked does not hold/)
  expect(out).toMatch(/gives\s+the rows of enough-then or of enough-else, whichever is run/)
  const ran = await command(w.home, 'run', file)
  expect(ran.err).toContain('enough-asked')
  expect(ran.err).toMatch(/– table\s+enough-(then|else)\s+its branch is not taken/)
}, 60_000)
