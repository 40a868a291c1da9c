import { rename, rm, writeFile } from 'node:fs/promises'
import { GalleyError } from '../../base/errors.ts'
import { plain } from '../output.ts'

/** Writes a file that was asked for, whole or not at all. @throws USAGE_INVALID where it can't be written */
export async function writeAsked(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.part`
  try {
    await writeFile(partial, content)
    await rename(partial, path)
  } catch (cause) {
    throw new GalleyError('USAGE_INVALID', {
      what: `'${plain(path)}' can't be written`,
      why: (cause as Error).message,
      fix: 'name a file in a folder that is there and that you may write to',
      cause,
    })
  } finally {
    await rm(partial, { force: true })
  }
}
