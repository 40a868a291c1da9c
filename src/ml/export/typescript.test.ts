import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { trainerOf } from '../training/index.ts'
import { exported } from './index.ts'
import { EXPORTED, modelToExport, rowsToAsk } from './testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'galley-export-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Predict = (features: Record<string, number | null>) => number | { class: unknown; probabilities: number[] }

test.each(EXPORTED.map(([kind, goal, params]) => ({ kind, goal, params })))(
  '$kind of a $goal target as TypeScript answers to the bit: $params',
  async ({ kind, goal, params }) => {
    const model = await modelToExport(kind, goal, params)
    const file = join(folder, `${kind}-${goal}-${Object.keys(params ?? {}).join('')}.ts`)
    const text = new TextDecoder().decode(exported(model, 'typescript', { model: 'a-model@1', threshold: goal === 'binary' ? 0.25 : null })) // biome-ignore format: one line
    expect(text).not.toMatch(/^import /m)
    writeFileSync(file, text)
    const made = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { predict: Predict; threshold?: number }
    expect(made.threshold).toBe(goal === 'binary' ? 0.25 : undefined)
    const evaluator = (await trainerOf(model.kind)).load(model)
    for (const row of rowsToAsk()) {
      const out = new Float64Array(evaluator.outputs)
      const one = evaluator.one(Float64Array.from(row), out)
      const named = Object.fromEntries(evaluator.inputs.map((name, f) => [name, Number.isNaN(row[f]) ? null : (row[f] as number)])) // biome-ignore format: one line
      const told = made.predict(named)
      // what is far from all that was seen makes no infinities of two signs
      expect([one, ...out].every(Number.isFinite)).toBe(true)
      if (typeof told === 'number') expect(told).toBe(one)
      else expect([told.class, ...told.probabilities]).toEqual([model.classes?.[one], ...out])
    }
  },
)

test('a model without such a form is refused by name', async () => {
  const model = { ...(await modelToExport('knn', 'binary')), kind: 'onnx' }
  expect(() => exported(model, 'typescript', { model: 'brought@2', threshold: 0.5 })).toThrow(
    "brought@2 can't be exported: it is a model of onnx",
  )
})
