/// <reference types="@webgpu/types" />
import { GalleyError } from '../../base/errors.ts'
import { DeviceMemory } from './memory.ts'

/** A graphics device, opened once a process and shared by all plans that run on it. */
export interface Device {
  /** As the driver names it, for people: `google swiftshader`. */
  readonly name: string
  /** Whether its driver computes on the processor. */
  readonly software: boolean
  readonly gpu: GPUDevice
  /** Bytes that one buffer may hold and one kernel may see of it. */
  readonly largestBuffer: number
  /** The buffers of all runs on it. */
  readonly memory: DeviceMemory
  /** Why the device can't be used any more; undefined while it can. */
  lost(): string | undefined
  /** How many of its operations were refused so far (no memory, above all), and what was said of the last. */
  faults(): { readonly count: number; readonly last: string }
  close(): void
}

/** The limits that are asked for: what the adapter has, not the small ones that WebGPU starts from. */
const LIMITS = ['maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage'] as const

/** Drivers that compute on the processor: SwiftShader, Mesa's llvmpipe, Windows' WARP. */
export const SOFTWARE = /swiftshader|llvmpipe|lavapipe|lvp_icd|basic render/i

// the object that `create` gives must live as long as the process: collecting it ends the process
let root: GPU | undefined

/**
 * Opens the machine's graphics device.
 * @throws DEVICE_MISSING when there is no driver or no adapter, saying which
 */
export async function openDevice(): Promise<Device> {
  try {
    const { create, globals } = await import('webgpu')
    Object.assign(globalThis, globals)
    root ??= create([])
  } catch (cause) {
    throw noDevice(`WebGPU could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  const adapter = await root.requestAdapter()
  if (!adapter) throw noDevice('no driver gives an adapter')
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]))
  const gpu = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw noDevice(`the adapter gives no device: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  })
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info
  const name = [vendor, architecture].filter(Boolean).join(' ') || description || 'an unnamed device'
  let why: string | undefined
  gpu.lost.then(({ reason, message }) => {
    why = message || reason
  })
  // an operation that is refused leaves zeros behind and says so here alone
  let faults = { count: 0, last: '' }
  const memory = new DeviceMemory()
  gpu.addEventListener('uncapturederror', (event) => {
    event.preventDefault()
    faults = { count: faults.count + 1, last: event.error.message }
    // what was refused may be one of them
    memory.forget()
  })
  return {
    name,
    software: isFallbackAdapter === true || SOFTWARE.test(`${name} ${description}`),
    gpu,
    largestBuffer: Math.min(gpu.limits.maxBufferSize, gpu.limits.maxStorageBufferBindingSize),
    memory,
    lost: () => why,
    faults: () => faults,
    close: () => gpu.destroy(),
  }
}

/** The error of a machine without a device, and why it has none. */
export const noDevice = (why: string, cause?: unknown): GalleyError =>
  new GalleyError('DEVICE_MISSING', {
    what: 'there is no graphics device to compute on',
    why,
    fix: "install the GPU's Vulkan driver (on macOS and Windows it comes with the system), or leave the plan to another engine; without a GPU, Debian's chromium brings a software driver: see docs/gpu.md",
    ...(cause ? { cause } : {}),
  })

/** The device can't do it, now or at all: no memory, a kernel that its compiler refuses. The host can. */
export class DeviceFault extends Error {}
