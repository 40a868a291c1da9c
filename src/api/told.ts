import { asGalleyError } from '../base/errors.ts'
import type { Failure, Streamed, TaskLine } from './contract/route.ts'

/**
 * Long work as lines of JSON: how far it is, as it goes on, then its result or its error. It is cancelled when the caller goes;
 * what it did until then it has to leave sound.
 */
export function told<T>(
  caller: AbortSignal,
  work: (tell: (stage: string, done: number) => void, signal: AbortSignal) => Promise<T>,
): Streamed {
  return { mediaType: 'application/jsonl; charset=utf-8', bytes: lines(caller, work) }
}

async function* lines<T>(caller: AbortSignal, work: Parameters<typeof told<T>>[1]): AsyncGenerator<Uint8Array> {
  const gone = new AbortController()
  const signal = AbortSignal.any([caller, gone.signal])
  const waiting: TaskLine[] = []
  let wake = () => {}
  const say = (line: TaskLine) => {
    // only the newest state matters to whoever reads slowly
    if (waiting.at(-1)?.stage !== undefined && line.stage !== undefined) waiting.pop()
    waiting.push(line)
    wake()
  }
  const encoder = new TextEncoder()
  const ended = work((stage, done) => say({ stage, done }), signal).then(
    (result) => say({ result }),
    (thrown) => say({ error: asGalleyError(thrown).toJSON() as Failure }),
  )
  try {
    for (;;) {
      const line = waiting.shift()
      if (!line) {
        await new Promise<void>((resolve) => (wake = resolve))
        continue
      }
      yield encoder.encode(`${JSON.stringify(line)}\n`)
      if (line.stage === undefined) return
    }
  } finally {
    gone.abort(new Error('the caller is gone'))
    await ended
  }
}
