import { GalleyError } from '../../../base/errors.ts'
import { newSalt } from '../../../base/ids.ts'
import type { Progress } from '../../../engines/engine.ts'
import { knownHash, stampOf } from '../files.ts'
import type { Answer, Question } from './message.ts'

/** An answer, and what a file that the process wrote is kept as. */
export interface Told {
  readonly answer: Answer
  named(name: string): string
}

/** A file that is being opened before its content is known, and before it is asked for. */
export interface Begun {
  /** Who is told how far it is, from now on. */
  toldTo(progress: ((p: Progress) => void) | undefined): void
  /** The answer to a question, where it is the one that was begun with and the file is as it was. @throws what opening it did */
  answerTo(question: Question): Promise<Told | undefined>
}

type Ask = (known: Question['known'], progress: (p: Progress) => void) => Promise<Answer>
type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/** The process is told a name that stands for the hash, which is put in its place once it is known. */
export function beginOn(question: Question, inTurn: InTurn, ask: Ask): Begun {
  const name = newSalt()
  let told: ((p: Progress) => void) | undefined
  const work = inTurn(async () => {
    const stamp = await stampOf(question.path)
    return { stamp, answer: await ask(stamp === undefined ? undefined : [stamp, name], (p) => told?.(p)) }
  })
  // nobody may ask for it
  work.catch(() => undefined)
  return {
    toldTo(progress) {
      told = progress
    },
    async answerTo(asked) {
      if (JSON.stringify(asked) !== JSON.stringify(question)) return undefined
      const { stamp, answer } = await work
      const [now, hash] = (await knownHash(question.path)) ?? []
      if (stamp === undefined || now !== stamp || hash === undefined) return undefined
      // connectors name a copy by the beginning of the hash
      const named = (file: string) => file.replace(name.slice(0, 16), hash.slice(0, 16))
      if (!('snapshot' in answer)) return { answer, named }
      const { snapshot } = answer
      if (snapshot.hash !== name) throw strange(question.path)
      return { answer: { snapshot: { ...snapshot, hash } }, named }
    },
  }
}

/** @returns the error for a process that does what it was not asked for */
export const strange = (path: string): GalleyError =>
  new GalleyError('SOURCE_HOSTILE', {
    what: `${path} could not be opened safely`,
    why: 'the process that opens files gave what it was not asked for',
    fix: 'look where the file comes from; nothing of it was used',
    details: { path },
  })
