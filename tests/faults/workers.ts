import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { type Ended, ended, MAIN } from '../e2e/command.ts'
import { type Ground, until } from './ground.ts'

/** A process of the command line under way. */
export interface Started {
  readonly child: ChildProcess
  readonly end: Promise<Ended>
  /** What it has said on stderr. */
  said(): string
}

export interface StartOptions {
  readonly env?: Record<string, string>
  /** What Node loads first. */
  readonly preload?: string
}

function started(home: string, args: readonly string[], { env = {}, preload }: StartOptions): Started {
  const first = preload === undefined ? [] : ['--import', preload]
  const child = spawn(process.execPath, [...first, MAIN, ...args], {
    env: { ...process.env, GALLEY_HOME: home, GALLEY_LOG: 'warn', GALLEY_THREADS: '1', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (text) => (said += String(text)))
  return { child, end: ended(child), said: () => said }
}

const isOver = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null

/** Starts one and waits until it has said something. */
async function saying(what: string, made: Started, text: RegExp): Promise<Started> {
  await until(what, async () => text.test(made.said()) || isOver(made))
  if (isOver(made)) throw new Error(`${what} ended: ${(await made.end).err}`)
  return made
}

export const worker = ({ home }: Pick<Ground, 'home'>, options: StartOptions = {}): Promise<Started> =>
  saying('a worker', started(home, ['worker'], options), /worker of/)

export async function server({ home }: Ground): Promise<Started & { url: string }> {
  const made = await saying('a server', started(home, ['up', '--port', '0'], {}), / on http:\S+/)
  return { ...made, url: / on (http:\S+)/.exec(made.said())?.[1] ?? '' }
}

/** Ends them as a person does. @throws when one ends with a fault */
export async function stopped(...all: readonly Started[]): Promise<void> {
  for (const { child } of all) {
    child.kill('SIGCONT')
    child.kill('SIGTERM')
  }
  for (const { code, err } of await Promise.all(all.map((s) => s.end)))
    if (code !== 0) throw new Error(`a process that was asked to stop ended with ${code}: ${err.slice(-2000)}`)
}

export async function killed({ child, end }: Started): Promise<void> {
  child.kill('SIGKILL')
  await end
}
