import { join } from 'node:path'
import { openAppendLog } from '../../store/log/appendlog.ts'

/** ms to wait for a log that another process has just now. */
const PATIENCE = 3000

/** The logs of a deployment: what it was fed, and what it answered. */
export async function openLogs(folder: string) {
  const feed = await openAppendLog(join(folder, 'feed'), { patience: PATIENCE })
  const predictions = await openAppendLog(join(folder, 'predictions'), {
    durability: 'flush',
    patience: PATIENCE,
  }).catch(async (thrown: unknown) => {
    await feed.close()
    throw thrown
  })
  return {
    feed,
    predictions,
    async close() {
      await feed.close()
      await predictions.close()
    },
  }
}
