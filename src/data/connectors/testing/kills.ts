import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceSpec } from '../connector.ts'

const SCRIPT = new URL('./killed.ts', import.meta.url).pathname

/** How often a reader, a writer or a forgetting is killed; `GALLEY_KILLS=50` kills each that often. */
export const KILLS = Number(process.env['GALLEY_KILLS'] ?? 3)

/** Reads a source in another process; killed `after` ms of reading when that is given. Gives the files when it came to its end. */
export async function readElsewhere(
  spec: SourceSpec,
  path: string,
  folder: string,
  after?: number,
): Promise<string[] | undefined> {
  mkdirSync(join(folder, 'kept'), { recursive: true })
  const child = spawn(process.execPath, ['--no-warnings', SCRIPT, JSON.stringify(spec), path, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
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
