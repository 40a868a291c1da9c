import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
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
