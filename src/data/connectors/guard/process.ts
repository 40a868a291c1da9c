import type { ChildProcess } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { cancelled, GalleyError } from '../../../base/errors.ts'
import type { Progress } from '../../../engines/engine.ts'
import { beginConfined } from './confined.ts'
import type { GuardOptions, Limits } from './guard.ts'
import { command, NOBODY, readableByAll } from './launch.ts'
import { type Answer, answerOf, lineOf, type Question } from './message.ts'
import { look, watch } from './watch.ts'

/** What a process may answer in one line, and say on stderr, bytes. */
const MOST_SAID = 16 << 20
const MOST_COMPLAINED = 8192

/** A process that opens files, one after the other. */
export interface Opener {
  /** Its working folder: what it writes lies there. */
  readonly folder: string
  /** Whether it can be asked again, for a file that asks for no more memory. */
  fit(path: string, limits: Limits): boolean
  ask(q: Question, limits: Limits, progress: (p: Progress) => void, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

export function startOpener(options: GuardOptions, path: string, limits: Limits): Opener {
  const folder = options.temp()
  mkdirSync(folder, { mode: 0o700, recursive: true })
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY)
  const { file, args, readsAll } = command(path, limits.memoryMiB, Math.ceil(limits.cpuSeconds * MOST_FILES))
  const own = JSON.stringify({ memoryMiB: options.memoryMiB, threads: options.threads })
  const { child, ended, alive, complaint } = beginConfined(file, [...args, own], folder, MOST_COMPLAINED)
  const heard = listen(child)
  let asked = 0
  // what earlier files left in it is not counted as a later one's
  const lean = () => (look(child.pid ?? 0)?.bytes ?? 0) < limits.memoryMiB * 2 ** 19
  return {
    folder,
    fit: (next, more) =>
      alive() &&
      (next === path || readsAll || readableByAll(next)) &&
      asked < MOST_FILES &&
      more.memoryMiB <= limits.memoryMiB &&
      lean(),
    async ask(q, may, progress, signal) {
      asked++
      let why: string | undefined
      const stop = (because: string) => {
        why ??= because
        child.kill('SIGKILL')
      }
      const cancel = () => stop('it was cancelled')
      const unwatch = watch(child.pid ?? 0, may, stop)
      signal.addEventListener('abort', cancel, { once: true })
      if (signal.aborted) cancel()
      try {
        child.stdin.write(lineOf(q))
        for (;;) {
          const line = await Promise.race([heard(), ended.then(() => undefined)])
          if (signal.aborted) throw cancelled(signal.reason)
          if (line === undefined) throw died(q.path, why ?? (await ended), complaint())
          const answer = answerOf(line)
          if (!answer) stop('it answered what it was not asked')
          else if ('progress' in answer) progress(answer.progress as Progress)
          else return answer
        }
      } finally {
        unwatch()
        signal.removeEventListener('abort', cancel)
      }
    },
    async close() {
      child.stdin.end()
      child.kill('SIGKILL')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Files that one process opens at most: what one left in it is not there for ever. */
const MOST_FILES = 500

/** Lines as they are asked for; a line that does not end makes it fail. */
function listen(child: ChildProcess): () => Promise<string> {
  const lines: string[] = []
  let waiting: ((line: string) => void) | undefined
  let length = 0
  child.stdout?.on('data', (part: Buffer) => {
    length = part.includes(0x0a) ? 0 : length + part.length
    if (length > MOST_SAID) child.kill('SIGKILL')
  })
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (waiting) {
        waiting(line)
        waiting = undefined
      } else lines.push(line)
    })
  return () => {
    const next = lines.shift()
    return next === undefined ? new Promise((resolve) => (waiting = resolve)) : Promise.resolve(next)
  }
}

function died(path: string, why: string, complaint: string): GalleyError {
  const said = /FATAL ERROR: [^\n]{0,120}heap|std::bad_alloc|terminate called[^\n]*/.exec(complaint)?.[0]
  return new GalleyError('SOURCE_HOSTILE', {
    what: `${path} could not be opened safely`,
    why: `the process that opens files was lost with it: ${why}${said ? ` (${said})` : ''}`,
    fix: 'look where the file comes from, and write it again from its data; for a sound one that is large, raise GALLEY_MEMORY (MiB)',
    details: { path },
  })
}
