import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceSpec } from '../connector.ts'

const FLAGS = ['--no-warnings']
const SCRIPT = new URL('./killed.ts', import.meta.url).pathname

/** How often a reader, a writer or a forgetting is killed; `GALLEY_KILLS=50` kills each that often. */
export const KILLS = Number(process.env['GALLEY_KILLS'] ?? 3)

/** A store that another process opens. */
export interface StoreAt {
  readonly home: string
  readonly workspace: string
}

/** Reads a source in another process; killed `after` ms of reading when that is given. Gives the files when it came to its end. */
export async function readElsewhere(
  spec: SourceSpec,
  path: string,
  folder: string,
  after?: number,
  store?: StoreAt,
): Promise<string[] | undefined> {
  mkdirSync(join(folder, 'kept'), { recursive: true })
  const child = spawn(
    process.execPath,
    [...FLAGS, SCRIPT, JSON.stringify(spec), path, folder, JSON.stringify(store ?? null)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  child.stderr.on('data', (data) => (said += String(data)))
  const ended = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
  const began = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  await Promise.race([began, ended])
  if (after !== undefined) {
    await sleep(after)
    child.kill('SIGKILL')
  }
  const code = await ended
  if (code === 0) return JSON.parse(readFileSync(join(folder, 'done.json'), 'utf8')) as string[]
  if (after === undefined) throw new Error(`the reader failed: ${said}`)
  return undefined
}
