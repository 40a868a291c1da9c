import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { searchPath } from '../../base/config.ts'
import { GalleyError } from '../../base/errors.ts'
import { redacted } from '../../base/redact.ts'
import { resolveSecret } from '../../base/secrets.ts'
import type { StepContext } from '../kind.ts'
import type { ProcessSpec } from '../specs.ts'
import { type Begin, begin, heardOf } from './child.ts'
import { type Container, contained } from './container.ts'
import { Events } from './events.ts'
import { MARK } from './kin.ts'
import { asGiven, changed, type GivenFile, layOut, programOf, requireUntouched, statesOf } from './workspace.ts'

/** ms before a process is tried again, doubled each time. */
const PAUSE = 1000
/** Text that an environment has whatever this process has in its own. */
const PLAIN = { LANG: 'C.UTF-8', TZ: 'UTC' } as const

/** What a program is given of its recipe's folder, and the program itself. */
export interface Given {
  readonly files: readonly GivenFile[]
  /** Where the program lies. */
  readonly command: string
  /** Identity of its content, or of the image that it is run within. */
  readonly program: string
  readonly container?: Container
}

export interface Asked extends Given {
  /** What it reads, as it finds it in its order. */
  readonly tables: Readonly<Record<string, unknown>>
  /** The row that it is run for; null for one that is run once. */
  readonly item: Readonly<Record<string, unknown>> | null
  /** Stands for what it is asked, however often it is tried: for effects on others that may happen once. */
  readonly key: string
  readonly progress: (done: number, total: number) => void
  /** What begins it, unless this process does. */
  readonly begin?: Begin
}

/** What a process left. */
export interface Left {
  /** A file of rows in the step's format; the caller takes it away with its folder. */
  readonly rows: string
  readonly folder: string
  /** Its working folder, in that one. */
  readonly work: string
  readonly log: string
  readonly metrics: Readonly<Record<string, number>>
}

/** Runs a step's command in a folder of its own that holds what it is given, and tries again as often as it may. @throws STEP_FAILED, CANCELLED */
export async function runOnce(ctx: StepContext<ProcessSpec>, asked: Asked): Promise<Left> {
  const { retries } = ctx.step.spec
  for (let attempt = 1; ; attempt++)
    try {
      return await attemptIt(ctx, asked, attempt)
    } catch (thrown) {
      const passes = thrown instanceof GalleyError && thrown.code === 'STEP_FAILED' && attempt <= retries
      if (!passes) throw thrown
      ctx.say(`attempt ${attempt} of ${retries + 1} failed: ${thrown.why?.split('\n')[0] ?? thrown.what}`)
      await sleep(PAUSE * 2 ** (attempt - 1), undefined, { signal: ctx.signal }).catch(() => undefined)
    }
}

async function attemptIt(ctx: StepContext<ProcessSpec>, asked: Asked, attempt: number): Promise<Left> {
  const { id, spec } = ctx.step
  const folder = ctx.store.home.tmp.file('.process')
  const work = join(folder, 'work')
  await mkdir(join(folder, 'tmp'), { recursive: true })
  await mkdir(work)
  const rows = join(folder, `rows.${spec.format === 'json' ? 'jsonl' : spec.format}`)
  const order = join(folder, 'step.json')
  const events = join(folder, 'events.jsonl')
  try {
    await layOut(asked.files, work)
    await writeFile(events, '')
    const { tables, item, key } = asked
    const told = {
      step: id,
      recipe: ctx.recipe.name,
      partition: ctx.recipe.partition ?? null,
      run: ctx.run.number,
      attempt,
    }
    await writeFile(order, JSON.stringify({ ...told, params: spec.params, item, tables, rows: spec.gives ? rows : null, ...(spec.leaves ? { leaves: spec.leaves } : {}), format: spec.format, events, key })) // biome-ignore format: one line
    const own = Object.entries(spec.env).map(([name, value]) => [name, typeof value === 'string' ? value : resolveSecret(value)]) // biome-ignore format: one line
    const traced = ctx.traceparent === undefined ? {} : { TRACEPARENT: ctx.traceparent }
    const { container } = asked
    const path = container ? {} : { PATH: searchPath() }
    const env = { ...PLAIN, ...traced, ...path, HOME: work, TMPDIR: join(folder, 'tmp'), ...Object.fromEntries(own), [MARK]: order } // biome-ignore format: one line
    const command = [asked.command, ...spec.command.slice(1)]
    const states = await statesOf(tables)
    const reads = [...states.keys()]
    const within = container ? await contained(container, command, { ...{ folder, work, reads, env }, limits: spec.limits }) : { command, env } // biome-ignore format: one line
    const heard = new Events(events, { progress: asked.progress, say: (text) => ctx.say(redacted(text)) })
    const run = {
      ...within,
      cwd: work,
      said: join(folder, 'said'),
      mark: `${MARK}=${order}`,
      limits: spec.limits,
    }
    const ended = await (asked.begin ?? begin)(run, ctx.signal, () => heard.look())
    requireUntouched(id, states, await statesOf(tables))
    const log = heardOf({ run: ctx.run.number, step: id, command }, ended, container !== undefined)
    heard.look(true)
    await asGiven(asked.files)
    if (!container && (await programOf(asked.command)) !== asked.program) throw changed(asked.command)
    return { rows, folder, work, log, metrics: heard.metrics }
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    throw thrown
  }
}

/** Takes away what a process left. */
export const forget = (left: Left): Promise<void> => rm(left.folder, { recursive: true, force: true })
