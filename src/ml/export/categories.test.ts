import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openSession } from '../onnx/process.ts'
import { loadOnnx } from '../onnx/scorer.ts'
import { signatureOf } from '../onnx/signature.ts'
import { quiet, randomOf, relationOf } from '../training/conformance.ts'
import { gbdt } from '../training/gbdt/gbdt.ts'
import { exported } from './index.ts'

const LIMITS = { seconds: 20, memoryMiB: 1024 }
const GOAL = { kind: 'regression', objective: 'squared' } as const
const folder = mkdtempSync(join(tmpdir(), 'galley-categories-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Trees that split by sets of codes. */
function learnt(codeOf: (row: number) => number) {
  const random = randomOf(5)
  const rows = Array.from({ length: 900 }, (_, i) => ({ a: random(), code: codeOf(i), y: (((i % 12) * 7) % 5) + random() })) // biome-ignore format: one line
  const schema = ['a', 'code', 'y'].map((name) => ({ name, type: 'float64' as const, nullable: true }))
  const params = { trees: 5, leaves: 8, categorical: ['code'], minDataPerGroup: 5 }
  return gbdt.train({ train: relationOf(schema, rows), features: ['a', 'code'], target: 'y', goal: GOAL, params, seed: 1, threads: 1 }, quiet()) // biome-ignore format: one line
}

test.each([
  ['few whole numbers', (i: number) => (i % 12) - 3],
  ['long ones', (i: number) => 8_801_234_567_000 + (i % 12)],
  ['fractions', (i: number) => (i % 12) / 8],
  ['what has no end', (i: number) => [1 / 0, -1 / 0, 1e300, 5, -5, 0.5][(i % 12) >> 1] ?? 0],
] as const)('categories that are %s are the same in every form', async (name, codeOf) => {
  const model = await learnt(codeOf)
  expect(model.body['categories']).toBeDefined()
  const own = gbdt.load(model)
  const seen = Array.from({ length: 12 }, (_, i) => codeOf(i))
  const codes = [...seen, ...seen.map((x) => x + 0.25), Number.NaN, 0, -0, 1 / 0, -1 / 0, 1e17, 2 ** 31, 99]
  const columns = [Float64Array.from(codes, () => 0.4), Float64Array.from(codes)]
  const [answers, theirs] = [new Float64Array(codes.length), new Float64Array(codes.length)]
  own.many(columns, codes.length, answers)
  expect(new Set(answers).size).toBeGreaterThan(2)

  const bytes = exported(model, 'onnx', { model: 'codes@1', threshold: null })
  const session = await openSession(bytes, LIMITS)
  const features = model.features
  const { signature } = signatureOf(session, { features, texts: new Set(), goal: GOAL })
  const body = { file: Buffer.from(bytes).toString('base64'), texts: [], limits: LIMITS, signature }
  const scorer = loadOnnx({ format: 1, kind: 'onnx', features, target: 'y', goal: GOAL, params: {}, body }, session)
  await scorer.many(columns, codes.length, theirs)
  await scorer.close?.()
  expect([...theirs]).toEqual([...answers])

  const file = join(folder, `${name.replaceAll(' ', '-')}.ts`)
  writeFileSync(file, exported(model, 'typescript', { model: 'codes@1', threshold: null }))
  const { predict } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
    predict: (row: object) => number
  }
  expect(codes.map((code) => predict({ a: 0.4, code: Number.isNaN(code) ? null : code }))).toEqual([...answers])
})
