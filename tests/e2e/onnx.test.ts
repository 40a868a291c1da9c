import { afterAll, beforeAll, expect, test } from 'vitest'
import { byTime, csv, gbdt, logistic, recipe } from '../../src/index.ts'
import { exported } from '../../src/ml/export/index.ts'
import type { OnnxOutput } from '../../src/ml/onnx/step.ts'
import { binaryFile, columnsFile, file, linear, mapsFile, node, port } from '../../src/ml/onnx/testing.ts'
import { loadPackage } from '../../src/ml/registry/version.ts'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { type Brought, bringing, COLUMNS, flat, type Options, openBrought, SPLIT } from './brought.ts'

let w: Brought
beforeAll(async () => {
  w = await openBrought()
})
afterAll(() => w.close())
const reviewIn = async (outputs: ReadonlyMap<string, unknown>, id: string): Promise<Evaluation> => {
  const { evaluation } = outputs.get(id) as EvaluateOutput
  return JSON.parse(new TextDecoder().decode(await w.galley.store.blobs.get(await w.galley.scope(), evaluation)))
}
const put = (name: string, bytes: Uint8Array) => w.put(name, bytes)

test('a model that Galley exported comes back as ONNX: the same scores, the same figures, the same threshold', async () => {
  const learnt = await w.ran(
    recipe('own', (k) => {
      const flats = k.source('own-flats', csv('flats.csv', COLUMNS))
      const data = k.dataset('own-data', flats, { moment: 'at', split: byTime('at', SPLIT as never) })
      const said = { target: 'late', features: ['size', 'age'], candidates: [gbdt({ trees: 20 })] } as const
      k.train('own-trees', data, said)
      k.train('own-classes', data, { ...said, target: 'colour', candidates: [logistic()] })
    }),
  )
  for (const [id, target] of [
    ['own-trees', 'late'],
    ['own-classes', 'colour'],
  ] as const) {
    // biome-ignore format: one line
    const own = learnt.outputs.get(id) as TrainOutput
    const { pack } = await loadPackage(w.galley.store, await w.galley.scope(), own.blob)
    put(`${id}.onnx`, exported(pack.model, 'onnx', { model: `${id}@1`, threshold: pack.threshold }))
    const result = await w.ran(
      recipe(`${id}-again`, (k) => {
        const flats = k.source('own-flats', csv('flats.csv', COLUMNS))
        const data = k.dataset('own-data', flats, { moment: 'at', split: byTime('at', SPLIT as never) })
        // in another order than it was made with: the file notes which
        const back = k.onnx(`${id}-back`, data, { file: `${id}.onnx`, target, features: ['age', 'size'] })
        k.evaluate(`${id}-review`, back, { resamples: 100 })
      }),
    )
    const back = result.outputs.get(`${id}-back`) as OnnxOutput
    const figures = back.chosen?.test as unknown as Record<string, number>
    const before = own.chosen.test as unknown as Record<string, number>
    expect(figures['logLoss']).toBeCloseTo(before['logLoss'] as number, 9)
    expect(back.producer).toBe('galley')
    const again = await loadPackage(w.galley.store, await w.galley.scope(), back.blob)
    expect(again.pack.threshold).toBe(pack.threshold)
    expect(again.pack.model.classes).toEqual(pack.model.classes)
    expect((await reviewIn(result.outputs, `${id}-review`)).chosenBy).toBe(id === 'own-trees' ? 'file' : undefined)
  }
})

test('one column of probabilities: judged, gated, kept by its content, shown, served with drift, evaluated, exported as it came', async () => {
  const bytes = binaryFile()
  put('binary.onnx', bytes)
  const options = { file: 'binary.onnx', target: 'late', features: ['size', 'older'], gate: ((m) => m.validate.auc.gt(m.baseline.validate.auc.plus(0.2))) as Options['gate'] } // biome-ignore format: one line
  const made = bringing('late', options, (k, model) =>
    k.evaluate('late-review', model, { resamples: 200, segments: ['city'] }),
  )
  const first = await w.ran(made)
  const output = first.outputs.get('late-model') as OnnxOutput
  expect(output.gate?.passed).toBe(true)
  expect(output.baseline).toBe(0.5)
  const review = first.outputs.get('late-review') as EvaluateOutput
  expect(review.main.value).toBeCloseTo((output.chosen?.test as unknown as { auc: number } | undefined)?.auc ?? 0, 9)
  expect((await w.ran(made)).cached).toEqual(expect.arrayContaining(['late-model', 'late-live', 'late-review']))
  const live = await w.open('late')
  try {
    const [one, more] = [await live.predict([flat]), await live.predict([flat, { ...flat, size: -1 }])]
    expect(one[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-(1 - 2 * 0.5))), 6)
    expect(more[0]).toEqual(one[0])
    expect(one[0]?.positive).toBe((one[0]?.score as number) >= (live.threshold as number))
    const [why] = await live.explain([flat], new AbortController().signal)
    expect(why).toMatchObject({ features: { size: 1, older: 0.5 }, base: null, contributions: null })
    // a missing value goes in as NaN, and NaN that comes out is no answer
    await expect(live.predict([{ ...flat, age: null }])).rejects.toMatchObject({ code: 'VALUE_INVALID', what: expect.stringContaining('NaN in row 1') }) // biome-ignore format: one line
    expect(live.monitor.verdict().rows).toBe(3)
  } finally {
    await live.close()
  }
  const shown = await w.client.models.get({ name: 'late-model' })
  expect(shown).toMatchObject({ kind: 'onnx', details: { file: { producer: 'tests', bytes: bytes.length } } })
  const back: Uint8Array[] = []
  for await (const part of (await w.client.models.export({ name: 'late-model', format: 'onnx' })).bytes) back.push(part)
  expect(Buffer.concat(back).equals(bytes)).toBe(true)
  const links = (await w.client.lineage.trace({ of: 'late-model' })).links
  expect(links.map((l) => [l.from.column, l.how.join()])).toEqual(expect.arrayContaining([['late', 'TARGET'], ['older', 'FEATURE']])) // biome-ignore format: one line
  // another file is another model
  put('binary.onnx', file(linear([[2], [-2]], [node('Sigmoid', ['z'], ['p'])], [port('p', 'float', ['rows', 1])])))
  const changed = await w.ran(made)
  expect(changed.cached).not.toContain('late-model')
  const again = (await w.client.runs.get({ run: `${changed.number}` })).steps.find((s) => s.id === 'late-model')
  expect(again?.because?.join()).toMatch(/its file has changed/)
  expect((changed.outputs.get('late-model') as OnnxOutput).version).toBe(2)
})

test('maps of classes as scikit-learn writes them: classes and probabilities are found in the file', async () => {
  put('maps.onnx', mapsFile())
  const result = await w.ran(bringing('colours', { file: 'maps.onnx', target: 'colour', features: ['size', 'older'] }))
  const output = result.outputs.get('colours-model') as OnnxOutput
  expect(output.goal).toEqual({ kind: 'multiclass' })
  const live = await w.open('colours')
  const [said] = await live.predict([flat])
  await live.close()
  const z = [2, 0.5, -1 + 0.25].map(Math.exp)
  const sum = z.reduce((a, b) => a + b, 0)
  expect(said?.class).toBe('red')
  expect(Object.keys(said?.probabilities ?? {})).toEqual(['red', '초록', 'blue'])
  for (const [k, name] of ['red', '초록', 'blue'].entries()) expect(said?.probabilities?.[name]).toBeCloseTo((z[k] as number) / sum, 6) // biome-ignore format: one line
})

test('an input a column, texts and whole numbers among them, of rows that are not split; texts are watched as names', async () => {
  put('columns.onnx', columnsFile())
  const options = { file: 'columns.onnx', target: 'price', features: ['size', 'city', 'rooms'] }
  const result = await w.ran(bringing('prices', options, undefined, null))
  const output = result.outputs.get('prices-model') as OnnxOutput
  // texts in a review: what matters is found among them, too
  const reviewed = await w.ran(bringing('priced', options, (k, model) => k.evaluate('priced-review', model, { resamples: 100, segments: ['city'] }))) // biome-ignore format: one line
  const told = await reviewIn(reviewed.outputs, 'priced-review')
  expect(told.importance.features[0]?.feature).toBe('city')
  expect(told.dependence.map((d) => d.feature)).not.toContain('city')
  expect((output.chosen?.test as unknown as { rmse: number } | undefined)?.rmse).toBeLessThan(0.1)
  const { pack } = await loadPackage(w.galley.store, await w.galley.scope(), output.blob)
  expect(pack.reference.map((r) => [r.name, r.kind])).toEqual([['size', 'numeric'], ['city', 'category'], ['rooms', 'numeric'], ['score', 'numeric']]) // biome-ignore format: one line
  const live = await w.open('prices')
  try {
    const asked = ['seoul', '부산', '처음', null].map((city) => ({ ...flat, city }))
    expect((await live.predict(asked)).map((a) => a.score)).toEqual([13, 23, 2, 2])
    await expect(live.predict([{ ...flat, rooms: null }])).rejects.toMatchObject({ code: 'VALUE_INVALID', what: "the model can't take a missing value as 'rooms'" }) // biome-ignore format: one line
    expect(live.monitor.verdict().columns.map((c) => c.name)).toContain('city')
  } finally {
    await live.close()
  }
})

test('a model that takes a row at a time, one of log odds, and one that nobody can judge', async () => {
  put('single.onnx', binaryFile(1))
  put('logits.onnx', file(linear([[0, 1], [0, -2]], [node('Identity', ['z'], ['logits'])], [port('logits', 'float', ['rows', 2])]))) // biome-ignore format: one line
  const single = await w.ran(bringing('single', { file: 'single.onnx', features: ['size', 'older'] }))
  expect((single.outputs.get('single-model') as OnnxOutput).chosen).toBeNull()
  const logits = await w.ran(bringing('logits', { file: 'logits.onnx', target: 'late', features: ['size', 'older'], logits: true, threshold: 0.3 })) // biome-ignore format: one line
  expect((logits.outputs.get('logits-model') as OnnxOutput).chosen).not.toBeNull()
  const answers = []
  for (const name of ['single', 'logits']) {
    const live = await w.open(name)
    answers.push((await live.predict([flat, { ...flat, size: -1 }])).map((a) => a.score))
    expect(live.threshold).toBe(name === 'single' ? 0.5 : 0.3)
    await live.close()
  }
  for (const [i, score] of (answers[0] ?? []).entries()) expect(answers[1]?.[i]).toBeCloseTo(score, 6)
  await expect(w.ran(bringing('raw', { file: 'logits.onnx', target: 'late', features: ['size', 'older'] }))).rejects.toMatchObject({ code: 'MODEL_FAILED', fix: expect.stringContaining('logits: true') }) // biome-ignore format: one line
})
