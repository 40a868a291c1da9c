import { z } from 'zod'
import { GalleyError } from '../../base/errors.ts'
import { checkName } from '../checks.ts'
import type { Partitioned } from './partitioned.ts'

/**
 * A recipe that is run partition by partition, by the file that declares it: what each partition does is known once it is declared for that one. A worker loads
 * the file when the job is due, and so takes it as it is then.
 */
export interface FiledRecipe {
  readonly format: 1
  readonly name: string
  /** A path, from the root on. */
  readonly file: string
}

/** What a worker that loads such files has, and a job of one asks for. */
export const FILES_TAG = 'recipe-files'

const shape = z.object({ format: z.literal(1), name: z.string(), file: z.string().startsWith('/').max(4096) }).strict()

/** What is queued as a recipe's file; undefined for a recipe. @throws RECIPE_INVALID */
export function filedOf(json: unknown): FiledRecipe | undefined {
  if (typeof json !== 'object' || json === null || !('file' in json)) return undefined
  const parsed = shape.safeParse(json)
  if (!parsed.success)
    throw new GalleyError('RECIPE_INVALID', {
      what: 'it names no file of a recipe',
      why: parsed.error.issues[0]?.message ?? 'it is of another form',
      fix: 'send what `galley schedules set` sends: { format: 1, name, file }, with the path from the root on',
    })
  checkName(parsed.data.name, 'recipe')
  return parsed.data
}

/** @throws RECIPE_INVALID where the file no longer declares the recipe that was queued */
export function requireSame(filed: FiledRecipe, made: Partitioned): void {
  if (made.name === filed.name) return
  throw new GalleyError('RECIPE_INVALID', {
    what: `${filed.file} declares '${made.name}', and '${filed.name}' is to be run`,
    why: 'the file was changed since',
    fix: 'set the schedule again, or name the recipe as it was',
  })
}
