import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { byTime, csv, gbdt, type Kitchen, logistic, recipe } from '../../src/index.ts'
import { exported } from '../../src/ml/export/index.ts'
import type { OnnxOutput } from '../../src/ml/onnx/step.ts'
import { binaryFile, columnsFile, endlessFile, file, linear, mapsFile, node, port } from '../../src/ml/onnx/testing.ts'
import { loadPackage } from '../../src/ml/registry/version.ts'
import type { Evaluation } from '../../src/ml/review/evaluation.ts'
import type { EvaluateOutput } from '../../src/ml/review/step.ts'
import { openEndpoint } from '../../src/ml/serving/endpoint.ts'
import { randomOf } from '../../src/ml/training/conformance.ts'
import type { TrainOutput } from '../../src/ml/training/step.ts'
import { openWritten, type Written } from './datasets.ts'

let w: Written
beforeAll(async () => {
  w = await openWritten()
  const random = randomOf(3)
  const lines = ['at,size,age,city,rooms,late,colour,price']
  for (let i = 0; i < 900; i++) {
    const at = new Date(Date.UTC(2026, 0, 1) + i * 7_200_000).toISOString().slice(0, 19).replace('T', ' ')
    const [size, age] = [random() * 4 - 2, random() * 4 - 2]
    const late = 1 / (1 + Math.exp(2 * age - size)) > random()
    const [city, rooms] = [['seoul', '부산', 'jeju'][i % 3] ?? '', 1 + (i % 4)]
    const price = size + { seoul: 10, 부산: 20, jeju: -1 }[city as 'seoul'] + rooms + random() / 10
    const colour = ['red', '초록', 'blue'][size > 0.4 ? 0 : age > 0 ? 1 : 2]
    lines.push([at, size.toFixed(4), i % 50 === 7 ? '' : age.toFixed(4), city, rooms, late, colour, price.toFixed(3)].join(','))
  }
  writeFileSync(join(w.folder, 'flats.csv'), `${lines.join('\n')}\n`)
}) // biome-ignore format: one line
afterAll(() => w.close())

const COLUMNS = { at: 'local timestamp', size: 'float64', age: 'float64', city: 'string', rooms: 'int64', late: 'bool', colour: 'string', price: 'float64' } as const // biome-ignore format: one line
const SPLIT = { train: ['2026-01-01', '2026-02-10'], validate: ['2026-02-10', '2026-02-28'], test: ['2026-02-28', '2026-05-01'] } as const // biome-ignore format: one line
type Options = Parameters<Kitchen['onnx']>[2]

/** A recipe that takes a model from elsewhere, serves it, and does what else is asked. */
const bringing = (
  name: string,
  options: object,
  more: (k: Kitchen, model: ReturnType<Kitchen['onnx']>, data: Parameters<Kitchen['onnx']>[1]) => void = () => {},
  split: object | null = byTime('at', SPLIT as never),
) =>
  recipe(name, (k) => {
    const flats = k.source('flats', csv('flats.csv', COLUMNS))
    const rows = flats
      .reject((r) => r.age.isNull(), 'no age', { when: 'training' })
      .derive((r) => ({ older: r.age.plus(0) }))
    const data = k.dataset(split ? 'rows' : 'all-rows', rows, { moment: 'at', ...(split ? { split } : {}) } as never)
    const model = k.onnx(`${name}-model`, data as never, options as Options)
    k.serve(`${name}-live`, model, { entry: 'flats', input: ['at', 'size', 'age', 'city', 'rooms'] })
    more(k, model, data as never)
  })

const put = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(w.folder, name), bytes)
  return name
}
const open = async (name: string) => {
  const g = w.galley
  return openEndpoint({ store: g.store, duckdb: g.duckdb, scope: await g.scope(), clock: systemClock, log: g.log, ephemeral: true }, `${name}-live`) // biome-ignore format: one line
}
const flat = { at: '2026-05-02 00:00:00', size: 1, age: 0.5, city: 'seoul', rooms: 2 }

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
        k.onnx(`${id}-back`, data, { file: `${id}.onnx`, target, features: ['age', 'size'] })
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
  }
})

test('one column of probabilities: judged, gated, kept by its content, shown, served with drift, evaluated, exported as it came', async () => {
  const bytes = binaryFile()
  put('binary.onnx', bytes)
  const options = { file: 'binary.onnx', target: 'late', features: ['size', 'older'], gate: ((m) => m.validate.auc.gt(0.8)) as Options['gate'] } // biome-ignore format: one line
  const made = bringing('late', options, (k, model) =>
    k.evaluate('late-review', model, { resamples: 200, segments: ['city'] }),
  )
  const first = await w.ran(made)
  const output = first.outputs.get('late-model') as OnnxOutput
  expect(output.gate?.passed).toBe(true)
  const review = first.outputs.get('late-review') as EvaluateOutput
  expect(review.main.value).toBeCloseTo((output.chosen?.test as unknown as { auc: number } | undefined)?.auc ?? 0, 9)
  expect((await w.ran(made)).cached).toEqual(expect.arrayContaining(['late-model', 'late-live', 'late-review']))
  const live = await open('late')
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
  expect((changed.outputs.get('late-model') as OnnxOutput).version).toBe(2)
})

test('maps of classes as scikit-learn writes them: classes and probabilities are found in the file', async () => {
  put('maps.onnx', mapsFile())
  const result = await w.ran(bringing('colours', { file: 'maps.onnx', target: 'colour', features: ['size', 'older'] }))
  const output = result.outputs.get('colours-model') as OnnxOutput
  expect(output.goal).toEqual({ kind: 'multiclass' })
  const live = await open('colours')
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
  const { evaluation } = reviewed.outputs.get('priced-review') as EvaluateOutput
  const told = JSON.parse(new TextDecoder().decode(await w.galley.store.blobs.get(await w.galley.scope(), evaluation))) as Evaluation // biome-ignore format: one line
  expect(told.importance.features[0]?.feature).toBe('city')
  expect(told.dependence.map((d) => d.feature)).not.toContain('city')
  expect((output.chosen?.test as unknown as { rmse: number } | undefined)?.rmse).toBeLessThan(0.1)
  const { pack } = await loadPackage(w.galley.store, await w.galley.scope(), output.blob)
  expect(pack.reference.map((r) => [r.name, r.kind])).toEqual([['size', 'numeric'], ['city', 'category'], ['rooms', 'numeric'], ['score', 'numeric']]) // biome-ignore format: one line
  const live = await open('prices')
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
    const live = await open(name)
    answers.push((await live.predict([flat, { ...flat, size: -1 }])).map((a) => a.score))
    expect(live.threshold).toBe(name === 'single' ? 0.5 : 0.3)
    await live.close()
  }
  for (const [i, score] of (answers[0] ?? []).entries()) expect(answers[1]?.[i]).toBeCloseTo(score, 6)
  await expect(w.ran(bringing('raw', { file: 'logits.onnx', target: 'late', features: ['size', 'older'] }))).rejects.toMatchObject({ code: 'MODEL_FAILED', fix: expect.stringContaining('logits: true') }) // biome-ignore format: one line
})

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
})
