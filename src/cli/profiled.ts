import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { accessOf } from '../data/profile/access.ts'
import { profile } from '../data/profile/profile.ts'
import type { Profile } from '../data/profile/types.ts'
import { resultOf } from '../sdk/task.ts'
import { interruptible } from './interrupt.ts'
import { versionOf, withClient } from './list.ts'
import { stageReporter } from './progress.ts'
import { withFile } from './sources/opened.ts'

/** A profile, and what it is of: a file (no version), or a version of a dataset. */
export interface Profiled {
  readonly name: string
  readonly version: number | null
  readonly profile: Profile
  /** Rows of a file that were left out, by reason. */
  readonly rejected?: Readonly<Record<string, number>>
}

/** The profile of a file where there is one of that name, else of a dataset. Ctrl-C cancels; progress is drawn on a terminal. @throws SOURCE_*, DATASET_UNKNOWN */
export async function profiled(what: string, target: string | undefined, at?: string): Promise<Profiled> {
  if (existsSync(what)) return ofFile(what, target, at)
  return withClient((client) =>
    interruptible(async (signal) => {
      const { name, version } = versionOf(what)
      const body = { ...(version === undefined ? {} : { version }), ...(target === undefined ? {} : { target }) }
      const { progress } = stageReporter()
      const found = await resultOf<Profiled>(await client.datasets.profiling({ name, body }, { signal }), progress)
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
      return found
    }),
  )
}

const ofFile = (path: string, target: string | undefined, at: string | undefined): Promise<Profiled> =>
  withFile(path, { at, command: 'profile' }, async ({ rows, ctx, rejected }) => {
    const found = await profile(rows, accessOf(ctx), { target: target ?? null, progress: drawn })
    return { name: basename(path), version: null, profile: found, rejected }
  })

function drawn(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K  columns ${Math.floor(done)} of ${total - 1}`)
}
