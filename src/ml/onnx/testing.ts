import { Message } from '../export/proto.ts'

/** Element types by ONNX's numbers. */
const TYPES = { float: 1, uint8: 2, int32: 6, int64: 7, string: 8, bool: 9, float16: 10, double: 11 } as const
type Element = keyof typeof TYPES
type Attribute = number | string | readonly number[] | readonly string[] | { readonly tensor: Message } | { readonly graph: Message } // biome-ignore format: one line

/** A tensor within a file, its numbers as raw bytes. */
export function tensor(
  name: string,
  type: Element,
  dims: readonly number[],
  values: readonly (number | string)[],
): Message {
  // biome-ignore format: one line
  const made = new Message().ints(1, dims).int(2, TYPES[type])
  if (type === 'string') for (const text of values) made.text(6, String(text))
  else made.bytes(9, bytesOf(type, values.map(Number)))
  return made.text(8, name)
}

function bytesOf(type: Element, values: readonly number[]): Uint8Array {
  const numbers =
    type === 'float'
      ? Float32Array.from(values)
      : type === 'double'
        ? Float64Array.from(values)
        : type === 'int64'
          ? BigInt64Array.from(values, (v) => BigInt(v))
          : type === 'int32'
            ? Int32Array.from(values)
            : Uint8Array.from(values)
  return new Uint8Array(numbers.buffer)
}

/** An operator of a graph. */
export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Message {
  // biome-ignore format: one line
  const made = new Message()
  for (const input of inputs) made.text(1, input)
  for (const output of outputs) made.text(2, output)
  made.text(4, op)
  for (const [name, value] of Object.entries(attributes)) made.message(5, attribute(name, value))
  return domain === '' ? made : made.text(7, domain)
}

function attribute(name: string, value: Attribute): Message {
  const made = new Message().text(1, name)
  if (typeof value === 'number') return made.int(3, value).int(20, 2)
  if (typeof value === 'string') return made.text(4, value).int(20, 3)
  if ('tensor' in value) return made.message(5, value.tensor).int(20, 4)
  if ('graph' in value) return made.message(6, value.graph).int(20, 5)
  if (value.some((v) => typeof v === 'string')) {
    for (const text of value) made.text(9, String(text))
    return made.int(20, 8)
  }
  return made.ints(8, value.map(Number)).int(20, 7)
}

/** An input or output: its sizes are numbers, or names of what is not fixed; without a type it is whatever comes of it. */
export function port(name: string, type?: Element, dims: readonly (number | string)[] = []): Message {
  const made = new Message().text(1, name)
  if (type === undefined) return made
  const shape = new Message()
  for (const dim of dims) shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().text(2, dim)) // biome-ignore format: one line
  return made.message(2, new Message().message(1, new Message().int(1, TYPES[type]).message(2, shape)))
}

export interface GraphParts {
  readonly nodes: readonly Message[]
  readonly inputs: readonly Message[]
  readonly outputs: readonly Message[]
  readonly tensors?: readonly Message[]
}
export function graph({ nodes, inputs, outputs, tensors = [] }: GraphParts): Message {
  const made = new Message()
  for (const n of nodes) made.message(1, n)
  made.text(2, 'graph')
  for (const t of tensors) made.message(5, t)
  for (const i of inputs) made.message(11, i)
  for (const o of outputs) made.message(12, o)
  return made
}

/** A whole file, of operators of opset 17 and of ai.onnx.ml 3 unless others are said. */
export function file(
  parts: GraphParts | Message,
  { opset = 17, notes = {}, domains = {} }: { readonly opset?: number; readonly notes?: Readonly<Record<string, string>>; readonly domains?: Readonly<Record<string, number>> } = {}, // biome-ignore format: one line
): Uint8Array {
  const made = new Message()
    .int(1, 8)
    .text(2, 'tests')
    .message(7, parts instanceof Message ? parts : graph(parts))
  for (const [domain, version] of Object.entries({ '': opset, 'ai.onnx.ml': 3, ...domains })) made.message(8, new Message().text(1, domain).int(2, version)) // biome-ignore format: one line
  for (const [key, value] of Object.entries(notes)) made.message(14, new Message().text(1, key).text(2, value))
  return made.encoded()
}

/** What maps texts to probabilities as converters of scikit-learn write it: a label and a sequence of maps. */
const MAPS = new Message().message(4, new Message().message(1, new Message().message(5, new Message().int(1, TYPES.string).message(2, new Message().message(1, new Message().int(1, TYPES.float)))))) // biome-ignore format: one line
export const maps = (name: string): Message => new Message().text(1, name).message(2, MAPS)

/** Log odds `weights · x + bias` of one matrix of floats, whose first size is `rows`: an output of `width` numbers that `then` makes something of. */
export function linear(
  weights: readonly (readonly number[])[],
  then: readonly Message[],
  outputs: readonly Message[],
  rows: number | string = 'rows',
): GraphParts {
  // biome-ignore format: one line
  const [features, width] = [weights.length, weights[0]?.length ?? 0]
  return {
    nodes: [node('MatMul', ['x', 'w'], ['z']), ...then],
    inputs: [port('x', 'float', [rows, features])],
    outputs,
    tensors: [tensor('w', 'float', [features, width], weights.flat())],
  }
}

/** Two features to P(true), as PyTorch exports it: one column. */
export const binaryFile = (rows: number | string = 'rows'): Uint8Array =>
  file(linear([[1], [-2]], [node('Sigmoid', ['z'], ['p'])], [port('p', 'float', [rows, 1])], rows))

/** Two features to three classes, as scikit-learn's converters write it: a label, and maps of probabilities. */
export const mapsFile = (): Uint8Array =>
  file({
    ...linear([[2, 0, -1], [0, 1, 0.5]], [], []), // biome-ignore format: one line
    nodes: [
      node('MatMul', ['x', 'w'], ['z']),
      node('Softmax', ['z'], ['probabilities'], { axis: 1 }),
      node('ArgMax', ['probabilities'], ['place'], { axis: 1, keepdims: 0 }),
      node('Gather', ['names', 'place'], ['output_label']),
      node('ZipMap', ['probabilities'], ['output_probability'], { classlabels_strings: ['red', '초록', 'blue'] }, 'ai.onnx.ml'), // biome-ignore format: one line
    ],
    outputs: [port('output_label', 'string', ['rows']), maps('output_probability')],
    tensors: [tensor('w', 'float', [2, 3], [2, 0, -1, 0, 1, 0.5]), tensor('names', 'string', [3], ['red', '초록', 'blue'])],
  }) // biome-ignore format: one line

/** One input a column: a number, a text and a whole number, to a number. */
export const columnsFile = (): Uint8Array =>
  file({
    nodes: [
      node('LabelEncoder', ['city'], ['coded'], { keys_strings: ['seoul', '부산'], values_int64s: [10, 20], default_int64: -1 }, 'ai.onnx.ml'), // biome-ignore format: one line
      node('Cast', ['coded'], ['cityNumber'], { to: TYPES.float }),
      node('Cast', ['rooms'], ['roomsNumber'], { to: TYPES.float }),
      node('Add', ['size', 'cityNumber'], ['sum']),
      node('Add', ['sum', 'roomsNumber'], ['variable']),
    ],
    inputs: [
      port('size', 'float', ['rows', 1]),
      port('city', 'string', ['rows', 1]),
      port('rooms', 'int64', ['rows', 1]),
    ],
    outputs: [port('variable', 'float', ['rows', 1])],
  })

/** A model that never answers: it counts on for ever. */
export function endlessFile(): Uint8Array {
  const body = graph({
    nodes: [node('Identity', ['on'], ['goesOn']), node('Add', ['v', 'one'], ['next'])],
    inputs: [port('i', 'int64', []), port('on', 'bool', []), port('v', 'float', [1])],
    outputs: [port('goesOn', 'bool', []), port('next', 'float', [1])],
    tensors: [tensor('one', 'float', [1], [1])],
  })
  return file({
    nodes: [
      node('ReduceSum', ['x', 'all'], ['sum'], { keepdims: 0 }),
      node('Reshape', ['sum', 'shape'], ['start']),
      node('Loop', ['', 'yes', 'start'], ['counted'], { body: { graph: body } }),
      node('Add', ['x', 'counted'], ['p']),
    ],
    inputs: [port('x', 'float', ['rows', 1])],
    outputs: [port('p', 'float', ['rows', 1])],
    tensors: [tensor('yes', 'bool', [], [1]), tensor('shape', 'int64', [1], [1]), tensor('all', 'int64', [2], [0, 1])],
  })
}
