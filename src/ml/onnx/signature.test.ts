import { expect, test } from 'vitest'
import type { Goal } from '../../runs/goal.ts'
import type { Loaded, Port } from './message.ts'
import { type SaidOfModel, signatureOf } from './signature.ts'

const port = (name: string, type: string | null, ...shape: (string | number)[]): Port => ({ name, type, shape })
const model = (inputs: Port[], outputs: Port[], more: Partial<Loaded['file']> = {}): Loaded => ({
  ...{ inputs, outputs },
  file: { format: 8, producer: '', opsets: {}, notes: {}, maps: {}, ...more },
})
const CLASSES: Goal = { kind: 'multiclass' }
const NUMBER: Goal = { kind: 'regression', objective: 'squared' }
const said = (more: Partial<SaidOfModel> = {}): SaidOfModel => ({ features: ['a', 'b'], texts: new Set(), ...more })
const matrix = port('x', 'float32', 'n', 2)
const of = (outputs: Port[], more: Partial<SaidOfModel> = {}, file: Partial<Loaded['file']> = {}) =>
  signatureOf(model([matrix], outputs, file), said(more))

const LABEL = port('label', 'int64', 'n')
const P1 = port('p', 'float32', 'n', 1)
const P2 = port('p', 'float32', 'n', 2)
const P3 = port('p', 'float32', 'n', 3)
const MAPS = { maps: { zipped: { probabilities: 'p', classes: ['no', 'yes'] } } }

test.each<[string, ReturnType<typeof of>, object]>([
  ['one column is P(true)', of([P1]), { output: 'p', width: 1, takes: [0], link: 'identity' }],
  ['one dimension, too', of([port('p', 'float64', 'n')]), { width: 1, takes: [0] }],
  ['of two columns the last one', of([LABEL, P2]), { output: 'p', width: 2, takes: [1] }],
  ['of two columns the class that is named', of([LABEL, P2], { classes: ['leaves', 'stays'], positive: 'leaves' }), { takes: [0] }], // biome-ignore format: one line
  ['of two columns the class that maps name', of([LABEL, port('zipped', null), P2], { positive: 'no' }, MAPS), { takes: [0] }], // biome-ignore format: one line
  ['of three columns the class that is named', of([P3], { classes: ['x', 'y', 'z'], positive: 'y' }), { width: 3, takes: [1] }], // biome-ignore format: one line
  ['the output that is named', of([P2, port('q', 'float32', 'n', 1)], { output: 'q' }), { output: 'q', width: 1 }],
  ['the output of maps, by their own name', of([port('q', 'float32', 'n', 2), port('zipped', null), P2], { output: 'zipped' }, MAPS), { output: 'p' }], // biome-ignore format: one line
  ['log odds of one column', of([P1], { logits: true }), { link: 'sigmoid' }],
  ['log odds of two', of([P2], { logits: true }), { link: 'softmax', takes: [1] }],
  ['classes in the order of the output', of([P3], { goal: CLASSES, classes: ['z', 'x', 'y'] }), { width: 3, takes: [0, 1, 2] }], // biome-ignore format: one line
  ['classes that the file notes', of([P3], { goal: CLASSES }, { notes: { classes: '["z","x","y"]' } }), { width: 3 }],
  ['a number', of([LABEL, port('variable', 'float32', 'n', 1)], { goal: NUMBER }), { output: 'variable', takes: [0] }],
  ['a whole number', of([LABEL], { goal: NUMBER }), { output: 'label' }],
])('%s', (_, { signature }, expected) => {
  expect(signature).toMatchObject(expected)
})

test('features go in by the order that is said, by the one that the file notes, or by the inputs’ names', () => {
  const inputs = (loaded: Loaded, more: Partial<SaidOfModel> = {}) => signatureOf(loaded, said(more)).signature.inputs
  expect(inputs(model([matrix], [P1]))[0]?.features).toEqual([0, 1])
  expect(inputs(model([matrix], [P1], { notes: { features: '["b","a"]' } }))[0]?.features).toEqual([1, 0])
  // another model's notes, or none that can be read, say nothing
  for (const features of ['["b","c"]', '["b"]', '{', '7']) expect(inputs(model([matrix], [P1], { notes: { features } }))[0]?.features).toEqual([0, 1]) // biome-ignore format: one line
  const columns = model([port('b', 'string', 'n', 1), port('a', 'int64', 'n')], [P1])
  expect(inputs(columns, { texts: new Set(['b']) })).toEqual([
    { name: 'b', type: 'string', features: [1], flat: false },
    { name: 'a', type: 'int64', features: [0], flat: true },
  ])
  const grouped = model([port('numbers', 'float32', 'n', 2), port('c', 'string', 'n', 1)], [P1])
  const three = { features: ['a', 'c', 'b'], texts: new Set(['c']), inputs: { numbers: ['b', 'a'] } }
  expect(inputs(grouped, three).map((i) => i.features)).toEqual([[2, 0], [1]])
  expect(signatureOf(model([port('x', 'float32', 1, 2)], [port('p', 'float32', 1, 1)]), said()).signature.single).toBe(true) // biome-ignore format: one line
})

test('a threshold is one that the file notes, of a binary goal', () => {
  expect(of([P1], {}, { notes: { threshold: '0.25' } }).threshold).toBe(0.25)
  for (const threshold of ['7', 'x', '']) expect(of([P1], {}, { notes: { threshold } }).threshold).toBeNull() // biome-ignore format: one line
  expect(of([P1], { goal: NUMBER }, { notes: { threshold: '0.25' } }).threshold).toBeNull()
})

test.each<[string, () => unknown, RegExp]>([
  ['labels alone', () => of([LABEL]), /no output of probabilities/],
  ['maps alone', () => of([port('zipped', null)]), /'zipped' \(no tensor\)/],
  ['three probabilities of a binary goal', () => of([P3]), /gives 3 probabilities a row/],
  ['a class that there is not', () => of([P2], { classes: ['a', 'b'], positive: 'c' }), /no class "c"/],
  ['fewer classes than outputs', () => of([P3], { goal: CLASSES, classes: ['a', 'b'] }), /3 numbers a row, and there are 2 classes/], // biome-ignore format: one line
  ['several numbers of a regression', () => of([P2], { goal: NUMBER }), /gives 2 numbers a row/],
  ['an input that is no feature', () => signatureOf(model([matrix, port('y', 'float32', 'n', 1)], [P1]), said()), /'x' is no feature/], // biome-ignore format: one line
  ['a feature without an input', () => signatureOf(model([port('a', 'float32', 'n'), port('c', 'float32', 'n')], [P1]), said({ features: ['a', 'b', 'c'] })), /no input for 'b'/], // biome-ignore format: one line
  ['an input that is named and not there', () => signatureOf(model([matrix], [P1]), said({ inputs: { y: ['a'] } })), /names an input 'y'/], // biome-ignore format: one line
  [
    'a number for an input of texts',
    () => signatureOf(model([port('x', 'string', 'n', 2)], [P1]), said()),
    /takes texts/,
  ],
])('%s is refused', (_, asked, told) => {
  expect(asked).toThrow(expect.objectContaining({ code: 'MODEL_INVALID', why: expect.stringMatching(told) }))
})
