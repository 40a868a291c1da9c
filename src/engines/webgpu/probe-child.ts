import { writeSync } from 'node:fs'
import { asGalleyError } from '../../base/errors.ts'
import { openDevice } from './device.ts'

/** Opens the device and says what it is like, as a line of JSON; a process of its own, which may crash. */
const told = await openDevice().then(
  ({ name, software, largestBuffer }) => ({ name, software, largestBuffer }),
  (thrown: unknown) => {
    const { what, why } = asGalleyError(thrown)
    return { why: why ?? what }
  },
)
writeSync(1, `${JSON.stringify(told)}\n`)
// a driver's own threads may keep the process, or fail as it ends
process.kill(process.pid, 'SIGTERM')
