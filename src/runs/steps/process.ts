import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { searchPath } from '../../base/config.ts'
import { hashJson } from '../../base/hash.ts'
import type { Node } from '../../plan/nodes.ts'
import { opaqueSchema } from '../inline.ts'
import type { Output, StepContext, StepKind } from '../kind.ts'
import { ProgramFailed } from '../process/child.ts'
import { containerOf } from '../process/container.ts'
import { runEach } from '../process/each.ts'
import { type KeptLeft, keepLeft } from '../process/leaves.ts'
import { keepLog } from '../process/log.ts'
import { forget, type Given, runOnce } from '../process/once.ts'
import { rowsFrom, tablesFor } from '../process/tables.ts'
import { commandPath, givenFiles, programOf } from '../process/workspace.ts'
import type { ProcessSpec, Recipe, Step } from '../specs.ts'
import { integer, bytes as sized } from '../text.ts'
import { keepMade } from './made.ts'
import { summarise, type TableOutput, whole } from './table.ts'

/** A table where it gives one. */
export interface ProcessOutput extends Output, Partial<Omit<TableOutput, keyof Output>> {
  readonly metrics: Readonly<Record<string, number>>
  /** Items that it was run for, and those that failed and may. */
  readonly items?: { readonly all: number; readonly failed: number }
  /** Files that it left, by their names. */
  readonly left?: Readonly<Record<string, KeptLeft>>
  /** What it said, as a blob. */
  readonly log?: string
}

/** Runs a program of its own, in any language, in a folder that holds what it is given; once, or for each row of a table. */
export const processStep: StepKind<ProcessSpec, ProcessOutput> = {
  kind: 'process',
  module: import.meta.url,
  identity: async (spec, ctx) => identityOf(spec, ctx.recipe, await givenTo(ctx, spec)),
  async run(ctx) {
    const { spec } = ctx.step
    const folder = ctx.store.home.tmp.file('.tables')
    await mkdir(folder, { recursive: true })
    try {
      const given = await givenTo(ctx, spec)
      const asked = { ...given, tables: await tablesFor(ctx, folder) }
      // what it is asked, whichever run asks it: of a row that it is run for, whatever other rows stand beside it
      const reads = ctx.step.inputs.filter((s) => s !== spec.each?.step || Object.values(spec.tables).includes(s))
      const each = spec.each && { ...spec.each, failures: 0 }
      const key = hashJson([identityOf({ ...spec, each }, ctx.recipe, given), reads.map((s) => ctx.input(s).hash)])
      if (spec.each) return await runEach(ctx, asked, key, folder, tableOf)
      const percent = (done: number, total: number) => ctx.progress({ done: (done / total) * 100, total: 100, unit: 'percent' }) // biome-ignore format: one line
      const left = await runOnce(ctx, { ...asked, item: null, key, progress: percent })
      try {
        const log = await keepLog(ctx, left.log)
        const files = spec.leaves ? { left: await keepLeft(ctx, left.work) } : {}
        const of = (hash: unknown) => hashJson('left' in files ? [hash, files.left] : hash)
        if (!spec.gives) return { output: { hash: of([key, left.metrics]), metrics: left.metrics, ...files, ...log } }
        const table = await tableOf(ctx, await rowsFrom(ctx, left.rows, join(folder, 'rows')))
        const hash = 'left' in files ? of(table.hash) : table.hash
        return { output: { ...table, hash, metrics: left.metrics, ...files, ...log } }
      } finally {
        await forget(left)
      }
    } catch (thrown) {
      if (thrown instanceof ProgramFailed) await keepLog(ctx, thrown.log).catch(() => undefined)
      throw thrown
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  async present(o, { scope, store }) {
    for (const { hash } of Object.values(o.left ?? {})) if (!(await store.blobs.find(scope, hash))) return false
    return o.files === undefined || whole(o as TableOutput)
  },
  summary(o) {
    const metrics = Object.entries(o.metrics).slice(0, 4).map(([name, value]) => `${name} ${+value.toPrecision(4)}`) // biome-ignore format: one line
    const items = o.items ? [`${integer(o.items.all)} items${o.items.failed > 0 ? `, ${integer(o.items.failed)} failed` : ''}`] : [] // biome-ignore format: one line
    const left = Object.entries(o.left ?? {}).map(([name, { bytes }]) => `${name} ${sized(bytes)}`)
    return [...(o.files ? [summarise(o as TableOutput)] : []), ...items, ...left, ...metrics].join('  ')
  },
}

/** What a program is given of its recipe's folder, and the program itself, as they are now. */
async function givenTo(
  ctx: Pick<StepContext<ProcessSpec>, 'folder' | 'signal' | 'say'> & { readonly step: Pick<Step, 'id'> },
  { files, command: [name = ''], container: image }: ProcessSpec,
): Promise<Given> {
  const { step, folder, signal } = ctx
  if (image) {
    const container = await containerOf(step.id, image, ctx)
    return { files: await givenFiles(step.id, folder, files, signal), command: name, program: container.id, container }
  }
  const command = await commandPath(step.id, name, folder, searchPath())
  return { files: await givenFiles(step.id, folder, files, signal), command, program: await programOf(command) }
}

/** What a program is known by. It is told of which recipe and partition it is, and may do otherwise for another. */
function identityOf(
  { limits: _, retries: __, each, container, ...spec }: ProcessSpec,
  recipe: Recipe,
  { files, program }: Given,
) {
  const over = each && { step: each.step, failures: each.failures }
  const told = { recipe: recipe.name, partition: recipe.partition ?? null }
  const within = container && { container: { network: container.network ?? null } }
  return { ...spec, ...told, ...within, each: over, files: files.map((f) => [f.name, f.sha256]), program }
}

const tableOf = (ctx: StepContext<ProcessSpec>, made: Node): Promise<TableOutput> =>
  keepMade(ctx, made, opaqueSchema(ctx.step))
