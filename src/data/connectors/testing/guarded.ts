import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { ConnectorContext, SourceSpec } from '../connector.ts'
import type { Guard, Limits } from '../guard/guard.ts'
import { openGuard } from '../guard/open.ts'
import { snapshotContext } from './context.ts'

/** MiB that a guarded process may hold in tests. */
export const MEMORY = 900

/** What a test of the guard works with; anew for each. */
export interface Guarded {
  folder: string
  guard: Guard
  limits: Limits
  context(more?: Partial<ConnectorContext>): ConnectorContext
  /** Writes a file. */
  put(name: string, bytes: Buffer | string): string
  load(path: string, kind: string, columns?: object, options?: object): ReturnType<Guard['snapshot']>
}

export const never: ConnectorContext['query'] = () =>
  Promise.reject(new Error('this process opens no file from outside'))

export const specOf = (connector: string, path: string, columns: object, options: object = {}): SourceSpec =>
  ({ connector, path, columns, options }) as SourceSpec

/** A folder and a guard for each test of a file. */
export function guarded(): Guarded {
  let made = 0
  const g = {
    context: (more = {}) => snapshotContext(never, g.folder, more),
    put(name, bytes) {
      const path = join(g.folder, name)
      writeFileSync(path, bytes)
      return path
    },
    load: (path, kind, columns = { n: 'int64' }, options = {}) =>
      g.guard.snapshot(kind, specOf(kind, path, columns, options), path, g.context()),
  } as Guarded
  beforeEach(async () => {
    g.folder = await mkdtemp(join(tmpdir(), 'galley-guard-'))
    g.limits = { memoryMiB: MEMORY, cpuSeconds: 15, seconds: 20 }
    const temp = () => join(g.folder, `opened-${++made}`)
    g.guard = openGuard({ temp, memoryMiB: 300, threads: 2, limits: () => g.limits })
  })
  afterEach(async () => {
    await g.guard.close()
    await rm(g.folder, { recursive: true, force: true })
  })
  return g
}
