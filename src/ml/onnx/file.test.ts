import { expect, test } from 'vitest'
import { Message } from '../export/proto.ts'
import { examined } from './file.ts'
import { binaryFile, endlessFile, file, graph, linear, mapsFile, node, port, tensor } from './testing.ts'

const failure = (bytes: Uint8Array): { code: string; why: string } => {
  try {
    examined(bytes)
  } catch (thrown) {
    return thrown as { code: string; why: string }
  }
  throw new Error('it was taken')
}
const p = port('p', 'float', ['rows', 1])
const with_ = (...tensors: Message[]) => file({ nodes: [node('Identity', ['t'], ['p'])], inputs: [], outputs: [p], tensors }) // biome-ignore format: one line

test('what is read of a file: its format, operators, notes, and tensors that maps are made of', () => {
  const found = examined(file(linear([[1]], [], [p]), { notes: { features: '["a"]' } }))
  expect(found).toEqual({ format: 8, producer: 'tests', opsets: { 'ai.onnx': 17, 'ai.onnx.ml': 3 }, notes: { features: '["a"]' }, maps: {} }) // biome-ignore format: one line
  expect(examined(mapsFile()).maps).toEqual({ output_probability: { probabilities: 'probabilities', classes: ['red', '초록', 'blue'] } }) // biome-ignore format: one line
  expect(examined(endlessFile()).format).toBe(8)
})

test('every cut of a file, and most damage, is told from a whole one or leaves a sound one; none hangs or crashes', () => {
  const whole = mapsFile()
  // a cut between two fields of the file itself leaves a message that is whole
  for (let at = 0; at < whole.length - 40; at++) expect(failure(whole.subarray(0, at)).why, `cut at ${at}`).toMatch(/no ONNX file, or it is cut off/) // biome-ignore format: one line
  for (let at = 0; at < whole.length; at++)
    for (const bit of [0x01, 0x80, 0xff]) {
      const damaged = whole.slice()
      damaged[at] = (damaged[at] as number) ^ bit
      try {
        examined(damaged)
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'MODEL_INVALID' })
      }
    }
})

const external = (where: string) =>
  new Message()
    .ints(1, [4])
    .int(2, 1)
    .text(8, 't')
    .message(13, new Message().text(1, 'location').text(2, where))
    .int(14, 1)
const nested = (deep: number): Message =>
  graph({ nodes: [deep === 0 ? node('Identity', ['x'], ['p']) : node('If', ['c'], ['p'], { then_branch: { graph: nested(deep - 1) } })], inputs: [], outputs: [p] }) // biome-ignore format: one line

test.each<[string, Uint8Array, RegExp]>([
  ['text', new TextEncoder().encode('id,name\n1,a\n'), /no ONNX file/],
  ['nothing', new Uint8Array(0), /no ONNX file/],
  ['a pickle', Uint8Array.of(0x80, 0x04, 0x95, 0x1a, 0, 0, 0), /no ONNX file/],
  ['values in another file', with_(external('../../etc/passwd')), /'t' lie in another file/],
  ['values in another file, within a graph within an operator', file({ nodes: [node('If', ['c'], ['p'], { then_branch: { graph: graph({ nodes: [], inputs: [], outputs: [p], tensors: [external('/etc/passwd')] }) } })], inputs: [], outputs: [p] }), /lie in another file/], // biome-ignore format: one line
  ['values in another file, as an attribute', file({ nodes: [node('Constant', [], ['p'], { value: { tensor: external('weights.bin') } })], inputs: [], outputs: [p] }), /lie in another file/], // biome-ignore format: one line
  ['sizes beyond what is there', with_(tensor('t', 'float', [2 ** 31, 2 ** 31], [1])), /declares \d+ values, and 4 bytes are there/], // biome-ignore format: one line
  ['sizes beyond what is there, without raw bytes', with_(new Message().ints(1, [1e12]).int(2, 1).text(8, 't')), /declares 1000000000000 values/], // biome-ignore format: one line
  ['operators from elsewhere', file({ nodes: [node('Shell', ['x'], ['p'], {}, 'com.example')], inputs: [], outputs: [p] }), /operators of 'com.example' \(Shell\)/], // biome-ignore format: one line
  ['graphs deep in each other', file(nested(200)), /more than 32 deep/],
])('%s is refused before anything runs it', (_, bytes, told) => {
  const { code, why } = failure(bytes)
  expect(code).toBe('MODEL_INVALID')
  expect(why).toMatch(told)
})

test('operators that the file itself defines are its own', () => {
  const own = new Message().text(1, 'Twice').text(4, 'x').text(5, 'y').message(7, node('Add', ['x', 'x'], ['y'])).text(10, 'mine') // biome-ignore format: one line
  const bytes = Buffer.concat([
    file({ nodes: [node('Twice', ['x'], ['p'], {}, 'mine')], inputs: [], outputs: [p] }),
    new Message().message(25, own).encoded(),
  ])
  expect(examined(bytes).format).toBe(8)
  expect(examined(binaryFile()).producer).toBe('tests')
})
