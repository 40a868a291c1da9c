import { crc32 } from 'node:zlib'

/*
 * One record on disk, little-endian:
 *
 *   u32 mark "GREC" | u32 length | u32 epoch, its top bit set on the first record of an epoch | u32 CRC-32 | payload
 *
 * The checksum covers length, epoch and payload. An epoch is what is written between two flushes to disk, so everything
 * before the current epoch is known to be on disk: a damaged record there is corruption, one in the last epoch may be a
 * write that power loss cut short.
 */

export const HEADER = 16
const MARK = 0x43455247
const FIRST = 0x80000000
export const LARGEST_RECORD = 16 << 20

export interface Frame {
  readonly epoch: number
  /** Whether the epoch begins here. */
  readonly first: boolean
  readonly payload: Buffer
  /** Where the next frame begins. */
  readonly end: number
}

export function frameSize(payload: Uint8Array): number {
  return HEADER + payload.byteLength
}

/** Writes a frame into `into` at `at`; answers where it ends. */
export function writeFrame(into: Buffer, at: number, payload: Uint8Array, epoch: number, first: boolean): number {
  into.writeUInt32LE(MARK, at)
  into.writeUInt32LE(payload.byteLength, at + 4)
  into.writeUInt32LE(((epoch & 0x7fffffff) | (first ? FIRST : 0)) >>> 0, at + 8)
  into.set(payload, at + HEADER)
  into.writeUInt32LE(crc32(payload, crc32(into.subarray(at + 4, at + 12))), at + 12)
  return at + HEADER + payload.byteLength
}

/** The frame that begins at `at`: itself, or why there is none. `short` means that the bytes end within it. */
export function readFrame(from: Buffer, at: number): Frame | 'short' | 'damaged' {
  if (from.length - at < HEADER) return 'short'
  if (from.readUInt32LE(at) !== MARK) return 'damaged'
  const length = from.readUInt32LE(at + 4)
  if (length > LARGEST_RECORD) return 'damaged'
  const end = at + HEADER + length
  if (end > from.length) return 'short'
  const payload = from.subarray(at + HEADER, end)
  if (crc32(payload, crc32(from.subarray(at + 4, at + 12))) !== from.readUInt32LE(at + 12)) return 'damaged'
  const word = from.readUInt32LE(at + 8)
  return { epoch: word & 0x7fffffff, first: word >= FIRST, payload, end }
}

/**
 * Whether what follows a bad frame at `at` shows that it had been flushed: a whole frame of an epoch that began later.
 * @param epoch the epoch of the last good frame before it
 */
export function wasFlushed(from: Buffer, at: number, epoch: number): boolean {
  const mark = Buffer.from('GREC')
  for (let next = from.indexOf(mark, at + 1); next >= 0; next = from.indexOf(mark, next + 1)) {
    const frame = readFrame(from, next)
    if (typeof frame === 'string') continue
    // the next epoch's first frame proves that the bad one is of the last good frame's epoch, which was flushed
    if (frame.epoch > epoch + 1 || (frame.epoch === epoch + 1 && frame.first)) return true
    next = frame.end - 1
  }
  return false
}
