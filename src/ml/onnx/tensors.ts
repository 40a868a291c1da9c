/** Types of tensors that rows are handed over in, as onnxruntime-node names them. */
export const TYPES = ['float32', 'float64', 'int64', 'int32', 'int16', 'int8', 'uint8', 'uint16', 'uint32', 'bool', 'string'] as const // biome-ignore format: one line
export type TensorType = (typeof TYPES)[number]
export type Numbers = Float32Array | Float64Array | BigInt64Array | Int32Array | Int16Array | Int8Array | Uint8Array | Uint16Array | Uint32Array // biome-ignore format: one line

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const

export const isTensorType = (type: string | null): type is TensorType => TYPES.some((t) => t === type)

/** Numbers of a tensor of `length`, all 0. */
export const numbersOf = (type: Exclude<TensorType, 'string'>, length: number): Numbers => new ARRAYS[type](length)

/** Bytes as numbers of that type, in memory of their own. */
export function numbersIn(type: Exclude<TensorType, 'string'>, bytes: Uint8Array): Numbers {
  const own = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(own).set(bytes)
  return new ARRAYS[type](own)
}

/** Whole numbers that a type holds; undefined for floats and texts. */
export function rangeOf(type: TensorType): readonly [low: number, high: number] | undefined {
  if (type === 'bool') return [0, 1]
  if (type === 'int64') return [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  const bits = /^(u?)int(8|16|32)$/.exec(type)
  if (!bits) return undefined
  const n = Number(bits[2])
  return bits[1] ? [0, 2 ** n - 1] : [-(2 ** (n - 1)), 2 ** (n - 1) - 1]
}
