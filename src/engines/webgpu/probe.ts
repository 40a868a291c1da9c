import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { graphicsDriver, nameRuntimeFolder } from '../../base/config.ts'

/** What a device is like, found by opening it. */
export interface Probed {
  /** As the driver names it: `google swiftshader`. */
  readonly name: string
  /** Whether the driver computes on the processor. */
  readonly software: boolean
  readonly largestBuffer: number
}

/** Milliseconds in which a driver answers, or is taken for broken. */
const PATIENCE = 20_000
/** What Linux has where there is a device: Mesa's and NVIDIA's drivers, and Windows' below it. */
const DEVICES = ['/dev/dri', '/dev/nvidia0', '/dev/dxg']
const CHILD = fileURLToPath(new URL('./probe-child.ts', import.meta.url))

/**
 * Opens the machine's graphics device in a process of its own, so that a driver that hangs or crashes takes nothing with
 * it: what it is like, or why there is none. A Linux machine without a device file and without a driver named is not asked.
 */
export async function probeDevice(patience = PATIENCE): Promise<Probed | string> {
  const named = graphicsDriver().split(delimiter).filter(Boolean)
  if (named.length > 0 && !named.some((path) => existsSync(path)))
    return `the driver that is named is not there: ${named.join(', ')}`
  const hinted = named.length > 0 || DEVICES.some((path) => existsSync(path))
  if (process.platform === 'linux' && !hinted) return `there is no ${DEVICES.join(' or ')}, and no driver is named`
  nameRuntimeFolder(tmpdir())
  const child = spawn(process.execPath, [CHILD], { stdio: ['ignore', 'pipe', 'ignore'] })
  const late = setTimeout(() => child.kill('SIGKILL'), patience)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (...how: [number | null, string | null]) => resolve(how))
    })
    const told = out.split('\n').find((line) => line.startsWith('{'))
    if (told !== undefined) {
      const said = JSON.parse(told) as Probed | { readonly why: string }
      return 'why' in said ? said.why : said
    }
    if (signal === 'SIGKILL') return `its driver did not answer within ${patience / 1000} seconds`
    return `its driver ended the process that opened it (${signal ?? `exit ${code}`})`
  } catch (thrown) {
    return `no process could be started to open it: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  } finally {
    clearTimeout(late)
  }
}
