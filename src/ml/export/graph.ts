import { Message } from './proto.ts'

/** Element types of tensors, by ONNX's numbers. */
const TYPES = { uint8: 2, int64: 7, string: 8, double: 11 } as const
export type ElementType = keyof typeof TYPES

/** A tensor that is part of the model. */
export interface Tensor {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly values: Float64Array | Uint8Array | BigInt64Array | readonly string[]
}
export type Attribute = number | string | readonly number[] | Tensor

/** The kinds of attributes: an integer, a text, a tensor, integers. */
const [INT, STRING, TENSOR, INTS] = [2, 3, 4, 7]
const ML = 'ai.onnx.ml'

/** A graph of ONNX operators as it is put together: every call adds a node and gives the name of what comes out of it first. */
export class Graph {
  readonly #nodes: Message[] = []
  readonly #tensors: Message[] = []
  readonly #inputs: Message[] = []
  readonly #outputs: Message[] = []
  #names = 0

  input(name: string, type: ElementType, dims: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(name, type, dims))
    return name
  }

  output(name: string, from: string, type: ElementType, dims: readonly (number | string)[]): void {
    this.#nodes.push(nodeOf('Identity', [from], [name], {}))
    this.#outputs.push(valueInfo(name, type, dims))
  }

  constant(tensor: Tensor): string {
    const name = `constant${this.#names++}`
    this.#tensors.push(tensorOf(tensor).text(8, name))
    return name
  }

  /** A tensor of float64; one of no dimensions is a number. */
  doubles(values: Iterable<number>, dims?: readonly number[]): string {
    const own = Float64Array.from(values)
    return this.constant({ type: 'double', dims: dims ?? [own.length], values: own })
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    { ml = false, unused = 0 }: { readonly ml?: boolean; readonly unused?: number } = {},
  ): string {
    const name = `${op.toLowerCase()}${this.#names++}`
    this.#nodes.push(nodeOf(op, inputs, [name, ...Array.from({ length: unused }, (_, i) => `${name}_${i}`)], attributes, ml)) // biome-ignore format: one line
    return name
  }

  /** The whole model file. `notes` are strings that travel with it. */
  model(name: string, notes: Readonly<Record<string, string>>): Uint8Array {
    const graph = new Message()
    for (const node of this.#nodes) graph.message(1, node)
    graph.text(2, name)
    for (const tensor of this.#tensors) graph.message(5, tensor)
    for (const input of this.#inputs) graph.message(11, input)
    for (const output of this.#outputs) graph.message(12, output)
    const model = new Message().int(1, 10).text(2, 'galley').message(7, graph)
    for (const [domain, version] of [['', 21], [ML, 5]] as const) model.message(8, new Message().text(1, domain).int(2, version)) // biome-ignore format: one line
    for (const [key, value] of Object.entries(notes)) model.message(14, new Message().text(1, key).text(2, value))
    return model.encoded()
  }
}

function nodeOf(
  op: string,
  inputs: readonly string[],
  outputs: readonly [name: string, ...others: string[]],
  attributes: Readonly<Record<string, Attribute>>,
  ml = false,
): Message {
  const node = new Message()
  for (const input of inputs) node.text(1, input)
  for (const output of outputs) node.text(2, output)
  node.text(3, outputs[0]).text(4, op)
  for (const [key, value] of Object.entries(attributes)) node.message(5, attributeOf(key, value))
  return ml ? node.text(7, ML) : node
}

function attributeOf(name: string, value: Attribute): Message {
  const attribute = new Message().text(1, name)
  if (typeof value === 'number') return attribute.int(3, value).int(20, INT as number)
  if (typeof value === 'string') return attribute.text(4, value).int(20, STRING as number)
  if ('values' in value && 'dims' in value) return attribute.message(5, tensorOf(value as Tensor)).int(20, TENSOR as number) // biome-ignore format: one line
  return attribute.ints(8, value as readonly number[]).int(20, INTS as number)
}

function tensorOf({ type, dims, values }: Tensor): Message {
  const tensor = new Message()
  if (dims.length > 0) tensor.ints(1, dims)
  tensor.int(2, TYPES[type])
  if (!ArrayBuffer.isView(values)) {
    for (const text of values) tensor.text(6, text)
    return tensor
  }
  return tensor.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}

function valueInfo(name: string, type: ElementType, dims: readonly (number | string)[]): Message {
  const shape = new Message()
  for (const dim of dims) shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().text(2, dim)) // biome-ignore format: one line
  const tensor = new Message().int(1, TYPES[type]).message(2, shape)
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}
