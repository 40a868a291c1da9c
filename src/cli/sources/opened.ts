import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readConfig } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { resolveSecret } from '../../base/secrets.ts'
import { openGuard } from '../../data/connectors/guard/open.ts'
import { connector, kindOf } from '../../data/connectors/index.ts'
import { hintOf } from '../../data/connectors/json/arrays.ts'
import { createDuckdbEngine } from '../../engines/duckdb/index.ts'
import { createLedger } from '../../engines/ledger.ts'
import type { Engines } from '../../engines/plans.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { byCount, plural } from '../../runs/text.ts'
import { interruptible } from '../interrupt.ts'
import { note, plain } from '../output.ts'

/** Rows that are looked at to find out what a file's columns are. */
const LOOKED_AT = 100_000

/** Kinds of files whose broken rows can be left out. */
const LEAVES_OUT: readonly string[] = ['csv', 'json', 'sqlite']

/** A file's rows, as a plan of them. */
export interface Opened {
  readonly rows: Node
  readonly ctx: Engines
  /** Rows that were left out, by reason. */
  readonly rejected: Readonly<Record<string, number>>
}

/** Opens a file for `use`, its columns as they are found; `command` is named in hints. Ctrl-C cancels. @throws SOURCE_* */
export async function withFile<T>(
  path: string,
  { at, command }: { readonly at: string | undefined; readonly command: string },
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  const file = resolve(path)
  const temp = await mkdtemp(join(tmpdir(), `galley-${command}-`))
  const duckdb = createDuckdbEngine({ memoryMiB: readConfig().memoryMiB, temp: join(temp, 'duckdb') })
  const guard = openGuard({ temp: () => join(temp, 'opened', newId()), memoryMiB: duckdb.memoryMiB })
  try {
    return await interruptible(async (signal) => {
      const scope = { workspace: command, caller: command }
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
        if (hint !== undefined) note(`${hint} (galley ${command} FILE --at KEYS)`)
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
      return use({ rows, ctx, rejected: snapshot.rejected })
    })
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K')
    await guard.close()
    await duckdb.close()
    await rm(temp, { recursive: true, force: true })
  }
}
