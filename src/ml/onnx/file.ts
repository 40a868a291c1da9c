import { GalleyError } from '../../base/errors.ts'
import { fieldsOf, textOf, WireError, type WireField, wholes } from './wire.ts'

/** A tensor of probabilities that the file makes maps of: it is read instead of them, as onnxruntime-node can't read maps. */
export interface Maps {
  readonly probabilities: string
  readonly classes: readonly (string | number)[]
}

/** What is read of an ONNX file before anything runs it. */
export interface OnnxFile {
  /** Version of the format, and who wrote it. */
  readonly format: number
  readonly producer: string
  /** Versions of the sets of operators by their domain; the standard one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>
  /** Texts that travel with it. */
  readonly notes: Readonly<Record<string, string>>
  /** By the name of the output that they are. */
  readonly maps: Readonly<Record<string, Maps>>
}

/** Operators that ONNX Runtime has; a file may define others of its own (functions). */
const KNOWN = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']
/** Graphs within operators, and texts of notes that are kept. */
const MOST_DEEP = 32
const MOST_NOTES = 1000
const NOTE = 65_536
/** Bytes of an element, by ONNX's number of its type; of those that are missing nothing is asked. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2 } // biome-ignore format: one line

/** What an ONNX file is made of, by the names of its fields (onnx.proto of ONNX 1.23). */
const MODEL = { format: 1, producer: 2, version: 3, graph: 7, opset: 8, note: 14, training: 20, function: 25 } as const
const GRAPH = { node: 1, tensor: 5, sparse: 15 } as const
const NODE = { input: 1, output: 2, operator: 4, attribute: 5, domain: 7 } as const
const ATTRIBUTE = { name: 1, tensor: 5, graph: 6, ints: 8, strings: 9, tensors: 10, graphs: 11, sparse: 22, sparses: 23 } as const // biome-ignore format: one line
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9, external: 13, location: 14 } as const
const FUNCTION = { node: 7, domain: 10 } as const

const invalid = (why: string, fix: string): GalleyError =>
  new GalleyError('MODEL_INVALID', { what: 'the ONNX file can not be used', why, fix })

/** Adds up what is found on the way through a file. */
interface Found {
  readonly maps: Record<string, Maps>
  readonly foreign: Map<string, Set<string>>
}

/**
 * Looks an ONNX file over without running it: that it is whole, that its tensors hold what they declare, that all of it lies in the file, and that
 * it asks for no operators from elsewhere. @throws MODEL_INVALID
 */
export function examined(bytes: Uint8Array): OnnxFile {
  try {
    return modelOf(bytes)
  } catch (thrown) {
    if (!(thrown instanceof WireError)) throw thrown
    throw invalid(
      `it is no ONNX file, or it is cut off: ${thrown.message}`,
      'write it again (for instance skl2onnx, torch.onnx.export), or copy it again',
    )
  }
}

function modelOf(bytes: Uint8Array): OnnxFile {
  const opsets: Record<string, number> = {}
  const notes: Record<string, string> = {}
  const found: Found = { maps: {}, foreign: new Map() }
  const own = new Set<string>()
  let [format, producer, version, graphs] = [0, '', '', 0]
  for (const field of fieldsOf(bytes)) {
    if (field.number === MODEL.format && field.kind === 0) format = field.value
    else if (field.number === MODEL.producer) producer = textOf(field).slice(0, 100)
    else if (field.number === MODEL.version) version = textOf(field).slice(0, 100)
    else if (field.number === MODEL.opset) {
      const [domain, of] = pairOf(field)
      opsets[domain === '' ? 'ai.onnx' : domain] = of
    } else if (field.number === MODEL.note) addNote(notes, field)
    else if (field.number === MODEL.graph && field.kind === 2) {
      graphs++
      walkGraph(field.bytes, found, 0)
    } else if (field.number === MODEL.function) walkFunction(field.bytes, found, own)
  }
  if (format === 0 || graphs === 0) throw new WireError('it names no version of the format, or has no graph')
  for (const [domain, operators] of found.foreign)
    if (!own.has(domain))
      throw invalid(
        `it asks for operators of '${domain}' (${[...operators].slice(0, 3).join(', ')}), which are not part of ONNX Runtime`,
        'convert the model without custom operators: libraries of operators are code, and are not loaded',
      )
  return { format, producer: [producer, version].filter(Boolean).join(' '), opsets, notes, maps: found.maps }
}

function pairOf(field: WireField): [domain: string, version: number] {
  let [domain, version] = ['', 0]
  for (const part of fieldsOf(field.bytes))
    if (part.number === 1) domain = textOf(part)
    else if (part.number === 2) version = part.value
  return [domain, version]
}

function addNote(notes: Record<string, string>, field: WireField): void {
  let [key, value] = ['', '']
  for (const part of fieldsOf(field.bytes))
    if (part.number === 1) key = textOf(part)
    else if (part.number === 2) value = textOf(part)
  if (value.length <= NOTE && Object.keys(notes).length < MOST_NOTES && key !== '__proto__') notes[key] = value
}

function walkFunction(bytes: Uint8Array, found: Found, own: Set<string>): void {
  for (const field of fieldsOf(bytes))
    if (field.number === FUNCTION.domain) own.add(textOf(field))
    else if (field.number === FUNCTION.node) walkNode(field.bytes, found, 1)
}

function walkGraph(bytes: Uint8Array, found: Found, deep: number): void {
  if (deep > MOST_DEEP) throw invalid(`its graphs lie more than ${MOST_DEEP} deep in each other`, 'look where it comes from') // biome-ignore format: one line
  for (const field of fieldsOf(bytes))
    if (field.number === GRAPH.node) walkNode(field.bytes, found, deep)
    else if (field.number === GRAPH.tensor) checkTensor(field.bytes)
    else if (field.number === GRAPH.sparse) checkSparse(field.bytes)
}

function walkNode(bytes: Uint8Array, found: Found, deep: number): void {
  let [operator, domain, input, output] = ['', '', '', '']
  const classes: (string | number)[] = []
  for (const field of fieldsOf(bytes))
    if (field.number === NODE.operator) operator = textOf(field)
    else if (field.number === NODE.domain) domain = textOf(field)
    else if (field.number === NODE.input) input ||= textOf(field)
    else if (field.number === NODE.output) output ||= textOf(field)
    else if (field.number === NODE.attribute) walkAttribute(field.bytes, found, deep, classes)
  if (!KNOWN.includes(domain)) {
    const operators = found.foreign.get(domain) ?? new Set()
    found.foreign.set(domain, operators.add(operator.slice(0, 100)))
  }
  if (operator === 'ZipMap' && deep === 0) found.maps[output] = { probabilities: input, classes }
}

function walkAttribute(bytes: Uint8Array, found: Found, deep: number, classes: (string | number)[]): void {
  let name = ''
  for (const field of fieldsOf(bytes)) {
    const { number } = field
    if (number === ATTRIBUTE.name) name = textOf(field)
    else if (number === ATTRIBUTE.tensor || number === ATTRIBUTE.tensors) checkTensor(field.bytes)
    else if (number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs) walkGraph(field.bytes, found, deep + 1)
    else if (number === ATTRIBUTE.sparse || number === ATTRIBUTE.sparses) checkSparse(field.bytes)
    else if (name === 'classlabels_strings' && number === ATTRIBUTE.strings) classes.push(textOf(field))
    else if (name === 'classlabels_int64s' && number === ATTRIBUTE.ints) classes.push(...wholes(field))
  }
}

function checkSparse(bytes: Uint8Array): void {
  for (const field of fieldsOf(bytes)) if (field.number <= 2 && field.kind === 2) checkTensor(field.bytes)
}

/** What a tensor declares has to be in the file: memory is asked for by what is declared. @throws MODEL_INVALID */
function checkTensor(bytes: Uint8Array): void {
  let [values, type, name] = [1, 0, '']
  let raw: number | undefined
  for (const field of fieldsOf(bytes))
    if (field.number === TENSOR.dims) for (const n of wholes(field)) values *= n
    else if (field.number === TENSOR.type) type = field.value
    else if (field.number === TENSOR.name) name = textOf(field).slice(0, 100)
    else if (field.number === TENSOR.raw) raw = field.bytes.length
    else if (field.number === TENSOR.external || (field.number === TENSOR.location && field.value === 1))
      throw invalid(
        `the values of '${name}' lie in another file`,
        'write it as one file: onnx.save(model, path, save_as_external_data=False)',
      )
  const width = WIDTHS[type]
  const held = raw !== undefined && width !== undefined ? raw === values * width : values <= 2 * bytes.length
  if (!held)
    throw invalid(
      `the tensor '${name}' declares ${values} values, and ${raw ?? bytes.length} bytes are there for them`,
      'write it again: it is damaged, or made to fill memory',
    )
}

/** The same file with the tensors that maps are made of as outputs, too: messages that follow each other are one (as all protocol buffers). */
export function withTensors(bytes: Uint8Array, { maps }: OnnxFile): Uint8Array {
  const names = [...new Set(Object.values(maps).map((m) => m.probabilities))]
  if (names.length === 0) return bytes
  const added = names.map((name) => lengthed(12, lengthed(1, Buffer.from(name))))
  return Buffer.concat([bytes, lengthed(7, Buffer.concat(added))])
}

function lengthed(field: number, bytes: Uint8Array): Uint8Array {
  const length: number[] = []
  let rest = bytes.length
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest & 127) | 128)
  return Buffer.concat([Uint8Array.of((field << 3) | 2, ...length, rest), bytes])
}
