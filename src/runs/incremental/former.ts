import { hashJson } from '../../base/hash.ts'
import { intact, type KeptFile } from '../../data/datasets/files.ts'
import type { Node } from '../../plan/nodes.ts'
import { scanned } from '../../plan/walk.ts'
import type { Tables } from '../../store/store.ts'
import { lineage, type Rows } from '../inline.ts'
import type { Output, StepContext } from '../kind.ts'
import { restored, stored } from '../portable.ts'
import type { DatasetSpec, Recipe } from '../specs.ts'
import type { TableOutput } from '../steps/table.ts'

/** By input, the contents (SHA-256) of the files that it gave, in their order. */
export type Inputs = Readonly<Record<string, readonly string[]>>

/** What a step left last, and what of: where its inputs only have more files now, what these bring is added to it. */
export interface Former {
  /** What computed it: plan, options, code. */
  readonly by: string
  readonly inputs: Inputs
  readonly output: TableOutput
  /** Times that something was added to it since it was computed as a whole. */
  readonly times: number
}

/** Whether a step's result grows with its inputs: a dataset that says `incremental`, and the tables that it is made of. */
export function grows(recipe: Recipe, id: string): boolean {
  return recipe.steps.some(
    (s) => s.kind === 'dataset' && (s.spec as DatasetSpec).incremental === true && lineage(recipe, s.id).includes(id),
  )
}

/** Kept until the next one takes its place: it names no content of its own (`hash`), so that it is not forgotten with old outputs. */
const keyOf = ({ recipe, step }: StepContext<never>): string =>
  hashJson({ former: 1, recipe: recipe.name, step: step.id })

export async function formerOf(ctx: StepContext<never>): Promise<Former | undefined> {
  const entry = await ctx.store.cache.find(ctx.scope, keyOf(ctx))
  const former = entry && restored(entry.output as Former, ctx.store.home.path)
  return former && (await intact(former.output.kept)) ? former : undefined
}

export async function remember(ctx: StepContext<never>, tx: Tables, former: Former): Promise<void> {
  const output = stored(former, ctx.store.home.path)
  await tx.cache.put(ctx.scope, { key: keyOf(ctx), output, run: ctx.run.id, step: ctx.step.id })
}

interface Kept {
  readonly kept: readonly KeptFile[]
  readonly content: string
}

/** The files that a plan reads of each input, by their contents; or the input that is not ours to tell contents of. */
export function inputsOf(ctx: StepContext<never>, root: Node): Inputs | { readonly whole: string } {
  const inputs: Record<string, string[]> = {}
  for (const { name: id } of scanned(root)) {
    const { files = [], kept = [], content } = ctx.input<Output & Partial<Rows & Kept>>(id)
    const known = new Map(kept.map((f) => [f.path, f.sha256]))
    // what is read where it lies is another as a whole, or the same
    const found = files.map((path, i) => known.get(path) ?? (content === undefined ? undefined : `${content} ${i}`))
    if (found.some((sha) => sha === undefined) || found.length === 0) return { whole: id }
    inputs[id] = found as string[]
  }
  return inputs
}

/** Places of the files that are there beyond those of before; undefined where one of these is gone. */
export function added(before: readonly string[], now: readonly string[]): number[] | undefined {
  const left = new Map<string, number>()
  for (const sha of before) left.set(sha, (left.get(sha) ?? 0) + 1)
  const fresh: number[] = []
  now.forEach((sha, i) => {
    const n = left.get(sha) ?? 0
    if (n === 0) fresh.push(i)
    else left.set(sha, n - 1)
  })
  return [...left.values()].some((n) => n > 0) ? undefined : fresh
}
