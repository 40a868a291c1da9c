import { z } from 'zod'
import type { OnnxFile } from './file.ts'

/** An input or output as ONNX Runtime tells of it: its type is null where it is no tensor; sizes that are not fixed are texts. */
export interface Port {
  readonly name: string
  readonly type: string | null
  readonly shape: readonly (string | number)[]
}

/** A tensor that is handed over: numbers lie in the frame's bytes, one tensor after the other. */
export interface TensorHead {
  readonly name: string
  readonly type: string
  readonly dims: readonly number[]
  readonly texts?: readonly string[]
}

/** What the process is asked: to load the file in the frame's bytes, or to run it on rows. */
export type Question =
  | { readonly load: true }
  | { readonly run: readonly TensorHead[]; readonly output: string; readonly single: boolean }

const Text = z.string().max(1 << 20)
const Count = z.number().int().nonnegative()
const Ports = z.array(z.strictObject({ name: Text, type: Text.nullable(), shape: z.array(z.union([Text, Count])) })).max(10_000) // biome-ignore format: one line

/** What the process answers, as far as it is believed: whatever a file made of it may say anything. */
export const Answer = z.union([
  z.strictObject({
    loaded: z.strictObject({
      inputs: Ports,
      outputs: Ports,
      file: z.strictObject({
        format: Count,
        producer: Text,
        opsets: z.record(Text, z.number()),
        notes: z.record(Text, Text),
        maps: z.record(
          Text,
          z.strictObject({ probabilities: Text, classes: z.array(z.union([Text, z.number()])).max(100_000) }),
        ),
      }),
    }),
  }),
  z.strictObject({ ran: z.strictObject({ dims: z.array(Count).max(16) }) }),
  z.strictObject({
    failure: z.strictObject({ code: z.enum(['MODEL_INVALID', 'MODEL_FAILED']), why: Text, fix: Text.optional() }),
  }),
])

/** What is known of a loaded model. */
export interface Loaded {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly file: OnnxFile
}

export type Said =
  | { readonly loaded: Loaded }
  | { readonly ran: { readonly dims: readonly number[] } }
  | {
      readonly failure: {
        readonly code: 'MODEL_INVALID' | 'MODEL_FAILED'
        readonly why: string
        readonly fix?: string | undefined
      }
    }
