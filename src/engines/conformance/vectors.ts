import type { Literal } from '../../plan/expr.ts'
import { build, type Node } from '../../plan/nodes.ts'
import { parseType, type TypeName } from '../../plan/types.ts'

/** A table of literal rows. */
export const rowsOf = (columns: Record<string, TypeName>, rows: readonly (readonly Literal[])[]): Node =>
  build({
    op: 'scan',
    from: { kind: 'rows', rows },
    schema: Object.entries(columns).map(([name, type]) => ({ name, type: parseType(type), nullable: true })),
  })

/** murmur3's fmix32 by its published definition (Appleby, MurmurHash3.cpp), low word then high. */
export function hashVector(low: number, high = 0): number {
  const fmix = (h0: number) => {
    let h = h0
    h ^= h >>> 16
    h = Math.imul(h, 0x85ebca6b)
    h ^= h >>> 13
    h = Math.imul(h, 0xc2b2ae35)
    return (h ^ (h >>> 16)) >>> 0
  }
  return fmix((fmix(low) ^ high) >>> 0)
}
