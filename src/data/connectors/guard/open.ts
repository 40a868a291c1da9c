import { chown, copyFile, lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CODES, type ErrorCode, GalleyError } from '../../../base/errors.ts'
import type { Progress } from '../../../engines/engine.ts'
import type { ConnectorContext, SourceSnapshot, SourceSpec } from '../connector.ts'
import { knownHash, requireFile } from '../files.ts'
import { type Begun, beginOn, strange, type Told } from './begun.ts'
import { type Guard, type GuardOptions, limitsOf } from './guard.ts'
import { type Answer, type Failure, OWN_NAME, type Question, SPILL } from './message.ts'
import { type Opener, startOpener } from './process.ts'

/** Opens files in a process of its own, which is begun when the first one is opened. */
export function openGuard(options: GuardOptions): Guard {
  let opener: Opener | undefined
  let last: Promise<unknown> = Promise.resolve()
  let idle: ReturnType<typeof setTimeout> | undefined
  let begun: Begun | undefined
  const limits = options.limits ?? ((kind, bytes) => limitsOf(options.memoryMiB, kind, bytes))

  /** One file after the other. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(idle)
    const done = last.then(work, work)
    const rest = done.then(
      () => undefined,
      () => undefined,
    )
    last = rest
    if (options.idleMs !== undefined) rest.then(() => last === rest && opener && leave(options.idleMs as number))
    return done
  }

  /** Ends the process after a while in which it opens no file. */
  function leave(ms: number): void {
    idle = setTimeout(() => void inTurn(ended), ms).unref()
  }

  async function asked<T>(
    question: Question,
    ctx: Asks,
    use: (answer: Answer, folder: string, named: Told['named']) => Promise<T>,
  ): Promise<T> {
    const { path } = question
    const was = begun
    begun = undefined
    try {
      const ahead = was && (await was.answerTo(question))
      if (was && !ahead) await ended()
      const answer = ahead?.answer ?? (await answered(question, await knownHash(path), ctx))
      if ('failure' in answer) throw failureOf(answer.failure, path)
      // nothing opens another file meanwhile
      return await use(answer, (opener as Opener).folder, ahead?.named ?? ((name) => name))
    } catch (error) {
      // what was lost, or holds more than it should, opens no other file
      if (!(error instanceof GalleyError) || LOST.includes(error.code)) await ended()
      throw error
    } finally {
      // it holds a name for the hash of that file
      if (was) await ended()
      else if (opener) await emptied(opener.folder)
    }
  }

  async function answered(question: Question, known: Question['known'], { signal, progress }: Asks): Promise<Answer> {
    const { size } = await requireFile(question.path)
    const may = limits(question.kind, size)
    if (opener) await emptied(opener.folder)
    if (opener && !opener.fit(question.path, may)) await ended()
    opener ??= startOpener(options, question.path, may)
    return opener.ask(known ? { ...question, known } : question, may, (p) => progress?.(p), signal)
  }

  async function ended(): Promise<void> {
    const gone = opener
    opener = undefined
    await gone?.close()
  }

  return {
    begin(kind, spec, path, { signal, ...ctx }) {
      const question = snapshotOf(kind, spec, path, ctx)
      begun = beginOn(question, inTurn, (known, progress) => answered(question, known, { signal, progress }))
    },
    snapshot(kind, spec, path, ctx) {
      begun?.toldTo(ctx.progress)
      return inTurn(() =>
        asked(snapshotOf(kind, spec, path, ctx), ctx, async (answer, folder, named) => {
          if (!('snapshot' in answer)) throw strange(path)
          return takenOver(answer.snapshot, path, folder, (name) => ctx.keep(named(name)))
        }),
      )
    },
    discover: (kind, path, rows, ctx) =>
      inTurn(() =>
        asked({ kind, path, discover: { rows, options: ctx.options ?? {} } }, ctx, async (answer) => {
          if (!('discovery' in answer)) throw strange(path)
          return answer.discovery
        }),
      ),
    close: () => inTurn(ended),
  }
}

interface Asks {
  readonly signal: AbortSignal
  progress?(p: Progress): void
}

function snapshotOf(
  kind: string,
  spec: SourceSpec,
  path: string,
  { inPlace = false, wanted, since }: Pick<ConnectorContext, 'inPlace' | 'wanted' | 'since'>,
): Question {
  const more = { ...(wanted ? { wanted } : {}), ...(since === undefined ? {} : { since }) }
  return { kind, path, snapshot: { spec, inPlace, ...more } }
}

const LOST: readonly ErrorCode[] = ['SOURCE_HOSTILE', 'CANCELLED', 'ENGINE_FAILED', 'DISK_FULL']

/** Removes what a file left behind in the folder of the process, but for where the engine spills. */
async function emptied(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name !== SPILL) await rm(join(folder, name), { recursive: true })
}

/** A snapshot whose files the process wrote, with those where they are kept. Nothing but plain files of its own folder is taken. */
async function takenOver(
  s: SourceSnapshot,
  path: string,
  folder: string,
  keep: (name: string) => Promise<string>,
): Promise<SourceSnapshot> {
  if (s.from && (s.from.kind !== 'csv' || s.from.file !== path)) throw strange(path)
  const own = async (name: string): Promise<string> => {
    if (name === path) return path
    if (!OWN_NAME.test(name)) throw strange(path)
    const made = join(folder, name)
    const info = await lstat(made).catch(() => undefined)
    if (!info?.isFile() || info.nlink !== 1) throw strange(path)
    const target = await keep(name)
    await rename(made, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error
      await copyFile(made, target)
      await rm(made)
    })
    if (process.getuid?.() === 0) await chown(target, 0, process.getgid?.() ?? 0)
    return target
  }
  const files: string[] = []
  for (const name of s.files) files.push(await own(name))
  return { ...s, files, ...(s.quarantine === undefined ? {} : { quarantine: await own(s.quarantine) }) }
}

/** What failed in the process, as it would have failed here. */
function failureOf({ code, what, why, fix, details }: Failure, path: string): GalleyError {
  // a file within the limits of any sound one that needs more memory than the engine has is said to be so
  const memory = code === 'ENGINE_FAILED' && /memory|bad allocation|bad_alloc/i.test(`${what} ${why}`)
  if (memory)
    return new GalleyError('SOURCE_HOSTILE', {
      what: `${path} needs more memory than it may take`,
      why: why ?? what,
      fix: 'look where the file comes from; for a sound one, raise GALLEY_MEMORY (MiB), or write it with smaller row groups or pages',
      details: { path },
    })
  // said of no file, it is said of this one
  if (GENERAL.includes(code) || (code === 'SOURCE_BROKEN' && !what.includes(path)))
    return new GalleyError('SOURCE_BROKEN', {
      what: `${path} can't be read${code === 'SOURCE_BROKEN' && what !== UNREAD ? `: ${what}` : ''}`,
      why: why ?? what,
      fix: (code === 'SOURCE_BROKEN' ? fix : undefined) ?? 'check that the file is whole: copy or download it again',
      details: details ?? {},
    })
  return new GalleyError(Object.hasOwn(CODES, code) ? (code as ErrorCode) : 'ENGINE_FAILED', {
    what,
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
    details: details ?? {},
  })
}

/** What the engine says of any file. */
const UNREAD = 'a file could not be read'
const GENERAL: readonly string[] = ['VALUE_INVALID', 'INTERNAL_BUG']
