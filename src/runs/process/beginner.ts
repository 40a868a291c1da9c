import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { GalleyError } from '../../base/errors.ts'
import type { Asked, Told } from './begins.ts'
import { type Begin, type Ended, LOOK } from './child.ts'

const BEGINS = fileURLToPath(new URL('./begins.ts', import.meta.url))

/** What begins many programs, one after the other or side by side. */
export interface Beginner {
  readonly begin: Begin
  /** Ends it, once what it began has ended. */
  close(): Promise<void>
}

/**
 * A small process that begins programs for this one: to fork one that holds hundreds of megabytes takes it tens of milliseconds, in which it does nothing else, and
 * slows it down after. It ends with this one, and what it began with it.
 */
export function openBeginner(step: string): Beginner {
  // no secret, no setting: nothing of the environment
  const child = fork(BEGINS, { env: {}, execArgv: ['--no-warnings'], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const asked = new Map<number, { end(ended: Ended): void; fail(error: GalleyError): void }>()
  let gone: string | undefined
  const over = (why: string) => {
    gone ??= why
    for (const { fail } of asked.values()) fail(lost(step, gone))
    asked.clear()
  }
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => over(error.message))
    child.once('exit', (code, by) => {
      over(by ? `it was ended by ${by}` : `it ended with code ${code}`)
      resolve()
    })
  })
  child.on('message', ({ id, ended }: Told) => {
    asked.get(id)?.end(ended)
    asked.delete(id)
  })
  const tell = (message: Asked) => child.connected && child.send(message)
  let last = 0
  return {
    async begin(command, signal, look) {
      if (gone !== undefined) throw lost(step, gone)
      const id = ++last
      const stop = () => tell({ id })
      const timer = setInterval(look, LOOK)
      try {
        return await new Promise<Ended>((end, fail) => {
          asked.set(id, { end, fail })
          tell({ id, command })
          signal.addEventListener('abort', stop)
          if (signal.aborted) stop()
        })
      } finally {
        clearInterval(timer)
        signal.removeEventListener('abort', stop)
      }
    },
    async close() {
      if (child.connected) child.disconnect()
      // one that could not be begun never exits
      if (child.pid !== undefined) await closed
    },
  }
}

const lost = (step: string, why: string) =>
  new GalleyError('ENGINE_FAILED', {
    what: `the process that begins the programs of '${step}' is gone`,
    why,
    fix: 'run again: what is done is kept',
  })
