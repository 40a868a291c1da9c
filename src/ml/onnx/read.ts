import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import { requireFile, stampOf } from '../../data/connectors/files.ts'
import { hashOnce } from '../../data/datasets/files.ts'
import type { IdentityContext, StepContext } from '../../runs/kind.ts'
import type { OnnxSpec } from '../../runs/specs.ts'
import type { ProcessOutput } from '../../runs/steps/process.ts'

/** Bytes of a file at most: it is kept as text within the model's package, which can't be longer. */
export const MOST_BYTES = 256 * 2 ** 20

const tooLarge = (path: string, bytes: number): GalleyError =>
  new GalleyError('MODEL_INVALID', {
    what: `${path} is too large for a model`,
    why: `it has ${Math.round(bytes / 2 ** 20)} MiB, and ${MOST_BYTES / 2 ** 20} is the most`,
    fix: 'export a smaller model: fewer trees, float32 or quantised weights',
    details: { bytes },
  })

/** SHA-256 of a file of the recipe, which is not to change while the run uses it. @throws SOURCE_MISSING, SOURCE_BROKEN, MODEL_INVALID */
export async function fileHash(file: string, ctx: Pick<IdentityContext, 'folder' | 'watch'>): Promise<string> {
  const path = resolve(ctx.folder, file)
  const stamp = await stampOf(path)
  const { size } = await requireFile(path)
  if (size > MOST_BYTES) throw tooLarge(path, size)
  if (stamp) ctx.watch(path, stamp)
  return hashOnce(path)
}

/** The bytes of the model that a step is given. @throws SOURCE_MISSING, MODEL_INVALID */
export async function fileOf(ctx: StepContext<OnnxSpec>): Promise<Uint8Array> {
  const { file, left } = ctx.step.spec
  if (file !== null) {
    const path = resolve(ctx.folder, file)
    const { size } = await requireFile(path)
    if (size > MOST_BYTES) throw tooLarge(path, size)
    return readFile(path, { signal: ctx.signal })
  }
  const from = ctx.step.inputs[1] ?? ''
  const kept = ctx.input<ProcessOutput>(from).left?.[left ?? '']
  if (!kept)
    throw new GalleyError('INTERNAL_BUG', { what: `the step '${from}' left no '${left}'`, fix: 'report it with the recipe' }) // biome-ignore format: one line
  if (kept.bytes > MOST_BYTES) throw tooLarge(`'${left}' of '${from}'`, kept.bytes)
  return ctx.store.blobs.get(ctx.scope, kept.hash)
}
