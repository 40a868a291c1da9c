import type { ErrorCode } from '../../../base/errors.ts'
import { type Expr, lit } from '../../../plan/expr.ts'
import { build, type Node } from '../../../plan/nodes.ts'
import type { ScalarType } from '../../../plan/types.ts'
import type { Value } from '../../batch.ts'
import { rowsOf } from '../vectors.ts'

/** One line of docs/semantics.md as a plan and what it gives, or the code it fails with. */
export interface Case {
  readonly name: string
  readonly plan: Node
  readonly gives?: readonly (readonly Value[])[]
  readonly ordered?: boolean
  readonly fails?: ErrorCode
}

const one = rowsOf({ z: 'int64' }, [['0']])
export const value = (e: Expr, input: Node = one): Node => build({ op: 'select', input, columns: [['v', e]] })
export const int = (n: number | string): Expr => lit(String(n), 'int64')
export const f64 = (n: number): Expr => lit(n, 'float64')
export const str = (s: string): Expr => lit(s, 'string')
export const no = (type: ScalarType): Expr => lit(null, type)
export const local = (iso: string): Expr => lit(String(BigInt(Date.parse(`${iso}Z`)) * 1000n), 'local timestamp')
export const gives = (name: string, e: Expr, v: Value): Case => ({ name, plan: value(e), gives: [[v]] })
export const fails = (name: string, e: Expr): Case => ({ name, plan: value(e), fails: 'VALUE_INVALID' })
