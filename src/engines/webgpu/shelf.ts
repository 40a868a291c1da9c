import { build, type Node } from '../../plan/nodes.ts'
import { bindScans, nodes } from '../../plan/walk.ts'
import type { DeviceRelation } from './table.ts'
import { DeviceGap } from './wgsl/emit.ts'

interface Kept {
  readonly relation: DeviceRelation
  /** The plan that it was made of: the host's way to the same rows. */
  readonly made: Node
}

/** Tables that lie on the device, for plans that scan them. */
export class Shelf {
  readonly #kept = new Map<string, Kept>()
  #count = 0

  /** A scan of a relation's rows, until `drop`. */
  put(relation: DeviceRelation, made: Node): Node {
    const name = `on the device ${++this.#count}`
    this.#kept.set(name, { relation, made })
    return build({ op: 'scan', from: { kind: 'step', name }, schema: relation.schema })
  }

  /** Puts other rows of the same plan in the place of a scan's. */
  swap(scan: Node, relation: DeviceRelation): void {
    if (scan.op !== 'scan' || scan.from.kind !== 'step') return
    const kept = this.#kept.get(scan.from.name)
    if (kept) this.#kept.set(scan.from.name, { ...kept, relation })
  }

  drop(scan: Node): void {
    if (scan.op === 'scan' && scan.from.kind === 'step') this.#kept.delete(scan.from.name)
  }

  find(n: Node): DeviceRelation | undefined {
    return n.op === 'scan' && n.from.kind === 'step' ? this.#kept.get(n.from.name)?.relation : undefined
  }

  /** The relations that a plan scans. @throws DeviceGap when their texts have codes of two runs */
  scannedBy(root: Node): readonly DeviceRelation[] {
    const found = [...new Set([...nodes(root)].map((n) => this.find(n)))].filter((r) => r !== undefined)
    if (new Set(found.map((r) => r.table.words)).size > 1)
      throw new DeviceGap('scan', 'tables of two runs have texts under different codes')
    return found
  }

  /** The plan with what its scans were made of in their place. */
  onHost(root: Node): Node {
    return bindScans(root, (from) => (from.kind === 'step' ? this.#kept.get(from.name)?.made : undefined))
  }
}
