/// <reference types="@webgpu/types" />
import { GalleyError } from '../../base/errors.ts'
import type { Ledger } from '../ledger.ts'
import { type Device, DeviceFault } from './device.ts'
import { waited } from './waiting.ts'

const STAGE = 'webgpu'

/**
 * One run's buffers on a device. Every byte that goes up or comes down passes through here and is counted; all that is
 * left is freed by `close`.
 */
export class Transfers {
  readonly #device: Device
  readonly #ledger: Ledger
  /** Bytes that the run may hold on the device at once. */
  readonly #budget: number
  readonly #held = new Map<GPUBuffer, number>()
  readonly #faults: number
  #live = 0
  #beyond: string | undefined

  constructor(device: Device, ledger: Ledger, budget: number) {
    this.#device = device
    this.#ledger = ledger
    this.#budget = budget
    this.#faults = device.faults().count
  }

  /** Why a buffer was not to be had within the run's memory; undefined when all were. */
  get beyond(): string | undefined {
    return this.#beyond
  }

  /** A zeroed buffer that kernels read and write. @throws ENGINE_FAILED beyond the budget or the device's largest buffer */
  buffer(words: number): GPUBuffer {
    return this.#make(
      Math.max(words, 1) * 4,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    )
  }

  /** A buffer with what `fill` writes into its words: it goes up as one write. */
  upload(words: number, fill: (to: Uint32Array) => void): GPUBuffer {
    const size = Math.max(words, 1) * 4
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    const buffer = this.#make(size, usage, true)
    fill(new Uint32Array(buffer.getMappedRange()))
    buffer.unmap()
    this.#ledger.add(STAGE, 'up', size)
    return buffer
  }

  /** Copies the named words of buffers together and brings them down in one go; `encoder` is submitted with the copies. */
  async download(
    encoder: GPUCommandEncoder,
    parts: readonly { from: GPUBuffer; at: number; words: number }[],
  ): Promise<Uint32Array> {
    const words = parts.reduce((sum, p) => sum + p.words, 0)
    const staging = this.#make(Math.max(words, 1) * 4, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST)
    let to = 0
    for (const { from, at, words: n } of parts) {
      if (n > 0) encoder.copyBufferToBuffer(from, at * 4, staging, to * 4, n * 4)
      to += n
    }
    this.#device.gpu.queue.submit([encoder.finish()])
    if (words === 0) {
      this.free(staging)
      return new Uint32Array(0)
    }
    try {
      await waited(this.#device, staging.mapAsync(GPUMapMode.READ))
    } catch (cause) {
      throw new DeviceFault(this.#device.faults().last || 'the device gave no result', { cause })
    }
    this.check()
    const got = new Uint32Array(staging.getMappedRange().slice(0))
    staging.unmap()
    this.#ledger.add(STAGE, 'down', words * 4)
    this.#ledger.add(STAGE, 'readbacks', 1)
    this.free(staging)
    return got
  }

  /** Makes sure that the device refused nothing since this was made; certain once words came down. @throws DeviceFault */
  check(): void {
    const { count, last } = this.#device.faults()
    if (count > this.#faults) throw new DeviceFault(last)
  }

  free(...buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      const size = this.#held.get(buffer) ?? 0
      this.#live -= size
      this.#device.memory.live -= size
      this.#held.delete(buffer)
      buffer.destroy()
    }
  }

  /** The buffers that are held now, for `release`. */
  held(): ReadonlySet<GPUBuffer> {
    return new Set(this.#held.keys())
  }

  /** Frees all that was made since, but for what is kept: kernels that use it must be submitted. */
  release(since: ReadonlySet<GPUBuffer>, kept: ReadonlySet<GPUBuffer>): void {
    this.free(...[...this.#held.keys()].filter((buffer) => !since.has(buffer) && !kept.has(buffer)))
  }

  close(): void {
    this.free(...this.#held.keys())
  }

  #make(size: number, usage: number, mappedAtCreation = false): GPUBuffer {
    const tooLarge = (why: string): GalleyError => {
      this.#beyond = why
      return new GalleyError('ENGINE_FAILED', {
        what: "the plan needs more of the graphics device's memory than it may take",
        why,
        fix: 'give it more (memoryMiB; --memory of galley bench gpu), take fewer rows, or compute it on the processor',
      })
    }
    if (size > this.#device.largestBuffer)
      throw tooLarge(`a buffer of ${size} bytes is asked for, the device's largest holds ${this.#device.largestBuffer}`)
    if (this.#live + size > this.#budget)
      throw tooLarge(`${this.#live + size} bytes would be held, and ${this.#budget} may be`)
    let buffer: GPUBuffer
    try {
      buffer = this.#device.gpu.createBuffer({ size, usage, mappedAtCreation })
    } catch (cause) {
      throw new DeviceFault(`no buffer of ${size} bytes could be made`, { cause })
    }
    this.#held.set(buffer, size)
    this.#live += size
    const { memory } = this.#device
    memory.live += size
    memory.peak = Math.max(memory.peak, memory.live)
    return buffer
  }
}
