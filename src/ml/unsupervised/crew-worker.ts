import { parentPort, workerData } from 'node:worker_threads'
import { type CrewInput, type CrewOrder, type Kernels, runBlock } from './crew.ts'

const { module, arrays, cut } = workerData as CrewInput
const { kernels } = (await import(module)) as { kernels: Kernels }

parentPort?.on('message', ({ kernel, args, from, to }: CrewOrder) => {
  for (let block = from; block < to; block++) runBlock(kernels, arrays, cut, kernel, args, block)
  parentPort?.postMessage(null)
})
