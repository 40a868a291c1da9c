import { Command } from 'commander'
import { benchGpu } from './bench/gpu.ts'

export function bench(): Command {
  const noun = new Command('bench').description('measure this machine')
  noun.addCommand(benchGpu())
  return noun
}
