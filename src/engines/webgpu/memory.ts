/// <reference types="@webgpu/types" />

/** Bytes that a buffer takes: a sixteenth more than asked at most, so that the next of about that size can have it. */
export function sizeClass(bytes: number, largest: number): number {
  if (bytes <= 256) return Math.min(256, largest)
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 4)
  return Math.min(Math.ceil(bytes / step) * step, largest)
}

/** Bytes of small buffers that may wait even so: places and numbers of kernels. */
const FEW = 1 << 16

interface Idle {
  readonly buffer: GPUBuffer
  readonly kind: string
}

/**
 * The buffers of a device. What a run is done with waits for the next that asks for as much, and goes when the last that
 * is held does, or before it would raise the peak (but for 64 KiB). Bytes are those of the buffers as they are made.
 */
export class DeviceMemory {
  /** Bytes that runs hold. */
  live = 0
  /** The most that was allocated at once, waiting buffers included. */
  peak = 0
  /** Buffers that were made, and of those asked for how many were there already. */
  readonly count = { made: 0, reused: 0 }
  readonly #idle: Idle[] = []
  /** Reused ones that the next kernels must find zeroed. */
  readonly #stale = new Set<GPUBuffer>()
  #waiting = 0

  /** Bytes that wait for the next that asks. */
  get idle(): number {
    return this.#waiting
  }

  /** A waiting buffer of just this size and use; undefined where there is none. With `zeroed` the next submission finds zeros in it. */
  reuse(size: number, usage: number, zeroed: boolean): GPUBuffer | undefined {
    const kind = `${size} ${usage}`
    const at = this.#idle.findLastIndex((own) => own.kind === kind)
    const [found] = at < 0 ? [] : this.#idle.splice(at, 1)
    if (!found) return undefined
    this.#waiting -= size
    this.live += size
    this.count.reused++
    if (zeroed) this.#stale.add(found.buffer)
    else this.#stale.delete(found.buffer)
    return found.buffer
  }

  /** Makes a buffer; those that wait go first where all together would be more than `most` or than ever before. */
  make(gpu: GPUDevice, about: GPUBufferDescriptor, most: number): GPUBuffer {
    const then = this.live + about.size
    this.#shrink(Math.max(0, Math.min(most, Math.max(this.peak, then + FEW)) - then))
    const made = gpu.createBuffer(about)
    this.count.made++
    this.live += about.size
    this.peak = Math.max(this.peak, this.live + this.#waiting)
    return made
  }

  /** Takes a buffer back that all submitted kernels are done with or will be before any later ones; \`sound\`: it may be used again. */
  give(buffer: GPUBuffer, sound: boolean): void {
    this.live -= buffer.size
    if (sound) {
      this.#idle.push({ buffer, kind: `${buffer.size} ${buffer.usage}` })
      this.#waiting += buffer.size
    } else this.#destroy(buffer)
    if (this.live === 0) this.forget()
  }

  /** Frees all that waits. */
  forget(): void {
    this.#shrink(0)
  }

  /** Hands commands to the device, after zeros for the reused buffers that they may read. */
  submit(gpu: GPUDevice, ...commands: readonly GPUCommandBuffer[]): void {
    if (this.#stale.size > 0) {
      const encoder = gpu.createCommandEncoder()
      for (const buffer of this.#stale) encoder.clearBuffer(buffer)
      this.#stale.clear()
      gpu.queue.submit([encoder.finish(), ...commands])
    } else gpu.queue.submit([...commands])
  }

  /** Frees those that wait longest until so many bytes wait. */
  #shrink(left: number): void {
    while (this.#waiting > left) {
      const { buffer } = this.#idle.shift() as Idle
      this.#waiting -= buffer.size
      this.#destroy(buffer)
    }
  }

  #destroy(buffer: GPUBuffer): void {
    this.#stale.delete(buffer)
    buffer.destroy()
  }
}
