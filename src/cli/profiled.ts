import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { resolveSecret } from '../base/secrets.ts'
import { openGuard } from '../data/connectors/guard/open.ts'
import { connector, kindOf } from '../data/connectors/index.ts'
import { hintOf } from '../data/connectors/json/arrays.ts'
import { accessOf } from '../data/profile/access.ts'
import { profile } from '../data/profile/profile.ts'
import type { Profile } from '../data/profile/types.ts'
import { createDuckdbEngine } from '../engines/duckdb/index.ts'
import { createLedger } from '../engines/ledger.ts'
import { build } from '../plan/nodes.ts'
import { byCount, plural } from '../runs/text.ts'
import { resultOf } from '../sdk/task.ts'
import { interruptible } from './interrupt.ts'
import { versionOf, withClient } from './list.ts'
import { note, plain } from './output.ts'
import { stageReporter } from './progress.ts'

/** A profile, and what it is of: a file (no version), or a version of a dataset. */
export interface Profiled {
  readonly name: string
  readonly version: number | null
  readonly profile: Profile
  /** Rows of a file that were left out, by reason. */
  readonly rejected?: Readonly<Record<string, number>>
}

/** Rows that are looked at to find out what a file's columns are. */
const LOOKED_AT = 100_000

/** Kinds of files whose broken rows can be left out. */
const LEAVES_OUT: readonly string[] = ['csv', 'json', 'sqlite']

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

async function ofFile(path: string, target: string | undefined, at: string | undefined): Promise<Profiled> {
  const file = resolve(path)
  const temp = await mkdtemp(join(tmpdir(), 'galley-profile-'))
  const duckdb = createDuckdbEngine({ memoryMiB: readConfig().memoryMiB, temp: join(temp, 'duckdb') })
  const guard = openGuard({ temp: () => join(temp, 'opened', newId()), memoryMiB: duckdb.memoryMiB })
  try {
    return await interruptible(async (signal) => {
      const scope = { workspace: 'profile', caller: 'profile' }
      const ctx = { duckdb, scope, signal, ledger: createLedger() }
      const source = await connector(await kindOf(file))
      let files = 0
      const keep = async () => join(temp, `copy-${++files}`)
      const snapshot = await duckdb.session(ctx, async (query) => {
        const given = at === undefined ? {} : { at }
        const { columns, options, within } = await source.discover(file, LOOKED_AT, {
          ...{ signal, query, guard },
          secret: resolveSecret,
          options: given,
          temp: keep,
        })
        if (columns.length === 0)
          throw new GalleyError('SOURCE_BROKEN', {
            what: `${path} has no columns`,
            why: 'no record of it has a key',
            fix: 'look where the file comes from: there is nothing to look at in it',
          })
        const hint = at === undefined ? hintOf(within ?? []) : undefined
        if (hint !== undefined) note(`${hint} (galley profile FILE --at KEYS)`)
        const spec = {
          connector: source.kind,
          path: file,
          columns: Object.fromEntries(columns.map((c) => [c.name, c.type])),
          // what can't be read is said, and is no reason not to look at the rest
          options: { ...options, ...given, ...(LEAVES_OUT.includes(source.kind) ? { broken: 'skip' } : {}) },
        }
        return source.snapshot(spec, file, {
          ...{ scope, signal, query, guard, keep, secret: resolveSecret, progress: () => {} },
        })
      })
      for (const [why, n] of byCount(snapshot.rejected)) note(`${plural(n, 'row')} left out: ${plain(why)}`)
      const schema = snapshot.schema ?? []
      const rows = build({ op: 'scan', from: snapshot.from ?? { kind: 'parquet', files: snapshot.files }, schema })
      const found = await profile(rows, accessOf(ctx), { target: target ?? null, progress: drawn })
      return { name: basename(path), version: null, profile: found, rejected: snapshot.rejected }
    })
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
    await guard.close()
    await duckdb.close()
    await rm(temp, { recursive: true, force: true })
  }
}

function drawn(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K  columns ${Math.floor(done)} of ${total - 1}`)
}
