import { createInterface } from 'node:readline'
import { GalleyError } from '../../../base/errors.ts'
import { openSessions } from '../../../engines/duckdb/database.ts'
import { createLedger } from '../../../engines/ledger.ts'
import type { DiscoverContext } from '../connector.ts'
import { rememberHash } from '../files.ts'
import { connector } from '../index.ts'
import { type Answer, lineOf, type Question } from './message.ts'
import { examineParquet } from './parquet.ts'

/**
 * The process that opens files from outside. Its working folder is its own, and all that it writes to; it is asked on stdin and answers on
 * stdout, and ends when stdin does.
 */
const { memoryMiB, threads } = JSON.parse(process.argv[2] ?? '{}') as { memoryMiB: number; threads?: number }
const engine = await openSessions({ memoryMiB, temp: 'duckdb', ...(threads ? { threads } : {}) })
const { signal } = new AbortController()
const scope = { workspace: 'guarded', caller: 'guarded' }

const say = (answer: Answer): void => {
  process.stdout.write(lineOf(answer))
}
const secret = (): never => {
  throw new GalleyError('SECRET_UNKNOWN', {
    what: 'a file asks for a secret',
    why: 'the process that opens files is given none',
  })
}

async function answer(q: Question): Promise<Answer> {
  if (q.known) rememberHash(...q.known)
  const source = await connector(q.kind)
  return engine.session({ scope, signal, ledger: createLedger() }, async (query) => {
    const reach = { signal, secret, query }
    if (q.kind === 'parquet') await examineParquet(q.path, query)
    if (q.discover) {
      let files = 0
      const ctx: DiscoverContext = { ...reach, options: q.discover.options, temp: async () => `look-${++files}` }
      return { discovery: await source.discover(q.path, q.discover.rows, ctx) }
    }
    const { spec, inPlace, wanted, since } = q.snapshot as NonNullable<Question['snapshot']>
    const snapshot = await source.snapshot(spec, q.path, {
      ...reach,
      scope,
      inPlace,
      progress: (progress) => say({ progress }),
      keep: async (name) => name,
      ...(wanted ? { wanted } : {}),
      ...(since === undefined ? {} : { since }),
    })
    if (q.kind === 'parquet') await examineParquet(q.path, query, spec)
    return { snapshot }
  })
}

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question
  try {
    say(await answer(question))
  } catch (error) {
    const { code, what, why, fix, details } =
      error instanceof GalleyError
        ? error
        : new GalleyError('ENGINE_FAILED', { what: `${question.path} can't be read`, why: String(error) })
    say({
      failure: { code, what, details, ...(why === undefined ? {} : { why }), ...(fix === undefined ? {} : { fix }) },
    })
  }
}
engine.close()
