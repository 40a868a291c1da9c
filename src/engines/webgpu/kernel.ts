/// <reference types="@webgpu/types" />
import { type Device, DeviceFault } from './device.ts'

/** What a kernel binds in order: read, or read and written. */
export type Access = 'read' | 'write'

export interface Kernel {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

/** Invocations of a workgroup. */
export const GROUP = 64
/** Workgroups that a dispatch takes in one dimension. */
const MOST_GROUPS = 65_535

/** Kernels that a device keeps compiled. */
const MOST_KERNELS = 512

const known = new WeakMap<GPUDevice, Map<string, Promise<Kernel>>>()

/** Compiles a kernel once a device. Its buffers are `array<u32>`; \`main(row: u32)\` is called for each row. */
export function kernelOf(device: Device, code: string, access: readonly Access[]): Promise<Kernel> {
  const { gpu } = device
  let kernels = known.get(gpu)
  if (!kernels) known.set(gpu, (kernels = new Map()))
  let kernel = kernels.get(code)
  if (!kernel) {
    kernel = compile(device, code, access)
    kernels.set(code, kernel)
    kernel.catch(() => kernels.delete(code))
    // the oldest go first
    for (const old of kernels.keys()) if (kernels.size > MOST_KERNELS) kernels.delete(old)
  }
  return kernel
}

/**
 * Compiles a kernel. A driver on the processor compiles it in this thread: waiting for another to do so takes from that
 * one what it needs, as Dawn never rests while it waits. @throws DeviceFault
 */
async function compile({ gpu, software }: Device, code: string, access: readonly Access[]): Promise<Kernel> {
  const layout = gpu.createBindGroupLayout({
    entries: access.map((a, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: a === 'read' ? 'read-only-storage' : 'storage' },
    })),
  })
  // refused code is told here, and must not count as a fault of others' work
  gpu.pushErrorScope('validation')
  const module = gpu.createShaderModule({ code })
  const about = {
    layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'run' },
  }
  const refusal = (why: string, cause?: unknown) => new DeviceFault(`a kernel was refused: ${why}`, { cause })
  const told = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause))
  if (!software) {
    const refused = gpu.popErrorScope()
    const pipeline = await gpu.createComputePipelineAsync(about).catch(async (cause: unknown) => {
      throw refusal((await refused)?.message ?? told(cause), cause)
    })
    return { pipeline, layout }
  }
  gpu.pushErrorScope('internal')
  let pipeline: GPUComputePipeline | undefined
  let thrown: unknown
  try {
    pipeline = gpu.createComputePipeline(about)
  } catch (cause) {
    thrown = cause
  }
  const [inside, refused] = await Promise.all([gpu.popErrorScope(), gpu.popErrorScope()])
  const why = refused?.message ?? inside?.message ?? (pipeline ? undefined : told(thrown))
  if (why !== undefined || !pipeline) throw refusal(why ?? 'it is not told why', thrown)
  return { pipeline, layout }
}

/** The entry point of a kernel whose `main` takes a row's number. */
export const ENTRY = /* wgsl */ `
@compute @workgroup_size(${GROUP})
fn run(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  main(id.x + id.y * groups.x * ${GROUP}u);
}
`

export const bind = (gpu: GPUDevice, layout: GPUBindGroupLayout, buffers: readonly GPUBuffer[]): GPUBindGroup =>
  gpu.createBindGroup({ layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })) })

/** Runs a kernel for `rows` rows, or a few more: it must look at its row's number itself. Buffers may be bound already. */
export function dispatch(
  { gpu }: Device,
  pass: GPUComputePassEncoder,
  { pipeline, layout }: Kernel,
  buffers: readonly GPUBuffer[] | GPUBindGroup,
  rows: number,
): void {
  const groups = Math.max(1, Math.ceil(rows / GROUP))
  const across = Math.min(groups, MOST_GROUPS)
  pass.setPipeline(pipeline)
  const bound = Array.isArray(buffers) ? bind(gpu, layout, buffers) : (buffers as GPUBindGroup)
  pass.setBindGroup(0, bound)
  pass.dispatchWorkgroups(across, Math.ceil(groups / across))
}
