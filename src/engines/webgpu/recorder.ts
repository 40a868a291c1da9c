/// <reference types="@webgpu/types" />
import type { Device } from './device.ts'
import type { Words } from './table.ts'
import type { Transfers } from './transfers.ts'

/** Marks that a run may leave: one for each fused kernel. */
const MOST_MARKS = 1024

/** Records the kernels of one run in order, and sends them to the device. */
export class Recorder {
  readonly device: Device
  readonly transfers: Transfers
  /** Whether a join may guess that it gives no more rows than it is given, instead of asking; a mark says when it does. */
  readonly guesses: boolean
  /** How many rows the plan's only filter leaves, where the host knows. */
  readonly leaves: number | undefined
  readonly #marks: GPUBuffer
  #marked = 0
  #encoder: GPUCommandEncoder | undefined

  constructor(
    device: Device,
    transfers: Transfers,
    { guesses = false, leaves }: { guesses?: boolean; leaves?: number | undefined } = {},
  ) {
    this.device = device
    this.transfers = transfers
    this.guesses = guesses
    this.leaves = leaves
    this.#marks = transfers.buffer(MOST_MARKS)
  }

  get encoder(): GPUCommandEncoder {
    return (this.#encoder ??= this.device.gpu.createCommandEncoder())
  }

  async pass<T>(f: (pass: GPUComputePassEncoder) => Promise<T>): Promise<T> {
    const pass = this.encoder.beginComputePass()
    const made = await f(pass)
    pass.end()
    return made
  }

  copy(from: Words, to: Words, words: number): void {
    if (words > 0) this.encoder.copyBufferToBuffer(from.buffer, from.at * 4, to.buffer, to.at * 4, words * 4)
  }

  /** Sets a buffer's words to 0. */
  clear(buffer: GPUBuffer): void {
    this.encoder.clearBuffer(buffer)
  }

  /** Remembers the mark that a fused kernel leaves in a word, until it is brought down. */
  mark(word: Words): void {
    this.copy(word, { buffer: this.#marks, at: this.#marked++ }, 1)
  }

  /** The marks of all fused kernels so far, to be downloaded and checked. */
  marks(): { from: GPUBuffer; at: number; words: number } {
    return { from: this.#marks, at: 0, words: this.#marked }
  }

  /** The marks so far are checked. */
  forget(): void {
    this.#marked = 0
  }

  /** Sends all that is recorded. */
  submit(): void {
    if (this.#encoder) this.device.memory.submit(this.device.gpu, this.#encoder.finish())
    this.#encoder = undefined
  }

  /** Sends all that is recorded and brings words down. One readback. */
  download(parts: readonly { from: GPUBuffer; at: number; words: number }[]): Promise<Uint32Array> {
    const { encoder } = this
    this.#encoder = undefined
    return this.transfers.download(encoder, parts)
  }
}
