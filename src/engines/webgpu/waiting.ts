import type { Device } from './device.ts'

/** Milliseconds that the thread rests between two looks at whether the device is done. */
const REST = 0.1

let waits = 0
let cell: Int32Array | undefined

/**
 * Waits for the device. Dawn asks it in a loop that never rests: where the device computes on the processor, that takes
 * from it what it waits for, so the thread then rests between two rounds of its loop.
 */
export async function waited<T>({ software }: Pick<Device, 'software'>, promise: Promise<T>): Promise<T> {
  if (!software || typeof setImmediate === 'undefined') return promise
  if (waits++ === 0) setImmediate(rest)
  try {
    return await promise
  } finally {
    waits--
  }
}

function rest(): void {
  if (waits === 0) return
  Atomics.wait((cell ??= new Int32Array(new SharedArrayBuffer(4))), 0, 0, REST)
  setImmediate(rest)
}
