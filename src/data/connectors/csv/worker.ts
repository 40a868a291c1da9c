import { parentPort, workerData } from 'node:worker_threads'
import type { CompiledModule } from '../../../base/wasm.ts'
import { type Range, surveyRange } from './range.ts'

const { range, module } = workerData as { readonly range: Range; readonly module: CompiledModule }
parentPort?.postMessage(await surveyRange(range, module))
