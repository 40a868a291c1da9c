/// <reference types="@webgpu/types" />
import type { Field } from '../../plan/types.ts'
import type { Relation } from '../engine.ts'
import type { Device } from './device.ts'
import type { Dictionary } from './gather.ts'
import type { Transfers } from './transfers.ts'
import type { Rep } from './wgsl/reps.ts'

/** Words of a buffer on the device. */
export interface Words {
  readonly buffer: GPUBuffer
  /** Where they begin, in words of 32 bits. */
  readonly at: number
}

/** A column in the device's memory. */
export interface TableColumn {
  readonly field: Field
  readonly rep: Rep
  /** One or two words a row; for bools a bit. */
  readonly values: Words
  /** A bit a row, 1 = present; null when no value is missing. */
  readonly validity: Words | null
}

/** Columns of the same rows in the device's memory. Its buffers belong to `transfers` and live until that is closed. */
export interface DeviceTable {
  readonly device: Device
  readonly transfers: Transfers
  /** As many as there are; at most so many where `count` says how many. */
  readonly rows: number
  /** The word that says how many rows there are, where the host does not know yet. */
  readonly count?: Words | null
  readonly columns: readonly TableColumn[]
  /** The texts that the codes of its text columns stand for. */
  readonly words: Dictionary
}

/** A relation that stays on the device; `batches` brings it down. */
export interface DeviceRelation extends Relation {
  readonly place: 'device'
  readonly table: DeviceTable
}

export const isOnDevice = (relation: Relation): relation is DeviceRelation => relation.place === 'device'
