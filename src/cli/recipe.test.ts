import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { loadRecipe } from './recipe.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-recipe-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const step = { id: 'days', kind: 'source', inputs: [], spec: {} }
const load = (name: string, made: unknown) => {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, `export default ${typeof made === 'string' ? made : JSON.stringify(made)}\n`)
  return loadRecipe(file)
}

test('a recipe made by hand is taken when it has the shape and the names of one', async () => {
  const made = { format: 1, name: 'by-hand', steps: [step] }
  expect((await load('good', made)).recipe).toEqual(made)
})

test.each([
  ['no-spec', { steps: [step, { id: 'clean', kind: 'table', inputs: ['days'] }] }, /'spec' of step 'clean'/],
  ['spec-list', { steps: [{ ...step, spec: [] }] }, /'spec' of step 'days'/],
  ['no-id', { steps: [{ kind: 'source', inputs: [], spec: {} }] }, /'id' of step 1/],
  ['null-step', { steps: [null] }, /step 1/],
  ['no-steps', { steps: [] }, /no steps/],
  ['step-path', { steps: [{ ...step, id: '../../../evil' }] }, /'\.\.\/\.\.\/\.\.\/evil' can't name a step: names are/],
  ['step-twice', { steps: [step, step] }, /two steps are named 'days'/],
  ['bad-name', { name: '../x', steps: [step] }, /'\.\.\/x' can't name a recipe/],
  ['bad-format', { format: 7, steps: [step] }, /'format'/],
])('%s: a recipe made by hand is refused, and told why', async (name, parts, why) => {
  await expect(load(name, { format: 1, name: 'by-hand', ...parts })).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    why: expect.stringMatching(why),
    fix: expect.stringMatching(/.+/),
  })
})

test('a spec that is no plain data is refused', async () => {
  const made =
    "{ format: 1, name: 'x', steps: [{ id: 'a', kind: 'source', inputs: [], spec: { f: () => 1, n: NaN } }] }"
  await expect(load('code', made)).rejects.toMatchObject({
    code: 'RECIPE_INVALID',
    why: expect.stringContaining('data'),
  })
})

/** Recipes loaded by a Node of their own: a test runner's imports have other stacks and other messages. */
function loaded(recipes: Readonly<Record<string, string>>): Map<string, Record<string, unknown>> {
  for (const [name, lines] of Object.entries(recipes)) writeFileSync(join(folder, `${name}.ts`), lines)
  const script = `
    import { asGalleyError } from '${new URL('../base/errors.ts', import.meta.url)}'
    import { errorText } from '${new URL('./output.ts', import.meta.url)}'
    import { loadRecipe } from '${new URL('./recipe.ts', import.meta.url)}'
    for (const name of ${JSON.stringify(Object.keys(recipes))})
      try { await loadRecipe(name + '.ts'); console.log(JSON.stringify({ name })) }
      catch (e) { console.log(JSON.stringify({ name, ...asGalleyError(e).toJSON(), text: errorText(e) })) }`
  const args = ['--input-type=module', '--eval', script]
  const out = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  const told = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) // biome-ignore format: one line
  return new Map(told.map((t) => [String(t['name']), t]))
}

/** A recipe whose fifth line is given. */
const about = (line: string, imports = 'count, csv, days, recipe') => `import { ${imports} } from 'galley'
export default recipe('x', (k) => {
  const t = k.source('s', csv('x.csv', { id: 'int64', at: 'timestamp', local: 'local timestamp', name: 'string' }))
  k.step('a', t)
  ${line}
})
`

describe('what a recipe gets wrong is told with its place', () => {
  const wrong = {
    verb: [about('t.filtr((r) => r.id.gt(1))'), /no 'filtr' on 't'/, /mean 'filter'/],
    method: [about('t.derive((r) => ({ y: r.id.plus1() }))'), /no 'plus1' on 'r\.id'/, /mean 'plus'/],
    abbreviated: [about('t.filter((r) => r.id.gte(1))'), /no 'gte' on 'r\.id'/, /mean 'ge'/],
    chained: [about('t.filter((r) => r.id.gt(1)).distnct()'), /no 'distnct'/, /mean 'distinct'/],
    kitchen: [about("k.datset('d', t)"), /no 'datset' on 'k'/, /mean 'dataset'/],
    expects: [about("k.dataset('d', t, { expect: (r, e) => [e.notNul(r.id)] })"), /no 'notNul'/, /mean 'notNull'/],
    helper: [about('t.aggregate([], (r) => ({ n: meen(r.id) }))'), /no 'meen'/, /mean 'mean'/],
    imported: [about('t.aggregate([], (r) => ({ n: sum(r.id) }))'), /no 'sum'/, /import { sum } from 'galley'/],
    other: [about("t.groupBy('id')"), /no 'groupBy' on 't'/, /mean 'aggregate'/],
    none: [about('t.frobnicate()'), /no 'frobnicate' on 't'/, /docs\/plans\.md/],
    standing: [about('t.aggregate([], (r) => ({ n: r.id.mean() }))'), /no 'mean'/, /write mean\(…\), imported/],
    dataset: [about("k.dataset('d', t).filter((r) => r.id.gt(1))"), /no 'filter'/, /dataset is its \.table/],
    before: [about('t.filter((r) => r.id.pluss.gt(1))'), /'gt' is asked of something/, /before \.gt/],
    column: [about('t.derive((r) => ({ y: r.nme }))'), /no column 'nme' in derive/, /mean 'name'/],
    deep: [about(`t.filter((r) => ${'r.id.plus('.repeat(90)}r.name${')'.repeat(90)}.gt(1))`), /'.*' can't be/, /cast/],
    source: [about("k.source('b', csv('b.csv', { x: 'int46' }))"), /'int46' is not a type/, /mean 'int64'/],
    step: [about("k.step('a', t)"), /two steps are named 'a'/, /name of its own/],
    parse: [about('k.step('), /could not be loaded/, /your editor/],
  } as const
  const told = loaded(Object.fromEntries(Object.entries(wrong).map(([name, [text]]) => [name, text])))
  test.each(Object.entries(wrong))('%s', (name, [, what, fix]) => {
    const line = name === 'parse' ? 6 : 5
    expect(told.get(name)).toMatchObject({
      what: expect.stringMatching(what),
      fix: expect.stringMatching(fix),
      details: { at: { file: `${name}.ts`, line } },
      text: expect.stringContaining(`\n  at:  ${name}.ts:${line}`),
    })
  })

  test('of a file that the recipe imports the line there; a name that is not exported is told with its import', () => {
    const told = loaded({
      helper: 'export const big = (t: any) =>\n  t.filter((r: any) => r.idd.gt(1))\n',
      uses: `import { big } from './helper.ts'\n${about('big(t)')}`,
      unknown: about('', 'csv, recipe, sun'),
    })
    expect(told.get('uses')).toMatchObject({ code: 'PLAN_UNKNOWN_COLUMN', details: { at: { file: 'helper.ts', line: 2, column: 26 } } }) // biome-ignore format: one line
    expect(told.get('unknown')).toMatchObject({
      what: "there is no 'sun'",
      fix: "did you mean 'sum'?",
      details: { at: { file: 'unknown.ts', line: 1 } },
    })
  })

  test('with --json it is one JSON object', () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [main, 'explain', 'verb.ts', '--json'], { cwd: folder, encoding: 'utf8' }) // biome-ignore format: one line
    expect([status, JSON.parse(stderr)]).toEqual([
      2,
      { error: expect.objectContaining({ code: 'RECIPE_INVALID', details: { at: { file: 'verb.ts', line: 5, column: 5 } } }) }, // biome-ignore format: one line
    ])
  })

  test('the step before it is told only where there is no place', () => {
    expect(String(told.get('column')?.['why'])).not.toContain('is declared')
    expect(told.get('column')).toMatchObject({ details: { recipe: 'x', after: 'a' } })
  })
})
