import type { Kind } from './kind.ts'
import { clockOff } from './kinds/clock.ts'
import { workerCut } from './kinds/cut.ts'
import { diskFull } from './kinds/disk.ts'
import { duplicates } from './kinds/duplicates.ts'
import { workerPaused } from './kinds/paused.ts'
import { postgresKilled } from './kinds/postgres.ts'
import { serverKilled } from './kinds/server.ts'
import { unanswered } from './kinds/unanswered.ts'
import { workerKilled } from './kinds/worker.ts'

/** All faults. */
export const KINDS: readonly Kind[] = [
  workerKilled,
  serverKilled,
  postgresKilled,
  workerCut,
  unanswered,
  workerPaused,
  diskFull,
  clockOff,
  duplicates,
]
