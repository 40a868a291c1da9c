import type { ColumnChange, PlanDiff } from './diff.ts'

/** Characters that a definition is told with. */
const LONGEST = 120

/** How two plans differ, one sentence a change; none when they mean the same. */
export function diffText({ added, removed, changed, rows }: PlanDiff): string[] {
  return [
    ...added.map((c) => `column '${c}' is new`),
    ...removed.map((c) => `column '${c}' is gone`),
    ...changed.map(changeText),
    ...replaced(rows.removed, rows.added),
  ]
}

function changeText({ column, before, after, because }: ColumnChange): string {
  if (before !== after) return `column '${column}' changed its definition: ${bare(before)} → ${bare(after)}`
  const causes = because.map((c) => `'${c}'`).join(', ')
  return `column '${column}' changed with ${causes || 'the rows that it is made of'}`
}

/** A definition without the parentheses around all of it. */
function bare(text: string): string {
  let depth = 0
  for (const [i, char] of [...text].entries()) {
    depth += char === '(' ? 1 : char === ')' ? -1 : 0
    if (depth === 0 && i < text.length - 1) return shortened(text)
  }
  return shortened(text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : text)
}

/** Verbs that decide which rows there are; one that took another's place is told beside it. */
function replaced(removed: readonly string[], added: readonly string[]): string[] {
  const left = [...added]
  const told = removed.map((text) => {
    const at = left.findIndex((other) => verbOf(other) === verbOf(text))
    const [other] = at < 0 ? [] : left.splice(at, 1)
    // it reads as it did: what it reads is made another way
    if (other === text) return `rows are chosen by '${verb(text)}', of which a column changed`
    return other === undefined
      ? `rows are chosen without: ${verb(text)}`
      : `rows are chosen by another ${verbOf(text)}: ${argument(text)} → ${argument(other)}`
  })
  return [...told, ...left.map((text) => `rows are chosen by more: ${verb(text)}`)]
}

const verbOf = (text: string): string => text.split(' ', 1)[0] ?? ''
const verb = (text: string): string => `${verbOf(text)} ${argument(text)}`.trimEnd()
const argument = (text: string): string => bare(text.slice(verbOf(text).length + 1))
const shortened = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`)
