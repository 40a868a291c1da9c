import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { look } from '../../data/connectors/guard/watch.ts'
import { openSession, type Session } from './process.ts'
import { loadOnnx } from './scorer.ts'
import { signatureOf } from './signature.ts'
import { binaryFile, columnsFile, endlessFile, file, linear, node, port, tensor } from './testing.ts'

const LIMITS = { seconds: 20, memoryMiB: 1024 }
const p = port('p', 'float', ['rows', 1])
const x = port('x', 'float', ['rows', 1])

/** A model of numbers as the step makes it. */
async function made(bytes: Uint8Array, features: readonly string[], texts: readonly string[] = [], limits = LIMITS) {
  const session = await openSession(bytes, limits)
  const goal = { kind: 'regression', objective: 'squared' } as const
  const { signature } = signatureOf(session, { features, texts: new Set(texts), goal })
  const body = { file: Buffer.from(bytes).toString('base64'), texts: texts.map((t) => features.indexOf(t)), limits, signature } // biome-ignore format: one line
  return loadOnnx({ format: 1, kind: 'onnx', features, target: 'y', goal, params: {}, body }, session)
}
const scored = async (scorer: Awaited<ReturnType<typeof made>>, ...columns: number[][]) => {
  const out = new Float64Array(columns[0]?.length ?? 0)
  await scorer.many(columns.map((c) => Float64Array.from(c)), out.length, out) // biome-ignore format: one line
  return [...out]
}

test('the same rows give the same bytes, in blocks or alone, and again in another process', async () => {
  const weights = Array.from({ length: 3 }, (_, i) => [0.37 * (i + 1)])
  const bytes = file(linear(weights, [node('Tanh', ['z'], ['p'])], [p]))
  const columns = [0, 1, 2].map((c) => Array.from({ length: 9001 }, (_, i) => Math.sin(i * (c + 1))))
  const all = []
  for (let i = 0; i < 2; i++) {
    const scorer = await made(bytes, ['a', 'b', 'c'])
    all.push(await scored(scorer, ...columns))
    const alone = await scored(scorer, ...columns.map((c) => c.slice(5000, 5001)))
    expect(alone[0]).toBe(all[0]?.[5000])
    // asked at once, answered each
    const many = await Promise.all([1, 2, 3].map((n) => scored(scorer, ...columns.map((c) => c.slice(0, n)))))
    expect(many.map((m) => m.length)).toEqual([1, 2, 3])
    await scorer.close?.()
  }
  expect(all[1]).toEqual(all[0])
})

test('texts go in as texts, missing ones as empty; whole numbers refuse what they can not hold', async () => {
  const scorer = await made(columnsFile(), ['rooms', 'city', 'size'], ['city'])
  try {
    const city = scorer.texts?.get(1)
    const codes = ['부산', 'seoul', '', null].map((t) => city?.codeOf(t) ?? 0)
    expect(await scored(scorer, [1, 1, 1, 1], codes, [0.5, 0.5, 0.5, 0.5])).toEqual([21.5, 11.5, 0.5, 0.5])
    for (const rooms of [Number.NaN, 1.5, 1 / 0, 2 ** 60])
      await expect(scored(scorer, [rooms], [0], [1])).rejects.toMatchObject({ code: 'VALUE_INVALID', details: { column: 'rooms' } }) // biome-ignore format: one line
    // floats take anything, and what is no number is no answer
    await expect(scored(scorer, [1], [0], [Number.NaN])).rejects.toMatchObject({ code: 'VALUE_INVALID', what: expect.stringContaining('NaN') }) // biome-ignore format: one line
  } finally {
    await scorer.close?.()
  }
})

test('one that never answers is ended, and the next question begins anew', async () => {
  const scorer = await made(endlessFile(), ['x'], [], { seconds: 0.5, memoryMiB: 1024 })
  for (let i = 0; i < 2; i++)
    await expect(scored(scorer, [1])).rejects.toMatchObject({ code: 'MODEL_FAILED', why: expect.stringMatching(/not done after 0.5 s/) }) // biome-ignore format: one line
  await scorer.close?.()
})

test('one whose process is lost is begun again by the next question', async () => {
  const bytes = columnsFile()
  const session = await openSession(bytes, LIMITS)
  const features = ['rooms', 'city', 'size']
  const goal = { kind: 'regression', objective: 'squared' } as const
  const { signature } = signatureOf(session, { features, texts: new Set(['city']), goal })
  const body = { file: Buffer.from(bytes).toString('base64'), texts: [1], limits: LIMITS, signature }
  const scorer = loadOnnx({ format: 1, kind: 'onnx', features, target: 'y', goal, params: {}, body }, session)
  process.kill(session.pid, 'SIGKILL')
  await expect.poll(() => session.alive).toBe(false)
  expect(await scored(scorer, [2], [0], [1])).toEqual([2])
  await scorer.close?.()
  await expect(scored(scorer, [2], [0], [1])).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a cancelled question ends within a second, and its process with it', async () => {
  const cancel = new AbortController()
  const session = await openSession(endlessFile(), LIMITS)
  const began = performance.now()
  setTimeout(() => cancel.abort(), 100)
  const asked = session.run({ tensors: [{ name: 'x', type: 'float32', dims: [1, 1] }], pieces: [new Uint8Array(4)], output: 'p', single: false, signal: cancel.signal }) // biome-ignore format: one line
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(performance.now() - began).toBeLessThan(5000)
  await expect.poll(() => session.alive).toBe(false)
})

const fills = file({
  nodes: [node('ConstantOfShape', ['sizes'], ['zeros']), node('ReduceSum', ['zeros'], ['sum']), node('Add', ['x', 'sum'], ['p'])], // biome-ignore format: one line
  inputs: [x],
  outputs: [p],
  tensors: [tensor('sizes', 'int64', [2], [2 ** 20, 2 ** 14])],
})
const places = file({
  nodes: [node('NonZero', ['x'], ['p'])],
  inputs: [x],
  outputs: [port('p', 'int64', ['rows', 'n'])],
})

test.each<[string, Uint8Array, string, RegExp]>([
  ['memory without end', fills, 'MODEL_(INVALID|FAILED)', /memory|allocate|bad_alloc|too large/i],
  ['operators newer than any', file(linear([[1]], [node('Identity', ['z'], ['p'])], [p]), { opset: 99 }), 'MODEL_INVALID', /opset/i], // biome-ignore format: one line
  ['an operator that there is not', file(linear([[1]], [node('Nothing', ['z'], ['p'])], [p])), 'MODEL_INVALID', /Nothing/], // biome-ignore format: one line
  ['an input of a picture', file({ nodes: [node('Identity', ['x'], ['p'])], inputs: [port('x', 'float', ['rows', 3, 8, 8])], outputs: [port('p', 'float', ['rows', 3, 8, 8])] }), 'MODEL_INVALID', /4 dimensions/], // biome-ignore format: one line
  ['32 rows at a time', binaryFile(32), 'MODEL_INVALID', /takes 32 rows at a time/],
  ['half precision', file({ nodes: [node('Identity', ['x'], ['p'])], inputs: [port('x', 'float16', ['rows', 1])], outputs: [port('p', 'float16', ['rows', 1])] }), 'MODEL_INVALID', /of float16/], // biome-ignore format: one line
  ['more numbers a row than it says', places, 'MODEL_FAILED', /1 a row are expected/],
  ['infinity', file({ nodes: [node('Div', ['x', 'none'], ['p'])], inputs: [x], outputs: [p], tensors: [tensor('none', 'float', [1], [0])] }), 'VALUE_INVALID', /Infinity in row 1/], // biome-ignore format: one line
])('%s is one clear error', async (_, bytes, code, told) => {
  const features = told.source.includes('32') ? ['x', 'b'] : ['x']
  const failed = await made(bytes, features)
    .then(async (scorer) => scored(scorer, ...features.map(() => [1])).finally(() => scorer.close?.()))
    .then(() => undefined, (e: { code: string; what: string; why?: string }) => e) // biome-ignore format: one line
  expect(failed?.code).toMatch(new RegExp(code))
  expect(`${failed?.what} ${failed?.why}`).toMatch(told)
})

test('its process has no network, no environment and no rights to write, and ends when it is closed', async () => {
  const session: Session = await openSession(binaryFile(), LIMITS)
  const pid = session.pid
  if (process.platform === 'linux') {
    const read = (what: string) => readFileSync(`/proc/${pid}/${what}`, 'utf8')
    expect(read('environ').replaceAll('\0', '')).toBe('')
    if (process.getuid?.() === 0) expect(read('status')).not.toMatch(/Uid:\s+0\s/)
  }
  await session.close()
  expect(session.alive).toBe(false)
  expect(look(pid)?.over ?? true).toBe(true)
})
