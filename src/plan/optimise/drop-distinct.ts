import type { Rule } from './rule.ts'

/** Rows that can't repeat: those of a distinct, of intersect and except, and of an aggregate, whose keys differ. */
export const dropDistinct: Rule = {
  name: 'drop-distinct',
  reason: 'what can not repeat, as rows of an aggregate or an intersection, is not made distinct again',
  ops: ['distinct'],
  apply(n) {
    if (n.op !== 'distinct') return undefined
    const { op } = n.input
    return op === 'distinct' || op === 'intersect' || op === 'except' || op === 'aggregate' ? n.input : undefined
  },
}
