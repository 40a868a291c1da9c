/// <reference types="@webgpu/types" />
import type { Ledger } from '../ledger.ts'
import { type Device, DeviceFault } from './device.ts'
import { sizeClass } from './memory.ts'

const STAGE = 'webgpu'

/** A buffer is not to be had: beyond the budget, or the device's largest. What the device need not hold at once it may put aside. */
export class OutOfRoom extends DeviceFault {}

/**
 * One run's buffers on a device. Every byte that goes up or comes down passes through here and is counted; all that is
 * left is freed by `close`.
 */
export class Transfers {
  readonly #device: Device
  readonly #ledger: Ledger
  /** Bytes that all runs may hold on the device at once. */
  readonly #budget: number
  readonly #held = new Set<GPUBuffer>()
  readonly #faults: number
  /** The edge of the ledger that moved bytes count on; the engine's when undefined. */
  stage: string | undefined

  constructor(device: Device, ledger: Ledger, budget: number) {
    this.#device = device
    this.#ledger = ledger
    this.#budget = budget
    this.#faults = device.faults().count
  }

  /** A zeroed buffer that kernels read and write. @throws OutOfRoom */
  buffer(words: number): GPUBuffer {
    return this.#make(
      Math.max(words, 1) * 4,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      true,
    )
  }

  /** A buffer with what `fill` writes into its words: it goes up as one write. */
  upload(words: number, fill: (to: Uint32Array) => void): GPUBuffer {
    const length = Math.max(words, 1)
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
    const size = this.#fitting(length * 4)
    let buffer = this.#reused(size, usage, false)
    if (buffer) {
      const own = new Uint32Array(length)
      fill(own)
      this.#device.gpu.queue.writeBuffer(buffer, 0, own)
    } else {
      buffer = this.#made(size, usage, true)
      // as much as is counted
      fill(new Uint32Array(buffer.getMappedRange(0, length * 4)))
      buffer.unmap()
    }
    this.#ledger.add(this.stage ?? STAGE, 'up', length * 4)
    return buffer
  }

  /** Copies the named words of buffers together and brings them down in one go; `encoder` is submitted with the copies. */
  async download(
    encoder: GPUCommandEncoder,
    parts: readonly { from: GPUBuffer; at: number; words: number }[],
  ): Promise<Uint32Array> {
    const words = parts.reduce((sum, p) => sum + p.words, 0)
    const staging = this.#make(Math.max(words, 1) * 4, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST, false)
    let to = 0
    for (const { from, at, words: n } of parts) {
      if (n > 0) encoder.copyBufferToBuffer(from, at * 4, staging, to * 4, n * 4)
      to += n
    }
    this.#device.memory.submit(this.#device.gpu, encoder.finish())
    if (words === 0) {
      this.free(staging)
      return new Uint32Array(0)
    }
    try {
      await staging.mapAsync(GPUMapMode.READ)
    } catch (cause) {
      throw new DeviceFault(this.#device.faults().last || 'the device gave no result', { cause })
    }
    this.check()
    const got = new Uint32Array(staging.getMappedRange(0, words * 4).slice(0))
    staging.unmap()
    this.#ledger.add(this.stage ?? STAGE, 'down', words * 4)
    this.#ledger.add(this.stage ?? STAGE, 'readbacks', 1)
    this.free(staging)
    return got
  }

  /** Makes sure that the device refused nothing since this was made; certain once words came down. @throws DeviceFault */
  check(): void {
    const { count, last } = this.#device.faults()
    if (count > this.#faults) throw new DeviceFault(last)
  }

  free(...buffers: readonly GPUBuffer[]): void {
    const { memory } = this.#device
    const sound = this.#device.lost() === undefined && this.#device.faults().count === this.#faults
    for (const buffer of buffers) if (this.#held.delete(buffer)) memory.give(buffer, sound)
  }

  /** The buffers that are held now, for `release`. */
  held(): ReadonlySet<GPUBuffer> {
    return new Set(this.#held)
  }

  /** Frees all that was made since, but for what is kept: kernels that use it must be submitted. */
  release(since: ReadonlySet<GPUBuffer>, kept: ReadonlySet<GPUBuffer>): void {
    this.free(...[...this.#held].filter((buffer) => !since.has(buffer) && !kept.has(buffer)))
  }

  close(): void {
    this.free(...this.#held)
  }

  #make(bytes: number, usage: number, zeroed: boolean): GPUBuffer {
    const size = this.#fitting(bytes)
    return this.#reused(size, usage, zeroed) ?? this.#made(size, usage, false)
  }

  /** The size of the buffer that is taken for so many bytes. @throws OutOfRoom */
  #fitting(bytes: number): number {
    const { memory, largestBuffer } = this.#device
    if (bytes > largestBuffer)
      throw new OutOfRoom(`a buffer of ${bytes} bytes is asked for, the device's largest holds ${largestBuffer}`)
    const size = sizeClass(bytes, largestBuffer)
    if (memory.live + size > this.#budget)
      throw new OutOfRoom(
        `${mib(memory.live + size)} of the device's memory would be held, and ${mib(this.#budget)} may be`,
      )
    return size
  }

  #reused(size: number, usage: number, zeroed: boolean): GPUBuffer | undefined {
    const buffer = this.#device.memory.reuse(size, usage, zeroed)
    if (buffer) this.#held.add(buffer)
    return buffer
  }

  #made(size: number, usage: number, mappedAtCreation: boolean): GPUBuffer {
    const { memory, gpu } = this.#device
    try {
      const buffer = memory.make(gpu, { size, usage, mappedAtCreation }, this.#budget)
      this.#held.add(buffer)
      return buffer
    } catch (cause) {
      throw new DeviceFault(`no buffer of ${size} bytes could be made`, { cause })
    }
  }
}

/** As memory is bounded: `75.9 MiB`. */
const mib = (bytes: number): string => `${Number((bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 3 : 1))} MiB`
