import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/base/config.ts'
import { type Galley, openGalley } from '../../src/main.ts'

export interface Setting {
  wanted(name: string): boolean
  readonly runs: number
  readonly small: boolean
  readonly signal: AbortSignal
  say(line: string): void
  readonly notes: string[]
}

/** A Galley with a data folder of its own, which goes when the work is done. */
export async function withGalley<T>(work: (galley: Galley, home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), 'galley-runs-'))
  const galley = await openGalley({ ...readConfig({}), home, log: 'silent' })
  try {
    return await work(galley, home)
  } finally {
    await galley.close()
    rmSync(home, { recursive: true, force: true })
  }
}
