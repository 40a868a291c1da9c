import type { Program } from '../../row/lower.ts'
import { type Code, DeviceGap, type Emitter } from './emit.ts'

/** What a whole program needs of the device. @throws DeviceGap */
export function emitProgram(
  program: Program,
  emitter: Emitter,
): { tests: { code: Code; wanted: boolean }[]; outputs: Code[] } {
  const tests = program.steps.map((step) => {
    if (step.op !== 'test') throw new DeviceGap('join', 'joins and windows are not computed on the device')
    return { code: emitter.emit(step.val), wanted: step.wanted }
  })
  return { tests, outputs: program.outputs.map((val) => emitter.emit(val)) }
}
