import type { Expr } from '../expr.ts'
import type { Named, Node } from '../nodes.ts'
import { partsOf } from '../optimise/conditions.ts'
import { orderOf, printAgg, printAlone, printExpr, printNode, printWindow } from '../print.ts'
import { type Field, isOrdered, typeName } from '../types.ts'
import { type RowCount, smallerSide } from './estimate.ts'
import { type Reasons, reasonsOf } from './reasons.ts'

const WIDTH = 116

/** A column as people read it: `delay: int64? [min] #personal`; `?`: it may be null. */
export function printField(f: Field): string {
  const unit = f.unit ? ` [${f.unit}]` : ''
  const tags = (f.tags ?? []).map((t) => ` #${t}`).join('')
  return `${f.name}: ${typeName(f.type)}${f.nullable ? '?' : ''}${unit}${tags}`
}

/** Columns in a line that is broken between them only. */
export const printFields = (fields: readonly Field[]): string =>
  fields.map((f) => printField(f).replaceAll(' ', HELD)).join(', ')
/** A space at which lines are not broken. */
const HELD = '\u00a0'

export const printRows = (count: RowCount | undefined): string =>
  count ? `${count.exact ? '' : '≈ '}${count.rows.toLocaleString('en-US')} row${count.rows === 1 ? '' : 's'}` : ''

/**
 * A plan from its result down to its sources. What a node adds is under it with its type; a node with one input stands
 * over it, one with two inputs over two branches; what several nodes read is told once and then referred to by number.
 * `written` is the plan before rules merged its rejections: what each condition was a reason for is read off it.
 */
export function planTree(root: Node, rows: ReadonlyMap<Node, RowCount | undefined>, written: Node = root): string[] {
  const reasons = reasonsOf(root, written)
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
    const [title, ...details] = textOf(n, rows, reasons)
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
function textOf(n: Node, rows: ReadonlyMap<Node, RowCount | undefined>, reasons: Reasons): string[] {
  const field = (name: string) => n.schema.find((f) => f.name === name) as Field
  const made = <T>(columns: Named<T>, print: (value: T) => string) =>
    columns.map(([name, value]) => `${printField(field(name))} = ${print(value)}`)
  const head = printNode(n)
  const short = head.includes(':') ? head.slice(0, head.indexOf(':')) : head
  switch (n.op) {
    case 'scan':
      return [head, printFields(n.schema)]
    case 'select':
    case 'derive': {
      const kept = n.columns.filter(([name, e]) => e.op === 'col' && e.name === name).map(([name]) => field(name))
      const own = n.columns.filter(([name, e]) => !(e.op === 'col' && e.name === name))
      return [n.op, ...(kept.length > 0 ? [printFields(kept)] : []), ...made(own, printAlone)]
    }
    case 'aggregate':
    case 'rolling':
      return [short, ...made(n.aggs, printAgg)]
    case 'window':
      return [short, ...made(n.columns, (c) => printWindow(c, orderOf(n))), ...unsaid(n)]
    case 'join': {
      const side = smallerSide(n, rows)
      const added = n.schema.slice(n.left.schema.length)
      return [
        `${head}${side ? ` (the ${side} side is the smaller one, kept in memory)` : ''}`,
        ...(added.length > 0 ? [`adds ${printFields(added)}`] : []),
      ]
    }
    case 'asof':
      return [head, `adds ${printFields(n.schema.slice(n.left.schema.length))}`]
    case 'unnest':
      return [head, [n.column, ...(n.position ? [n.position] : [])].map((name) => printField(field(name))).join(', ')]
    case 'annotate':
      return [
        'annotate',
        ...n.notes.map(([name, note]) => `${printField(field(name))}  ${note.description ?? ''}`.trimEnd()),
      ]
    case 'filter':
      return parted('filter', partsOf(n.predicate, 'and'), 'and')
    case 'reject': {
      const told = reasons(n)
      const when = n.when === 'training' ? 'training only' : n.when
      return told.length === 1
        ? parted(`reject '${told[0]?.reason}' (${when}) where`, told[0]?.where ?? [], 'or')
        : [`reject (${when})`, ...told.map(({ reason, where }) => parted(`'${reason}' where`, where, 'or').join(' '))]
    }
    case 'limit':
      return [head, ...unsaid(n)]
    default:
      return [head]
  }
}

/** A condition on one line, or where it is too long each part of it on its own. */
function parted(head: string, parts: readonly Expr[], joiner: 'and' | 'or'): string[] {
  const line = `${head} ${parts.length === 1 ? parts.map(printAlone) : parts.map(printExpr).join(` ${joiner} `)}`
  if (line.length <= WIDTH) return [line]
  return [head, ...parts.map((part, i) => `${i === 0 ? '' : `${joiner} `}${printAlone(part)}`)]
}

/** What is not said of which rows come first: ties are broken by all columns that have an order, and lists and structs have none. */
function unsaid(n: Extract<Node, { op: 'limit' | 'window' }>): string[] {
  const names = n.input.schema.filter((f) => !isOrdered(f.type)).map((f) => f.name)
  if (names.length === 0 || (n.op === 'window' && n.order.length === 0)) return []
  const which = n.op === 'limit' ? 'stays' : 'comes first'
  return [
    `of rows that differ in ${names.join(', ')} alone, which one ${which} is not said: lists and structs have no order`,
  ]
}

/** Characters of a text at most: what is longer, such as a list of thousands of values, is cut. */
const LONGEST = 2000

/** Breaks at spaces; what goes on is set in. */
export function wrap(told: string, width: number): string[] {
  const text =
    told.length <= LONGEST ? told : `${told.slice(0, LONGEST)}… (${told.length.toLocaleString('en-US')} characters)`
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > Math.max(40, width)) {
      lines.push(line)
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((l) => l.replaceAll(HELD, ' '))
}
