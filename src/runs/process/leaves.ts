import { lstat, realpath } from 'node:fs/promises'
import { isAbsolute, join, sep } from 'node:path'
import { GalleyError } from '../../base/errors.ts'
import type { StepContext } from '../kind.ts'
import type { ProcessSpec } from '../specs.ts'

/** A file that a program left, as it is kept. */
export interface KeptLeft {
  readonly hash: string
  readonly bytes: number
}

/** Whether a path stays below the folder that it starts from. */
export const isBelow = (path: string): boolean =>
  path !== '' && !isAbsolute(path) && !path.includes('\0') && !path.split(/[/\\]/).includes('..')

/** Keeps the files that a program was to leave in its working folder, by their content. @throws STEP_FAILED for one that is not there, is empty, or is no plain file there */
export async function keepLeft(ctx: StepContext<ProcessSpec>, work: string): Promise<Record<string, KeptLeft>> {
  const root = await realpath(work)
  const kept: Record<string, KeptLeft> = {}
  for (const [name, path] of Object.entries(ctx.step.spec.leaves ?? {})) {
    const file = join(root, path)
    const found = await lstat(file).catch(() => undefined)
    const place = found && (await realpath(file))
    // a link would have another file kept, which the program may not even have read
    const plain = found?.isFile() === true && found.nlink === 1 && place?.startsWith(root + sep) === true
    if (!plain || found?.size === 0)
      throw new GalleyError('STEP_FAILED', {
        what: `the program of '${ctx.step.id}' left no '${path}'`,
        why: !found ? 'it ended well, and the file is not there' : plain ? 'the file is empty' : 'it is a folder or a link, and no file of its own', // biome-ignore format: one line
        fix: `write the file below the working folder; it is kept as '${name}'`,
        details: { step: ctx.step.id, file: path },
      })
    kept[name] = await ctx.store.blobs.put(ctx.scope, { file })
  }
  return kept
}
