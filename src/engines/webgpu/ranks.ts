/// <reference types="@webgpu/types" />
import { compareUtf8 } from '../values.ts'
import type { Dictionary } from './gather.ts'
import type { Recorder } from './recorder.ts'

/** The place of each text of a dictionary in the order of their bytes. */
export function ranksOf({ list }: Dictionary): Uint32Array {
  const order = Uint32Array.from(list, (_, code) => code).sort((a, b) =>
    compareUtf8(list[a] as string, list[b] as string),
  )
  const ranks = new Uint32Array(list.length)
  for (const [rank, code] of order.entries()) ranks[code] = rank
  return ranks
}

/**
 * The ranks on the device, for one step: they go up when texts are first put in order, a word for each text, and no rows
 * with them.
 */
export function ranksIn({ transfers }: Recorder, words: Dictionary): () => { buffer: GPUBuffer; bits: number } {
  let made: { buffer: GPUBuffer; bits: number } | undefined
  return () => {
    if (made) return made
    const ranks = ranksOf(words)
    return (made = {
      buffer: transfers.upload(ranks.length, (to) => to.set(ranks)),
      bits: Math.max(1, 32 - Math.clz32(Math.max(0, ranks.length - 1))),
    })
  }
}
