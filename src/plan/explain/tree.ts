import type { Expr } from '../expr.ts'
import type { Named, Node } from '../nodes.ts'
import { printAgg, printExpr, printNode, printWindow } from '../print.ts'
import { type Field, typeName } from '../types.ts'
import { type RowCount, smallerSide } from './estimate.ts'

const WIDTH = 116

/** A column as people read it: `delay: int64? [min] #personal`; `?`: it may be null. */
export function printField(f: Field): string {
  const unit = f.unit ? ` [${f.unit}]` : ''
  const tags = (f.tags ?? []).map((t) => ` #${t}`).join('')
  return `${f.name}: ${typeName(f.type)}${f.nullable ? '?' : ''}${unit}${tags}`
}

export const printRows = (count: RowCount | undefined): string =>
  count ? `${count.exact ? '' : '≈ '}${count.rows.toLocaleString('en-US')} row${count.rows === 1 ? '' : 's'}` : ''

/**
 * A plan from its result down to its sources. What a node adds is under it with its type; a node with one input stands
 * over it, one with two inputs over two branches; what several nodes read is told once and then referred to by number.
 */
export function planTree(root: Node, rows: ReadonlyMap<Node, RowCount | undefined>): string[] {
  const numbers = numbersOf(root)
  const told = new Set<Node>()
  const lines: string[] = []
  const visit = (n: Node, first: string, rest: string): void => {
    const number = numbers.get(n)
    if (number !== undefined && told.has(n)) {
      lines.push(`${first}(${number}) as above`)
      return
    }
    told.add(n)
    const [title, ...details] = textOf(n, rows)
    const label = number === undefined ? '' : `(${number}) `
    const count = printRows(rows.get(n))
    const inputs = 'left' in n ? 2 : n.op === 'scan' ? 0 : 1
    lines.push(`${first}${label}${title}${count ? `  — ${count}` : ''}`)
    const side = inputs === 2 ? `${rest}│ ` : `${rest}  `
    for (const detail of details) for (const line of wrap(detail, WIDTH - side.length)) lines.push(`${side}  ${line}`)
    if ('left' in n) {
      visit(n.left, `${rest}├─ `, `${rest}│  `)
      visit(n.right, `${rest}└─ `, `${rest}   `)
    } else if (n.op !== 'scan') visit(n.input, rest, rest)
  }
  visit(root, '', '')
  return lines
}

/** A number for each node that several nodes read. */
function numbersOf(root: Node): Map<Node, number> {
  const seen = new Set<Node>()
  const numbers = new Map<Node, number>()
  const visit = (n: Node): void => {
    if (seen.has(n)) {
      if (n.op !== 'scan' && !numbers.has(n)) numbers.set(n, numbers.size + 1)
      return
    }
    seen.add(n)
    if ('left' in n) {
      visit(n.left)
      visit(n.right)
    } else if (n.op !== 'scan') visit(n.input)
  }
  visit(root)
  return numbers
}

/** What a node does, and under it the columns that it adds. */
function textOf(n: Node, rows: ReadonlyMap<Node, RowCount | undefined>): string[] {
  const field = (name: string) => n.schema.find((f) => f.name === name) as Field
  const made = <T>(columns: Named<T>, print: (value: T) => string) =>
    columns.map(([name, value]) => `${printField(field(name))} = ${print(value)}`)
  const head = printNode(n)
  const short = head.includes(':') ? head.slice(0, head.indexOf(':')) : head
  switch (n.op) {
    case 'scan':
      return [head, n.schema.map(printField).join(', ')]
    case 'select':
    case 'derive': {
      const kept = n.columns.filter(([name, e]) => e.op === 'col' && e.name === name).map(([name]) => field(name))
      const own = n.columns.filter(([name, e]) => !(e.op === 'col' && e.name === name))
      const print = (e: Expr) => printExpr(e)
      return [n.op, ...(kept.length > 0 ? [kept.map(printField).join(', ')] : []), ...made(own, print)]
    }
    case 'aggregate':
    case 'rolling':
      return [short, ...made(n.aggs, printAgg)]
    case 'window':
      return [short, ...made(n.columns, printWindow)]
    case 'join': {
      const side = smallerSide(n, rows)
      const added = n.schema.slice(n.left.schema.length)
      return [
        `${head}${side ? ` (the ${side} side is the smaller one, kept in memory)` : ''}`,
        ...(added.length > 0 ? [`adds ${added.map(printField).join(', ')}`] : []),
      ]
    }
    case 'asof':
      return [head, `adds ${n.schema.slice(n.left.schema.length).map(printField).join(', ')}`]
    case 'unnest':
      return [head, [n.column, ...(n.position ? [n.position] : [])].map((name) => printField(field(name))).join(', ')]
    case 'annotate':
      return ['annotate', ...n.notes.map(([name, note]) => `${printField(field(name))}  ${note.description ?? ''}`)]
    default:
      return [head]
  }
}

/** Breaks at spaces; what goes on is set in. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > Math.max(40, width)) {
      lines.push(line)
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
