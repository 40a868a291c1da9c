import { type Agg, col, type Expr } from '../../plan/expr.ts'
import { build, type Named, type Node, nodeChildren, plan } from '../../plan/nodes.ts'
import { inOrder, sharedNodes } from '../../plan/optimise/make.ts'
import { needs } from '../../plan/prune.ts'
import type { Schema } from '../../plan/types.ts'
import { isOrdered, typeName } from '../../plan/types.ts'
import { type Engine, isGaps, type Prepared, type RunContext } from '../engine.ts'
import { isRowWise, lower } from '../row/lower.ts'
import { type Chain, chainOver, computedOf, runChain } from './chain.ts'
import { anyInputs, fuse } from './fused.ts'
import type { Dictionary } from './gather.ts'
import type { Recorder } from './recorder.ts'
import type { Rows } from './rows.ts'
import type { Shelf } from './shelf.ts'

import { DeviceGap } from './wgsl/emit.ts'
import { repOf } from './wgsl/reps.ts'

/** What a step works with while a plan runs. */
export interface Run {
  readonly recorder: Recorder
  readonly ctx: RunContext
  readonly words: Dictionary
}

/** A node made ready: it gives rows on the device from those of its inputs. */
export interface Step {
  readonly op: string
  readonly inputs: readonly Step[]
  /** The source of its fused kernel, where it has one. */
  readonly code?: string
  /** Whether it drops rows by a condition. */
  readonly filters?: boolean
  run(run: Run, inputs: readonly Rows[]): Promise<Rows>
}

/** What is known while a plan is made ready. */
export interface Making {
  readonly host: Engine
  /** Texts that the kernels name; each adds its own. */
  readonly names: string[]
  /** Columns that are read of each node. */
  readonly wanted: ReadonlyMap<Node, ReadonlySet<string>>
  /** Nodes that more than one reads: they are computed once, and nothing is fused across them. */
  readonly shared: ReadonlySet<Node>
  readonly made: Map<Node, Step>
  /** Tables that lie on the device. */
  readonly shelf: Shelf
}

/** A plan's nodes with what is read of each. */
export function makingOf(root: Node, host: Engine, shelf: Shelf): Making {
  const wanted = new Map<Node, Set<string>>([[root, new Set(root.schema.map((f) => f.name))]])
  for (const n of inOrder(root).toReversed()) {
    const names = wanted.get(n)
    if (!names) continue
    const asked = needs(n, names)
    for (const [i, child] of nodeChildren(n).entries()) {
      const before = wanted.get(child) ?? new Set()
      wanted.set(child, new Set([...before, ...(asked[i] ?? [])]))
    }
  }
  return { host, names: [], wanted, shared: sharedNodes(root), made: new Map(), shelf }
}

/** The columns of a node that are read, in its order. */
export const wantedOf = (n: Node, { wanted }: Making): Schema => {
  const names = wanted.get(n)
  return names ? n.schema.filter((f) => names.has(f.name)) : n.schema
}

/** The row-wise verbs down to what they stand on: a node that is not row-wise, or that others read too. */
export function chainTo(root: Node, { shared }: Making): { base: Node; chain: Node[] } {
  const chain: Node[] = []
  let base = root
  while (isRowWise(base) && (base === root || !shared.has(base))) {
    chain.push(base)
    base = nodeChildren(base)[0] as Node
  }
  return { base, chain: chain.reverse() }
}

/** Row-wise verbs as a chain over what they stand on, and its code. @throws DeviceGap */
export function chainAt(n: Node, making: Making): { base: Node; chain: Chain; code: string; filters: boolean } {
  const { base, chain: nodes } = chainTo(n, making)
  const wanted = making.wanted.get(n)
  const chain = chainOver(lower(nodes, base.schema), wanted)
  const program = computedOf(chain)
  for (const { field } of chain.wanted)
    if (!repOf(field.type)) throw new DeviceGap(n.op, `the device holds no ${typeName(field.type)}`)
  const { code, filters } = fuse(program, anyInputs(program), making.names)
  return { base, chain, code, filters }
}

/** A chain as a step. */
export function chainStep(n: Node, making: Making, make: (n: Node) => Step): Step {
  const { base, chain, code, filters } = chainAt(n, making)
  const input = make(base)
  return {
    op: chain.program.chain.map((c) => c.op).join(' → ') || base.op,
    inputs: [input],
    code,
    filters,
    run: ({ recorder, words }, [rows]) => runChain(recorder, rows as Rows, chain, making.names, words),
  }
}

/** Named columns over a node: what another step computes of its rows. */
export const selectOf = (input: Node, columns: Named<Expr>): Node => build({ op: 'select', input, columns })

/** The arguments of aggregates as columns `a0`, `a1`, …. */
export const argsOf = (aggs: Named<Agg>): Named<Expr> =>
  aggs
    .map(([, a]) => a.arg)
    .filter((e) => e !== null)
    .map((e, i) => [`a${i}`, e] as const)

/** A node's columns as they are. */
export const columnsAsThey = (schema: Schema): Named<Expr> => schema.map((f) => [f.name, col(f.name)] as const)

/** The host's reading of a scan's columns. @throws DeviceGap for a source that it can't read */
export function sourceOf(scan: Node, host: Engine): Prepared {
  const source = host.prepare(plan(scan))
  if (!isGaps(source)) return source
  throw new DeviceGap(source[0]?.node ?? 'scan', source[0]?.reason ?? 'the host can not read it')
}

/** Columns that have an order, all of which break ties. */
export const tiesOf = (schema: Schema): string[] => schema.filter((f) => isOrdered(f.type)).map((f) => f.name)

/** Rows that lie on the device already; undefined for others. */
export function shelvedStep(n: Node, making: Making): Step | undefined {
  const table = making.shelf.find(n)?.table
  if (!table) return undefined
  const names = new Set(wantedOf(n, making).map((f) => f.name))
  const columns = table.columns.filter((c) => names.has(c.field.name))
  return {
    op: 'scan on the device',
    inputs: [],
    run: async () => ({ most: table.rows, count: table.count ?? null, columns }),
  }
}
