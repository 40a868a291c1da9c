import { gzipSync, zstdCompressSync } from 'node:zlib'

/** Parquet files that no writer writes, byte for byte: metadata in Thrift's compact protocol with whatever numbers are wanted. */

type Field = readonly [id: number, value: Value]
type Value =
  | { readonly i32: number }
  | { readonly i64: bigint }
  | { readonly text: string }
  | { readonly struct: readonly Field[] }
  | { readonly list: readonly Value[] }

const I32 = (i32: number): Value => ({ i32 })
const I64 = (n: number | bigint): Value => ({ i64: BigInt(n) })
const codeOf = (v: Value): number => ('i32' in v ? 5 : 'i64' in v ? 6 : 'text' in v ? 8 : 'list' in v ? 9 : 12)

function varint(n: bigint, into: number[]): void {
  let left = n
  for (; left >= 128n; left >>= 7n) into.push(Number(left & 127n) | 128)
  into.push(Number(left))
}
const zigzag = (n: bigint): bigint => (n < 0n ? -2n * n - 1n : 2n * n)

function write(v: Value, into: number[]): void {
  if ('i32' in v) varint(zigzag(BigInt(v.i32)), into)
  else if ('i64' in v) varint(zigzag(v.i64), into)
  else if ('text' in v) {
    const bytes = Buffer.from(v.text)
    varint(BigInt(bytes.length), into)
    into.push(...bytes)
  } else if ('list' in v) {
    const code = v.list[0] ? codeOf(v.list[0]) : 12
    if (v.list.length < 15) into.push((v.list.length << 4) | code)
    else {
      into.push(0xf0 | code)
      varint(BigInt(v.list.length), into)
    }
    for (const item of v.list) write(item, into)
  } else {
    let last = 0
    for (const [id, value] of v.struct) {
      into.push(((id - last) << 4) | codeOf(value))
      write(value, into)
      last = id
    }
    into.push(0)
  }
}

const bytesOf = (v: Value): Buffer => {
  const into: number[] = []
  write(v, into)
  return Buffer.from(into)
}

/** What a file says, each beside what is true of a sound one of one row. */
export interface Claims {
  readonly rows?: number
  readonly values?: number
  readonly unpacked?: number
  readonly codec?: 'none' | 'gzip' | 'zstd'
  readonly page?: Buffer
  readonly chunkUnpacked?: number
  /** Entries that a dictionary page before the data says it has, of one that is there. */
  readonly dictionary?: number
  /** Groups that the column lies in, one in the other. */
  readonly depth?: number
}

const CODECS = { none: 0, gzip: 2, zstd: 6 }

/** A file of one column `n` of int64. */
export function parquetSaying(c: Claims = {}): Buffer {
  const page = c.page ?? Buffer.alloc(8)
  const values = c.values ?? 1
  const pageOf = (type: number, data: Buffer, unpacked: number, more: Field): Buffer =>
    Buffer.concat([bytesOf({ struct: [[1, I32(type)], [2, I32(unpacked)], [3, I32(data.length)], more] }), data])
  const words = { struct: [[1, I32(values)], [2, I32(c.dictionary === undefined ? 0 : 8)], [3, I32(3)], [4, I32(3)]] } as const // biome-ignore format: one line
  const dictionary =
    c.dictionary === undefined
      ? Buffer.alloc(0)
      : pageOf(2, Buffer.alloc(8), 8, [
          7,
          {
            struct: [
              [1, I32(c.dictionary)],
              [2, I32(0)],
            ],
          },
        ])
  const data = pageOf(0, page, c.unpacked ?? page.length, [5, words])
  const start = 4
  const depth = c.depth ?? 0
  const groups = Array.from({ length: depth }, (_, i) => `g${i}`)
  const leaf: Value = {
    struct: [
      [1, I32(2)],
      [3, I32(0)],
      [4, { text: 'n' }],
    ],
  }
  const group = (name: string): Value => ({
    struct: [
      [3, I32(0)],
      [4, { text: name }],
      [5, I32(1)],
    ],
  })
  const schema = [
    {
      struct: [
        [4, { text: 'schema' }],
        [5, I32(1)],
      ],
    } as Value,
    ...groups.map(group),
    leaf,
  ]
  const chunk: Field[] = [
    [1, I32(2)],
    [2, { list: [I32(0)] }],
    [3, { list: [...groups, 'n'].map((text) => ({ text })) }],
    [4, I32(CODECS[c.codec ?? 'none'])],
    [5, I64(values)],
    [6, I64(c.chunkUnpacked ?? c.unpacked ?? page.length)],
    [7, I64(dictionary.length + data.length)],
    [9, I64(start + dictionary.length)],
    ...(c.dictionary === undefined ? [] : [[11, I64(start)] as Field]),
  ]
  const rows = c.rows ?? 1
  const column: Value = {
    struct: [
      [2, I64(start)],
      [3, { struct: chunk }],
    ],
  }
  const rowGroup: Value = {
    struct: [
      [1, { list: [column] }],
      [2, I64(data.length)],
      [3, I64(rows)],
    ],
  }
  const footer = bytesOf({
    struct: [
      [1, I32(1)],
      [2, { list: schema }],
      [3, I64(rows)],
      [4, { list: [rowGroup] }],
    ],
  })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  return Buffer.concat([Buffer.from('PAR1'), dictionary, data, footer, length, Buffer.from('PAR1')])
}

/** A page that unpacks to so many bytes of zeros, and says so or not. */
export function bomb(codec: 'gzip' | 'zstd', bytes: number, says = bytes): Buffer {
  const zeros = Buffer.alloc(bytes)
  const page = codec === 'gzip' ? gzipSync(zeros, { level: 1 }) : zstdCompressSync(zeros)
  return parquetSaying({ codec, page, unpacked: says, values: bytes / 8, rows: bytes / 8 })
}
