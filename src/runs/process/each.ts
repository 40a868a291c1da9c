import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GalleyError, throwIfAborted } from '../../base/errors.ts'
import { hashJson } from '../../base/hash.ts'
import { folderOf, intact, type KeptFile, keptFile, publishFolder } from '../../data/datasets/files.ts'
import { rowsOf, runPlan } from '../../engines/plans.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { writeRecord } from '../../plan/record.ts'
import { opaqueSchema } from '../inline.ts'
import type { Output, StepContext, StepResult } from '../kind.ts'
import { restored, stored } from '../portable.ts'
import type { ProcessSpec } from '../specs.ts'
import type { ProcessOutput } from '../steps/process.ts'
import type { TableOutput } from '../steps/table.ts'
import { openBeginner } from './beginner.ts'
import { ProgramFailed } from './child.ts'
import { keepLog, lastLines } from './log.ts'
import { type Asked, forget, type Given, runOnce } from './once.ts'
import { rowsFrom } from './tables.ts'

const ROWS = 'rows.parquet'
/** Rows that a process is run for, at most. */
const MOST_ITEMS = 100_000
/** Files of items that are read at once. */
const TOGETHER = 500
/** Items that failed and whose logs are kept. */
const MOST_LOGS = 100

interface Failed {
  readonly item: string
  readonly error: GalleyError
}

type Item = Readonly<Record<string, unknown>>
/** What is kept of an item that is done: its rows; none of a process that gives no table. */
interface Done extends Output {
  readonly kept: readonly KeptFile[]
}

/**
 * Runs a step's process once for each row of a table, some of them at a time. Each that is done is kept by what it was asked, so that a run that is
 * killed, or fails for some, goes on with the others. @throws STEP_FAILED where more fail than may, RECIPE_INVALID for rows that are equal
 */
export async function runEach(
  given: StepContext<ProcessSpec>,
  asked: Given & Pick<Asked, 'tables'>,
  key: string,
  folder: string,
  tableOf: (ctx: StepContext<ProcessSpec>, root: Node) => Promise<TableOutput>,
): Promise<StepResult<ProcessOutput>> {
  // where one can't go on none of the others does
  const stop = new AbortController()
  const ctx = { ...given, signal: AbortSignal.any([given.signal, stop.signal]) }
  const { spec, id } = ctx.step
  const { most, failures } = spec.each as NonNullable<ProcessSpec['each']>
  const items = await itemsOf(ctx)
  const done = new Map<string, Done>()
  const failed: Failed[] = []
  let kept = 0
  let next = 0
  const progress = () => ctx.progress({ done: done.size + failed.length, total: items.length, unit: 'steps' })
  const one = async (item: Item, at: number): Promise<void> => {
    const own = hashJson([key, item])
    const before = await ctx.store.cache.find(ctx.scope, own)
    const was = before && restored(before.output as Done, ctx.store.home.path)
    if (was && (await intact(was.kept))) {
      done.set(own, was)
      kept++
      return progress()
    }
    try {
      const left = await runOnce(ctx, { ...asked, begin: beginner.begin, item, key: own, progress: () => undefined })
      let made: Done = { hash: own, kept: [] }
      try {
        if (spec.gives) made = await rowsKept(ctx, left.rows, join(folder, `${at}`))
      } finally {
        await forget(left)
      }
      await ctx.store.cache.put(ctx.scope, {
        key: own,
        output: stored(made, ctx.store.home.path),
        run: ctx.run.id,
        step: id,
      })
      done.set(own, made)
    } catch (thrown) {
      if (!(thrown instanceof GalleyError && thrown.code === 'STEP_FAILED')) throw thrown
      failed.push({ item: JSON.stringify(item).slice(0, 200), error: thrown })
    }
    progress()
  }
  const worker = async (): Promise<void> => {
    while (next < items.length && failed.length <= failures) {
      throwIfAborted(ctx.signal)
      const at = next++
      await one(items[at] as Item, at)
    }
  }
  const thrown: unknown[] = []
  const failing = (error: unknown) => {
    thrown.push(error)
    stop.abort()
  }
  const beginner = openBeginner(id)
  const workers = Array.from({ length: Math.min(most ?? ctx.threads, items.length) }, worker)
  await Promise.all(workers.map((w) => w.catch(failing))).finally(() => beginner.close())
  throwIfAborted(given.signal)
  if (thrown.length > 0) throw thrown[0]
  const log = await keepLog(ctx, logOf(failed))
  if (failed.length > failures) throw tooMany(id, items.length, failed, done.size, failures)
  if (kept > 0) ctx.say(`${kept} of ${items.length} were done before`)
  for (const { item, error } of failed.slice(0, 5)) ctx.say(`it failed for ${item}: ${error.why?.split('\n')[0]}`)
  const about = { metrics: {}, items: { all: items.length, failed: failed.length }, ...log }
  if (!spec.gives) return { output: { hash: hashJson([key, [...done.keys()].toSorted()]), ...about } }
  const files = items.flatMap((item) => done.get(hashJson([key, item]))?.kept.map((f) => f.path) ?? [])
  const table = await tableOf(ctx, together(await fewer(ctx, files, folder), ctx.step))
  return { output: { ...table, ...about } }
}

/** The rows as records of JSON, in their order. */
async function itemsOf(ctx: StepContext<ProcessSpec>): Promise<Item[]> {
  const { step, id } = { step: ctx.step.spec.each?.step ?? '', id: ctx.step.id }
  const { files, schema, rows } = ctx.input<TableOutput>(step)
  if (rows > MOST_ITEMS)
    throw new GalleyError('STEP_FAILED', {
      what: `'${id}' is to be run for ${rows.toLocaleString('en-US')} rows of '${step}'`,
      why: `it is run for ${MOST_ITEMS.toLocaleString('en-US')} at most`,
      fix: 'let it take several rows at a time: aggregate them to fewer',
    })
  const found = await rowsOf(ctx, build({ op: 'scan', from: { kind: 'parquet', files }, schema }))
  const items = found.map((row) => writeRecord(schema, row))
  const seen = new Set<string>()
  for (const item of items) {
    const hash = hashJson(item)
    if (seen.has(hash))
      throw new GalleyError('STEP_FAILED', {
        what: `'${id}' is to be run for a row of '${step}' that stands there twice: ${JSON.stringify(item).slice(0, 200)}`,
        why: 'each row is one piece of work',
        fix: 'make them distinct: t.distinct()',
      })
    seen.add(hash)
  }
  return items
}

/** Keeps an item's rows beside the tables of steps: what forgets persons, or cleans, finds them there. */
async function rowsKept(ctx: StepContext<ProcessSpec>, path: string, folder: string): Promise<Done> {
  const root = await rowsFrom(ctx, path, folder)
  const draft = ctx.store.home.tmp.file('.item')
  await mkdir(draft)
  const read = fileOf(root)
  if (read && dirname(read) === folder) await rename(read, join(draft, ROWS))
  else await runPlan(ctx, root, { parquet: join(draft, ROWS) })
  const file = await keptFile(join(draft, ROWS), ctx.signal)
  const target = folderOf(ctx.store, ctx.scope, `_${ctx.step.id}`, file.sha256.slice(0, 32))
  await publishFolder(draft, target)
  return { hash: file.sha256, kept: [{ ...file, path: join(target, ROWS) }] }
}

/** The file of rows that were read from a text: it is ours, and is as it is to be kept. */
const fileOf = (root: Node): string | undefined =>
  root.op === 'scan' && root.from.kind === 'parquet' && root.from.files.length === 1 ? root.from.files[0] : undefined

/** The same rows in fewer files: of each that is read at once memory is taken. */
async function fewer(ctx: StepContext<ProcessSpec>, files: readonly string[], folder: string): Promise<string[]> {
  if (files.length <= TOGETHER) return [...files]
  const fuller: string[] = []
  for (let i = 0; i < files.length; i += TOGETHER) {
    throwIfAborted(ctx.signal)
    const parquet = join(folder, `from-${i}.parquet`)
    await runPlan(ctx, together(files.slice(i, i + TOGETHER), ctx.step), { parquet })
    fuller.push(parquet)
  }
  return fuller
}

/** All rows, in the order of the items. */
function together(files: readonly string[], step: StepContext<ProcessSpec>['step']): Node {
  const schema = opaqueSchema(step)
  if (files.length === 0) return build({ op: 'scan', from: { kind: 'rows', rows: [] }, schema })
  return build({ op: 'scan', from: { kind: 'parquet', files }, schema })
}

function tooMany(id: string, all: number, failed: readonly Failed[], done: number, allowed: number): GalleyError {
  const [first] = failed
  return new GalleyError('STEP_FAILED', {
    what: `the program of '${id}' failed for ${failed.length} of ${all} rows${allowed > 0 ? `, and may for ${allowed}` : ''}`,
    why: `for ${first?.item}: ${first?.error.why ?? first?.error.what}`,
    fix: `mend it and run again: the ${done} that are done are kept`,
    details: { step: id, items: failed.slice(0, 20).map((f) => f.item) },
  })
}

/** What the programs of failed items said, the first ones of many. */
const logOf = (failed: readonly Failed[]): string =>
  failed
    .slice(0, MOST_LOGS)
    .map(
      ({ item, error }) =>
        `${item}\n${error instanceof ProgramFailed ? lastLines(error.log, 1000) : (error.why ?? error.what)}\n`,
    )
    .join('\n')
