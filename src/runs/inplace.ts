import { GalleyError } from '../base/errors.ts'
import { stampOf } from '../data/connectors/files.ts'
import type { Output } from './kind.ts'

/** What a source left is read from its own copy, but for files in place: those are watched until the run ends. */
export function watchOn(watched: Map<string, string>, own: ReadonlyMap<string, string>, output: Output): void {
  for (const [path, stamp] of own) if (output.inPlace?.includes(path)) watched.set(path, stamp)
}

/** @throws SOURCE_BROKEN where one of them is another than it was */
export async function unchanged(watched: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, stamp] of watched)
    if ((await stampOf(path)) !== stamp)
      throw new GalleyError('SOURCE_BROKEN', {
        what: `${path} changed while it was read`,
        why: 'what was read may be of neither state, so nothing of it is kept',
        fix: 'run again once nothing writes to it; whoever writes it can write beside it and rename',
      })
}
