import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** A process that is trusted with nothing, and how it goes. */
export interface Confined {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** How it ended, in words. */
  readonly ended: Promise<string>
  alive(): boolean
  /** The end of what it said on stderr. */
  complaint(): string
}

/** Begins one: no secret and no setting, nothing of the environment. Of what it says on stderr so many characters are kept. */
export function beginConfined(file: string, args: readonly string[], cwd: string, most: number): Confined {
  const child = spawn(file, args, { cwd, env: {}, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it could not be begun: ${error.message}`))
    child.once('close', (code, by) => resolve(by ? `it was ended by ${by}` : `it ended with code ${code}`))
  })
  let alive = true
  void ended.then(() => (alive = false))
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-most)))
  child.stdin.on('error', () => {}) // it is gone: `ended` tells
  return { child, ended, alive: () => alive, complaint: () => complaint }
}
