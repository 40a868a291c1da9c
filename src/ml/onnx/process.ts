import { fileURLToPath } from 'node:url'
import { cancelled, GalleyError } from '../../base/errors.ts'
import { beginConfined } from '../../data/connectors/guard/confined.ts'
import { command } from '../../data/connectors/guard/launch.ts'
import { watch } from '../../data/connectors/guard/watch.ts'
import { type Frame, frameOf, reader } from './frames.ts'
import { Answer, type Loaded, type Question, type Said, type TensorHead } from './message.ts'
import { runtimeHere } from './runtime.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
/** Bytes of an answer at most: 4,096 rows of a thousand classes have 32 MiB. */
const MOST_SAID = 256 << 20
/** What a process says on stderr that is kept. */
const MOST_COMPLAINED = 4096

/** What a model may take of the machine. */
export interface Limits {
  /** To be loaded, and to answer up to some thousands of rows. */
  readonly seconds: number
  /** Memory of its process. */
  readonly memoryMiB: number
}

/** A model that runs in a process of its own. */
export interface Session extends Loaded {
  /** False once the process is gone. */
  readonly alive: boolean
  readonly pid: number
  /** One output for rows. @throws MODEL_FAILED, CANCELLED */
  run(ask: Ask): Promise<{ readonly dims: readonly number[]; values: Float64Array }>
  close(): Promise<void>
}

export interface Ask {
  readonly tensors: readonly TensorHead[]
  readonly pieces: readonly Uint8Array[]
  readonly output: string
  /** Whether the model takes one row at a time. */
  readonly single: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Loads an ONNX file in a process of its own, so that one that is made to crash, to fill memory or never to end costs one error.
 * @throws MODEL_INVALID for a file that can't be used, MODEL_FAILED for one that its process was lost with, ONNX_MISSING, CANCELLED
 */
export async function openSession(bytes: Uint8Array, limits: Limits, signal?: AbortSignal): Promise<Session> {
  const { module, binary } = runtimeHere()
  const { file, args } = command(binary, limits.memoryMiB, undefined, CHILD)
  const { child, ended, alive, complaint } = beginConfined(file, [...args, module], '/', MOST_COMPLAINED)
  let waiting: ((frame: Frame) => void) | undefined
  const hear = reader(MOST_SAID, (frame) => waiting?.(frame))
  child.stdout.on('data', (piece: Buffer) => {
    try {
      hear(piece)
    } catch {
      child.kill('SIGKILL')
    }
  })

  /** One question at a time. */
  const ask = async (question: Question, pieces: readonly Uint8Array[], by?: AbortSignal) => {
    if (!alive()) throw died(await ended, complaint())
    let why: string | undefined
    const stop = (because: string) => {
      why ??= because
      child.kill('SIGKILL')
    }
    const cancel = () => stop('it was cancelled')
    const may = { memoryMiB: limits.memoryMiB, seconds: limits.seconds, cpuSeconds: Number.POSITIVE_INFINITY }
    const unwatch = watch(child.pid ?? 0, may, stop)
    by?.addEventListener('abort', cancel, { once: true })
    if (by?.aborted) cancel()
    try {
      const heard = new Promise<Frame>((resolve) => (waiting = resolve))
      for (const piece of frameOf(question, pieces)) child.stdin.write(piece)
      const frame = await Promise.race([heard, ended.then(() => undefined)])
      if (by?.aborted) throw cancelled(by.reason)
      if (frame === undefined) throw died(why ?? (await ended), complaint())
      const said = Answer.safeParse(frame.head)
      if (!said.success) {
        stop('it answered what it was not asked')
        throw died(why ?? '', '')
      }
      const believed: Said = said.data
      return { said: believed, body: frame.body }
    } finally {
      waiting = undefined
      unwatch()
      by?.removeEventListener('abort', cancel)
    }
  }
  let last: Promise<unknown> = Promise.resolve()
  const inTurn: typeof ask = (...asked) => {
    const done = last.then(() => ask(...asked))
    last = done.catch(() => undefined)
    return done
  }
  const close = async () => {
    child.stdin.end()
    child.kill('SIGKILL')
    await ended
  }

  const { said } = await inTurn({ load: true }, [bytes], signal).catch(async (thrown: unknown) => {
    await close()
    throw thrown
  })
  if (!('loaded' in said)) {
    await close()
    throw failureOf(said)
  }
  return {
    ...said.loaded,
    pid: child.pid ?? 0,
    get alive() {
      return alive()
    },
    async run({ tensors, pieces, output, single, signal: by }) {
      const { said: answered, body } = await inTurn({ run: tensors, output, single }, pieces, by)
      if (!('ran' in answered)) throw failureOf(answered)
      const values = new Float64Array(body.slice().buffer, 0, Math.floor(body.byteLength / 8))
      return { dims: answered.ran.dims, values }
    },
    close,
  }
}

function failureOf(said: Said): GalleyError {
  if (!('failure' in said)) return died('it answered what it was not asked', '')
  const { code, why, fix } = said.failure
  const [what, otherwise] =
    code === 'MODEL_INVALID'
      ? ['the ONNX file can not be used', 'convert it with a version of operators that ONNX Runtime 1.30 knows (opset 26 or older), and check it with onnx.checker'] // biome-ignore format: one line
      : ['the ONNX model failed on rows that it was given', 'try it on such rows where it was made']
  return new GalleyError(code, { what, why, fix: fix ?? otherwise })
}

function died(why: string, complaint: string): GalleyError {
  const said = /std::bad_alloc|terminate called[^\n]*|FATAL ERROR: [^\n]{0,120}/.exec(complaint)?.[0]
  return new GalleyError('MODEL_FAILED', {
    what: 'the ONNX model could not be run safely',
    why: `the process that runs it was lost with it: ${why}${said ? ` (${said})` : ''}`,
    fix: 'look where the file comes from; for a sound one that is large or slow, say limits: { memoryMiB: …, seconds: … }',
  })
}
