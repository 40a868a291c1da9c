import { join } from 'node:path'
import type { SourceSpec } from '../connector.ts'
import { openGuard } from '../guard/open.ts'
import { snapshotContext } from './context.ts'

/** Opens a file under guard in a process that may be killed: spec, path, folder. */
const [given = '', path = '', folder = ''] = process.argv.slice(2)
const spec = JSON.parse(given) as SourceSpec
let n = 0
const guard = openGuard({ temp: () => join(folder, `opened-${++n}`), memoryMiB: 256, threads: 1 })
process.stdout.write('opening\n')
const none = async () => []
await guard.snapshot(spec.connector, spec, path, snapshotContext(none, folder))
