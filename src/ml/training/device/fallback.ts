import { GalleyError } from '../../../base/errors.ts'
import { DeviceFault } from '../../../engines/webgpu/device.ts'
import { DeviceGap } from '../../../engines/webgpu/wgsl/emit.ts'
import type { TrainContext } from '../trainer.ts'

/** What a device computes; undefined, and said, when it can't, so that the host does: its columns then come down. */
export async function orOnHost<T>(ctx: TrainContext, learn: () => Promise<T>): Promise<T | undefined> {
  try {
    return await learn()
  } catch (thrown) {
    // more memory than the device may take, too, is what the host may have
    if (!(thrown instanceof DeviceFault || thrown instanceof DeviceGap)) throw thrown
    ctx.say?.(thrown.message)
    return undefined
  }
}

/** Why the device gave up, in a line. */
export const whyOf = (thrown: unknown): string =>
  thrown instanceof GalleyError
    ? `${thrown.what}${thrown.why ? `: ${thrown.why}` : ''}${thrown.code === 'ENGINE_FAILED' && thrown.fix ? ` (${thrown.fix})` : ''}`
    : thrown instanceof Error
      ? thrown.message
      : String(thrown)
