import { availableParallelism, cpus, totalmem } from 'node:os'

/** What a table was measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  readonly versions: Readonly<Record<string, string>>
}

export const machine = (versions: Readonly<Record<string, string>>): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  platform: `${process.platform} ${process.arch}`,
  versions: { node: process.versions.node, ...versions },
})
