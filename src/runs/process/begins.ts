import { begin, type Command, type Ended } from './child.ts'

/** A command to run, or (without one) the end of it. */
export interface Asked {
  readonly id: number
  readonly command?: Command
}

export interface Told {
  readonly id: number
  readonly ended: Ended
}

/** The process that begins programs for another one: it is asked, and tells how each ended. Once that one is gone it ends what it began, and itself. */
const under = new Map<number, AbortController>()

// whoever asks decides; a Ctrl-C goes to both
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => undefined)
process.on('disconnect', () => {
  for (const stop of under.values()) stop.abort()
})
process.on('message', ({ id, command }: Asked) => {
  if (!command) return under.get(id)?.abort()
  const stop = new AbortController()
  under.set(id, stop)
  void begin(command, stop.signal, () => undefined).then((ended) => {
    under.delete(id)
    if (process.connected) process.send?.({ id, ended } satisfies Told)
  })
})
