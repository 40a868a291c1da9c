import { createRequire } from 'node:module'
import { GalleyError } from '../../base/errors.ts'
import { examined, withTensors } from './file.ts'
import { type Frame, frameOf, reader } from './frames.ts'
import type { Port, Question, Said, TensorHead } from './message.ts'
import { isTensorType, type Numbers, numbersIn } from './tensors.ts'

/**
 * The process that runs a model from elsewhere: it is given the file's bytes and rows on stdin, answers on stdout, and ends when stdin does. It has
 * no files, no network and no secrets.
 */

/** What is used of onnxruntime-node, which need not be installed. */
interface Tensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: Numbers | readonly string[]
}
interface Metadata {
  readonly name: string
  readonly isTensor: boolean
  readonly type?: string
  readonly shape?: readonly (string | number)[]
}
interface Session {
  readonly inputMetadata: readonly Metadata[]
  readonly outputMetadata: readonly Metadata[]
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>>
}
interface OnnxRuntime {
  readonly Tensor: new (type: string, data: Numbers | readonly string[], dims: readonly number[]) => Tensor
  readonly InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> }
}

const ort: OnnxRuntime = createRequire(import.meta.url)(process.argv[2] ?? '')
// one thread, one operator after the other: the same rows give the same bytes
const OPTIONS = { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential', logSeverityLevel: 4 } // biome-ignore format: one line
const MOST_SAID = 2000

let session: Session | undefined

const say = (said: Said, pieces: readonly Uint8Array[] = []): void => {
  for (const piece of frameOf(said, pieces)) process.stdout.write(piece)
}

const portOf = ({ name, isTensor, type, shape }: Metadata): Port => ({
  name,
  type: isTensor && type !== undefined ? type : null,
  shape: (shape ?? []).map((d) => (typeof d === 'number' ? d : String(d))),
})

async function load(bytes: Uint8Array): Promise<void> {
  const file = examined(bytes)
  session = await ort.InferenceSession.create(withTensors(bytes, file), OPTIONS)
  const { inputMetadata, outputMetadata } = session
  say({ loaded: { inputs: inputMetadata.map(portOf), outputs: outputMetadata.map(portOf), file } })
}

function tensorsOf(heads: readonly TensorHead[], body: Uint8Array): Tensor[] {
  let at = 0
  return heads.map(({ type, dims, texts }) => {
    if (texts) return new ort.Tensor('string', texts, dims)
    if (!isTensorType(type) || type === 'string') throw new Error(`no tensor of ${type}`)
    const width = numbersIn(type, new Uint8Array(0)).BYTES_PER_ELEMENT
    const length = dims.reduce((a, b) => a * b, width)
    const data = numbersIn(type, body.subarray(at, (at += length)))
    return new ort.Tensor(type, data, dims)
  })
}

/** One row of a tensor of rows. */
function rowOf({ type, dims, data }: Tensor, row: number): Tensor {
  const width = dims.slice(1).reduce((a, b) => a * b, 1)
  const [from, to] = [row * width, (row + 1) * width]
  return new ort.Tensor(type, ArrayBuffer.isView(data) ? data.subarray(from, to) : data.slice(from, to), [1, ...dims.slice(1)]) // biome-ignore format: one line
}

async function answer({ run, output, single }: Extract<Question, { run: unknown }>, body: Uint8Array): Promise<void> {
  const tensors = tensorsOf(run, body)
  const ask = async (given: readonly Tensor[]) => {
    const feeds = Object.fromEntries(run.map(({ name }, i) => [name, given[i] as Tensor]))
    const made = (await session?.run(feeds, [output]))?.[output]
    if (!made) throw new Error('nothing came of it')
    if (!ArrayBuffer.isView(made.data)) throw new Error(`the output '${output}' is of ${made.type}`)
    return { dims: made.dims, values: Float64Array.from(made.data as Iterable<number | bigint>, Number) }
  }
  const rows = run[0]?.dims[0] ?? 0
  if (!single) {
    const { dims, values } = await ask(tensors)
    return say({ ran: { dims: [...dims] } }, [new Uint8Array(values.buffer)])
  }
  const parts: Float64Array[] = []
  for (let i = 0; i < rows; i++) parts.push((await ask(tensors.map((t) => rowOf(t, i)))).values)
  const width = parts[0]?.length ?? 0
  say(
    { ran: { dims: [rows, width] } },
    parts.map((p) => new Uint8Array(p.buffer)),
  )
}

/** What ONNX Runtime says, without the places in its own source. */
const plainly = (said: string): string =>
  said
    .replace(/\/onnxruntime_src\/\S+ [^\n]*?\) (?=[A-Z[])/g, '')
    .trim()
    .slice(0, MOST_SAID)

async function told({ head, body }: Frame): Promise<void> {
  const question = head as Question
  const code = 'load' in question ? 'MODEL_INVALID' : 'MODEL_FAILED'
  try {
    await ('load' in question ? load(body) : answer(question, body))
  } catch (thrown) {
    if (thrown instanceof GalleyError) {
      const { why = thrown.what, fix } = thrown
      say({ failure: { code, why, ...(fix === undefined ? {} : { fix }) } })
    } else say({ failure: { code, why: plainly(String((thrown as Error).message ?? thrown)) } })
  }
}

// one question after the other
let last: Promise<void> = Promise.resolve()
const hear = reader(2 ** 31, (frame) => {
  last = last.then(() => told(frame))
})
process.stdin.on('data', hear)
process.stdin.on('end', () => process.exit(0))
