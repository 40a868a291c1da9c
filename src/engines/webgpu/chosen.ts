import { graphicsDriver } from '../../base/config.ts'
import type { Engine, EngineChoice } from '../engine.ts'
import { SOFTWARE } from './device.ts'
import type { WebgpuEngine } from './index.ts'
import { type Probed, probeDevice } from './probe.ts'

/** The machine's device for runs that may use it: looked for when the first asks, opened once. */
export interface Chosen {
  /** The engine and the device's name, or why a run does without. */
  for(choice: EngineChoice): Promise<{ readonly name: string; readonly engine: WebgpuEngine } | string>
  close(): Promise<void>
}

export function chosenDevice(options: {
  readonly host: Engine
  readonly memoryMiB: number
  say(why: string): void
  failed(why: string): void
}): Chosen {
  let probed: Promise<Probed | string> | undefined
  let engine: WebgpuEngine | undefined
  return {
    async for(choice) {
      if (choice === 'processor') return 'the run was asked to compute there'
      // a driver that names itself need not be tried
      const driver = graphicsDriver()
      if (choice === 'auto' && SOFTWARE.test(driver)) return software(driver)
      const found = await (probed ??= probeDevice())
      if (typeof found === 'string') return found
      if (choice === 'auto' && found.software) return software(found.name)
      // loaded by those that use it: most runs on most machines do not
      engine ??= (await import('./index.ts')).createWebgpuEngine(options)
      return { name: found.name, engine }
    },
    close: async () => engine?.close(),
  }
}

const software = (name: string): string => `${name} computes on the processor, too: --engine gpu takes it`
