import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csv, recipe } from '../../src/index.ts'
import type { OnnxOutput } from '../../src/ml/onnx/step.ts'
import { binaryFile } from '../../src/ml/onnx/testing.ts'
import type { ProcessOutput } from '../../src/runs/steps/process.ts'
import { NODE, openPrograms, orders, type Programs } from './programs.ts'

let w: Programs
beforeAll(async () => {
  w = await openPrograms()
  writeFileSync(join(w.folder, 'kept.onnx'), binaryFile())
  const lines = Array.from({ length: 60 }, (_, i) => `${i},${(i % 7) / 3},${(i % 5) / 2},${i % 3 === 0}`)
  writeFileSync(join(w.folder, 'asked.csv'), `id,size,age,late\n${lines.join('\n')}\n`)
})
afterAll(() => w.close())

const leaving = (name: string, file: string, more: object = {}, leaves: Record<string, string> = { model: 'out/model.onnx' }) =>
  recipe(name, (k) => {
    const asked = k.source('asked', csv('asked.csv', { id: 'int64', size: 'float64', age: 'float64', late: 'bool' }))
    const data = k.dataset('asked-rows', asked)
    const made = k.process('made', { command: [NODE, file], files: [file, 'kept.onnx'], format: 'json', gives: { id: 'int64' }, leaves, ...more }) // biome-ignore format: one line
    k.dataset(`${name}-rows`, made.table)
    k.onnx(`${name}-model`, data, { file: made.files['model'] as never, features: ['size', 'age'], target: 'late' })
  }) // biome-ignore format: one line
const WRITES = "fs.mkdirSync('out')\nfs.copyFileSync('kept.onnx', 'out/model.onnx')\nfs.writeFileSync(ask.rows, JSON.stringify({ id: 1 }))" // biome-ignore format: one line
const of = <T>(r: Awaited<ReturnType<Programs['ran']>>, id: string) => r.outputs.get(id) as unknown as T

test('a program leaves a file and a table: both are kept by their content, and the file is a model', async () => {
  const file = w.script('leaves.cjs', `${WRITES}\nconsole.log(JSON.stringify(ask.leaves))`)
  const first = await w.ran(leaving('left', file))
  const made = of<ProcessOutput>(first, 'made')
  expect(made.left?.['model']?.bytes).toBe(binaryFile().length)
  const model = of<OnnxOutput>(first, 'left-model')
  expect(model.version).toBe(1)
  expect(await w.rows('left-rows')).toEqual(['1'])
  expect((await w.client.runs.log({ run: `${first.number}`, step: 'made' })).text).toBe('{"model":"out/model.onnx"}\n')
  expect((await w.ran(leaving('left', file))).cached).toEqual(expect.arrayContaining(['made', 'left-model']))
  // the same file from another program is the same model; another file is another
  w.script('leaves.cjs', `${WRITES} // mended`)
  const again = await w.ran(leaving('left', file))
  expect(again.cached).not.toContain('made')
  expect(of<OnnxOutput>(again, 'left-model').hash).toBe(model.hash)
  writeFileSync(join(w.folder, 'kept.onnx'), binaryFile('n'))
  expect(of<OnnxOutput>(await w.ran(leaving('left', file)), 'left-model').hash).not.toBe(model.hash)
  const links = (await w.client.lineage.trace({ of: 'left-model' })).links.map((l) => `${l.from.step} ${l.how.join()}`)
  expect(links).toContain('made MODEL')
  // a file that is gone is made again
  const kept = of<ProcessOutput>(await w.ran(leaving('left', file)), 'made').left?.['model']
  await w.galley.store.blobs.remove(await w.galley.scope(), kept?.hash ?? '')
  expect((await w.ran(leaving('left', file))).cached).not.toContain('made')
})

test.each([
  ['is not there', "fs.writeFileSync(ask.rows, '')", /the file is not there/],
  ['is empty', "fs.mkdirSync('out'); fs.writeFileSync('out/model.onnx', ''); fs.writeFileSync(ask.rows, '')", /the file is empty/], // biome-ignore format: one line
  ['is a link to another file', "fs.mkdirSync('out'); fs.symlinkSync('/etc/passwd', 'out/model.onnx'); fs.writeFileSync(ask.rows, '')", /a folder or a link/], // biome-ignore format: one line
  ['lies behind a link to another folder', "fs.symlinkSync('/etc', 'out'); fs.writeFileSync(ask.rows, '')", /is not there|a folder or a link/], // biome-ignore format: one line
  ['is another name of a file', "fs.mkdirSync('out'); fs.linkSync('kept.onnx', 'out/model.onnx'); fs.writeFileSync(ask.rows, '')", /a folder or a link/], // biome-ignore format: one line
])('a file that %s fails the step', async (_, body, why) => {
  const failed = await w.failure(leaving('bad-left', w.script('bad.cjs', body)))
  expect(failed).toMatchObject({ code: 'STEP_FAILED', why: expect.stringMatching(why) })
})

test.each<[string, object, Record<string, string>]>([
  ['outside of its folder', {}, { model: '../model.onnx' }],
  ['by a whole path', {}, { model: '/tmp/model.onnx' }],
  ['under a name that is none', {}, { 'A model': 'model.onnx' }],
  ['for each row', { each: { of: undefined } }, { model: 'model.onnx' }],
])('files %s are refused when the recipe is declared', (_, more, leaves) => {
  const declared = () =>
    recipe('refused', (k) => {
      const each = 'each' in more ? { each: { of: orders(k) } } : {}
      k.process('made', { command: [NODE], gives: { id: 'int64' }, leaves, ...each })
    })
  expect(declared).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' }))
})
