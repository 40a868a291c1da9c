import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { byTime, csv, recipe } from '../../src/index.ts'
import type { OnnxOutput } from '../../src/ml/onnx/step.ts'
import { binaryFile, endlessFile, mapsFile } from '../../src/ml/onnx/testing.ts'
import { type Brought, bringing, type Options, openBrought, SPLIT } from './brought.ts'

let w: Brought
beforeAll(async () => {
  w = await openBrought()
})
afterAll(() => w.close())
const put = (name: string, bytes: Uint8Array) => w.put(name, bytes)

test.each<[string, object, string, RegExp]>([
  ['is not there', { file: 'nowhere.onnx' }, 'SOURCE_MISSING', /nowhere/],
  ['is no ONNX file', { file: 'flats.csv' }, 'MODEL_INVALID', /no ONNX file, or it is cut off/],
  ['is cut off', { file: 'cut.onnx' }, 'MODEL_INVALID', /'bad-model': the ONNX file can not be used.*cut off/],
  ['has two gigabytes', { file: 'huge.onnx' }, 'MODEL_INVALID', /has 2048 MiB, and 256 is the most/],
  ['takes more features than it is given', { features: ['size'] }, 'MODEL_INVALID', /takes 2 features, and the recipe gives it 1/], // biome-ignore format: one line
  ['takes numbers and is given texts', { features: ['size', 'city'] }, 'MODEL_INVALID', /'city' is a text/],
  ['has no such output', { output: 'q' }, 'MODEL_INVALID', /no output 'q'/],
  ['does not say its classes', { target: 'colour' }, 'MODEL_INVALID', /which classes/],
  ['does not know a class', { target: 'colour', file: 'maps.onnx', classes: ['red', 'x', 'y'] }, 'TRAIN_DATA', /does not tell/], // biome-ignore format: one line
  ['never answers', { file: 'endless.onnx', features: ['size'], goal: 'regression', target: 'price', limits: { seconds: 1 } }, 'MODEL_FAILED', /not done after 1 s/], // biome-ignore format: one line
])('a model that %s is refused with words', async (_, options, code, told) => {
  put('binary.onnx', binaryFile())
  put('endless.onnx', endlessFile())
  put('maps.onnx', mapsFile())
  put('cut.onnx', binaryFile().subarray(0, 60))
  truncateSync(join(w.folder, put('huge.onnx', new Uint8Array(1))), 2 ** 31)
  const made = bringing('bad', { file: 'binary.onnx', target: 'late', features: ['size', 'older'], ...options })
  const failed = await w.ran(made).then(() => undefined, (e: { code: string; message: string }) => e) // biome-ignore format: one line
  expect(failed?.code).toBe(code)
  expect(failed?.message).toMatch(told)
})

test.each<[string, object]>([
  ['a file outside of the recipe’s folder', { file: '../model.onnx' }],
  ['no features', { features: [] }],
  ['a time as a feature', { features: ['at'] }],
  ['its target as a feature', { features: ['size', 'late'] }],
  ['a threshold that is no probability', { threshold: 2 }],
  ['a gate and no target', { target: undefined, gate: ((m) => m.test.auc.gt(0)) as Options['gate'] }],
  ['limits of nothing', { limits: { seconds: 0 } }],
  ['one class', { classes: ['a'] }],
  ['an order', { goal: { kind: 'ranking', group: 'city' }, target: 'rooms' }],
])('%s is refused when the recipe is declared', (_, options) => {
  const given = { file: 'binary.onnx', target: 'late', features: ['size', 'older'], ...options }
  const { target, ...rest } = given
  expect(() => bringing('refused', target === undefined ? rest : given)).toThrow(expect.objectContaining({ code: 'RECIPE_INVALID' })) // biome-ignore format: one line
})

test('what can not be judged is not judged, and what can not be taught again has no learning curve', () => {
  const review = (options: object, asked: object = {}) => () =>
    bringing('unjudged', { file: 'x.onnx', features: ['size'], ...options }, (k, model) => k.evaluate('unjudged-review', model, asked)) // biome-ignore format: one line
  expect(review({})).toThrow(/can't judge 'unjudged-model'/)
  expect(review({ target: 'late' }, { curves: true })).toThrow(/made elsewhere/)
  expect(review({ target: 'late' }, { scaling: { leaves: [2, 4] } })).toThrow(/made elsewhere/)
})

test.each([
  ['ten rows', 10, (i: number) => `${i % 2 === 0}`, (i: number) => `${i / 5}`],
  ['one class', 60, () => 'true', (i: number) => `${i / 30}`],
  ['a constant column', 60, (i: number) => `${i % 3 === 0}`, () => '1'],
])('%s: a sound judgement', async (name, rows, late, size) => {
  const lines = Array.from({ length: rows }, (_, i) => `${size(i)},0.5,${late(i)}`)
  writeFileSync(join(w.folder, 'odd.csv'), `size,age,late\n${lines.join('\n')}\n`)
  put('binary.onnx', binaryFile())
  const result = await w.ran(
    recipe('odd', (k) => {
      const data = k.dataset('odd-rows', k.source('odd', csv('odd.csv', { size: 'float64', age: 'float64', late: 'bool' }))) // biome-ignore format: one line
      k.onnx('odd-model', data, { file: 'binary.onnx', features: ['size', 'age'], target: 'late' })
    }),
  )
  const { chosen, baseline } = result.outputs.get('odd-model') as OnnxOutput
  expect(chosen?.test).toMatchObject({ rows })
  expect(Number.isFinite((chosen?.test as unknown as { logLoss: number } | undefined)?.logLoss)).toBe(true)
  expect(baseline === null).toBe(name === 'one class')
})

test('a gate that does not hold, labels that are none, and a part without rows stop the step', async () => {
  put('binary.onnx', binaryFile())
  const options = { file: 'binary.onnx', target: 'late', features: ['size', 'older'] }
  const gate = ((m) => m.test.auc.gt(2)) as Options['gate']
  await expect(w.ran(bringing('gated', { ...options, gate }))).rejects.toMatchObject({ code: 'GATE_REFUSED' })
  await expect(w.ran(bringing('labels', { ...options, target: 'rooms' }))).rejects.toMatchObject({ code: 'TRAIN_DATA' })
  const empty = byTime('at', { ...SPLIT, test: ['2027-01-01', '2027-02-01'] } as never)
  await expect(w.ran(bringing('empty', options, undefined, empty))).rejects.toMatchObject({ code: 'TRAIN_DATA', what: "the part 'test' has no rows" }) // biome-ignore format: one line
})
