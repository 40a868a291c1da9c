/// <reference types="@webgpu/types" />
import type { Device } from '../device.ts'
import { type Access, bind, dispatch, ENTRY, GROUP, type Kernel, kernelOf } from '../kernel.ts'
import type { Transfers } from '../transfers.ts'

/** A buffer as a kernel sees it: under a name, as an array of `type`. */
export interface Binding {
  readonly access: Access
  readonly type: 'u32' | 'f32' | 'vec2u' | 'vec4f' | 'atomic<u32>'
  readonly buffer: GPUBuffer
}

export const read = (buffer: GPUBuffer, type: Binding['type'] = 'u32'): Binding => ({ access: 'read', type, buffer })
export const write = (buffer: GPUBuffer, type: Binding['type'] = 'u32'): Binding => ({ access: 'write', type, buffer })
/** Added to by many threads at once. */
export const shared = (buffer: GPUBuffer): Binding => write(buffer, 'atomic<u32>')

/** A kernel with its buffers. */
export interface Ready {
  readonly kernel: Kernel
  readonly group: GPUBindGroup
}

/** Threads that go over rows in strides: enough to fill a device, few enough to put their parts together; a multiple of 64. */
export const strides = (rows: number): number => GROUP * Math.min(256, Math.max(1, Math.ceil(rows / (GROUP * 16))))

/**
 * Kernels that run one after the other, and the buffers that they need. What is made here is freed by `close`, unless it
 * was handed over with `keep`; nothing is computed before `submit` or `download`.
 */
export class Job {
  readonly device: Device
  readonly #transfers: Transfers
  readonly #held = new Set<GPUBuffer>()
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined

  constructor({ device, transfers }: { readonly device: Device; readonly transfers: Transfers }) {
    this.device = device
    this.#transfers = transfers
  }

  /** A zeroed buffer; however small, a kernel may see it as vectors. */
  buffer(words: number): GPUBuffer {
    const made = this.#transfers.buffer(Math.max(words, 4))
    this.#held.add(made)
    return made
  }

  /** A buffer with what `fill` writes into its words. */
  upload(words: number, fill: (to: Uint32Array) => void): GPUBuffer {
    const made = this.#transfers.upload(words, fill)
    this.#held.add(made)
    return made
  }

  /** A buffer with these words. */
  words(...words: readonly number[]): GPUBuffer {
    return this.list(words)
  }

  /** The same for as many as there are. */
  list(words: ArrayLike<number>): GPUBuffer {
    return this.upload(words.length, (to) => to.set(words))
  }

  /** Lets a buffer outlive the job: it then belongs to the transfers. */
  keep(buffer: GPUBuffer): GPUBuffer {
    this.#held.delete(buffer)
    return buffer
  }

  /** Frees buffers before the end; what uses them must be submitted. */
  free(...buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) this.#held.delete(buffer)
    this.#transfers.free(...buffers)
  }

  /** Runs work, hands its kernels over and frees what it made but for the buffers that `kept` names of what it gives. */
  async within<T>(work: () => Promise<T>, kept: (made: T) => readonly GPUBuffer[]): Promise<T> {
    const before = new Set(this.#held)
    const made = await work()
    this.submit()
    const keep = new Set(kept(made))
    this.free(...[...this.#held].filter((buffer) => !before.has(buffer) && !keep.has(buffer)))
    return made
  }

  /**
   * A kernel over the named buffers. Its code has `fn main(row: u32)`, called for each row, or an entry point `run` of
   * its own.
   */
  async prepare(code: string, bindings: Readonly<Record<string, Binding>>): Promise<Ready> {
    const all = Object.entries(bindings)
    const head = all.map(
      ([name, { access, type }], i) =>
        `@group(0) @binding(${i}) var<storage, ${access === 'read' ? 'read' : 'read_write'}> ${name}: array<${type}>;`,
    )
    const whole = `${head.join('\n')}\n${code}\n${code.includes('fn run(') ? '' : ENTRY}`
    const kernel = await kernelOf(
      this.device,
      whole,
      all.map(([, b]) => b.access),
    )
    const buffers = all.map(([, { buffer }]) => buffer)
    return { kernel, group: bind(this.device.gpu, kernel.layout, buffers) }
  }

  /** Runs a kernel for `rows` rows, or a few more. */
  go(ready: Ready, rows: number): void {
    dispatch(this.device, this.#computing(), ready.kernel, ready.group, rows)
  }

  async run(code: string, bindings: Readonly<Record<string, Binding>>, rows: number): Promise<void> {
    this.go(await this.prepare(code, bindings), rows)
  }

  /** The pass that kernels are put into. */
  #computing(): GPUComputePassEncoder {
    this.#encoder ??= this.device.gpu.createCommandEncoder()
    return (this.#pass ??= this.#encoder.beginComputePass())
  }

  /** Fills a buffer with zeros. */
  clear(buffer: GPUBuffer): void {
    this.#outside().clearBuffer(buffer)
  }

  copy(from: GPUBuffer, at: number, to: GPUBuffer, toAt: number, words: number): void {
    if (words > 0) this.#outside().copyBufferToBuffer(from, at * 4, to, toAt * 4, words * 4)
  }

  #outside(): GPUCommandEncoder {
    this.#pass?.end()
    this.#pass = undefined
    return (this.#encoder ??= this.device.gpu.createCommandEncoder())
  }

  /** Hands all kernels so far to the device. */
  submit(): void {
    this.device.memory.submit(this.device.gpu, this.#outside().finish())
    this.#encoder = undefined
  }

  /** Waits until all that was handed over is computed; nothing comes down. */
  async settled(): Promise<void> {
    this.submit()
    await this.device.gpu.queue.onSubmittedWorkDone()
  }

  /** Words of buffers, in one readback. @throws DeviceFault */
  async download(parts: readonly { from: GPUBuffer; at: number; words: number }[]): Promise<Uint32Array> {
    const encoder = this.#outside()
    this.#encoder = undefined
    return this.#transfers.download(encoder, parts)
  }

  close(): void {
    // kernels that were never handed over die with their encoder
    this.#pass?.end()
    this.#transfers.free(...this.#held)
    this.#held.clear()
  }
}
