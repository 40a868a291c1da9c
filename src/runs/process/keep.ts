import type { StepContext } from '../kind.ts'
import type { ProcessSpec } from '../specs.ts'

/** Puts what a process said beside the run, where it said something. */
export async function keepLog(ctx: StepContext<ProcessSpec>, text: string): Promise<{ readonly log?: string }> {
  if (text === '') return {}
  const { hash, bytes } = await ctx.store.blobs.put(ctx.scope, text)
  const of = { run: ctx.run.id, step: ctx.step.id, kind: 'log', name: `${ctx.step.id}.log`, mediaType: 'text/plain' }
  await ctx.store.artifacts.add(ctx.scope, { ...of, blob: hash, bytes, details: null })
  return { log: hash }
}
