import { type Expr, exprChildren } from '../expr.ts'
import type { Type } from '../types.ts'

/** Conditions made since the present callback began that nothing is made of yet. */
let open: Set<Expr> | undefined

/** Told of every column's expression as it is made. */
export function madeColumn(e: Expr, type: Type): void {
  if (!open) return
  for (const child of exprChildren(e)) open.delete(child)
  if (type === 'bool' && e.op !== 'col' && e.op !== 'lit') open.add(e)
}

/** What a callback gives, and a condition that it made and let go; `used` names the expressions of what is given. */
export function watched<T>(
  callback: () => T,
  used: (given: T) => Iterable<Expr>,
): { readonly given: T; readonly dropped: Expr | undefined } {
  const outer = open
  const own = new Set<Expr>()
  open = own
  try {
    const given = callback()
    for (const e of used(given)) own.delete(e)
    return { given, dropped: [...own][0] }
  } finally {
    open = outer
  }
}
