import type { Streamed, TaskLine } from '../api/contract/route.ts'
import { GalleyError } from '../base/errors.ts'
import { errorOf } from './failure.ts'

/** Follows long work to its end: tells how far it is, gives its result. @throws what it failed with, SERVER_UNREACHABLE */
export async function resultOf<T>(answer: Streamed, tell: (stage: string, done: number) => void): Promise<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of answer.bytes) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const line = JSON.parse(text) as TaskLine
      if (line.error) throw errorOf(line.error)
      if (line.stage === undefined) return line.result as T
      tell(line.stage, line.done ?? 0)
    }
  }
  throw new GalleyError('SERVER_UNREACHABLE', {
    what: 'the answer ended before its result',
    why: 'the server may have stopped',
    fix: 'start it again and ask once more: what was done is kept',
  })
}
