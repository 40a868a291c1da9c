import { planTree, printFields, printRows, wrap } from '../../plan/explain/tree.ts'
import type { Node } from '../../plan/nodes.ts'
import { spanText } from '../../plan/print.ts'
import { nodes } from '../../plan/walk.ts'
import type { ServeStep } from './endpoint.ts'
import { offerText } from './gaps.ts'
import type { Kitchen, TableStep } from './step.ts'
import { rowsOf } from './step.ts'

const count = (root: Node): string => {
  const n = [...nodes(root)].length
  return `${n} node${n === 1 ? '' : 's'}`
}
const WIDTH = 120
/** Lines under a word of nine characters at most; what goes on stands under the first. */
export const labelled = (label: string, text: string): string[] =>
  wrap(text, WIDTH - 11).map((line, i) => `${(i === 0 ? label : '').padEnd(9)}${line.trimStart()}`)
const indented = (lines: readonly string[], by = '  '): string[] => lines.map((line) => (line ? by + line : line))

/** A step that computes a table, for people. `before`: the plan as it is written, too. */
export function tableText(s: TableStep, options: { before: boolean; sql: boolean }): string[] {
  const lines = [`kept     ${keptText(s)}`, ...(s.kept?.changes ?? []).map((c) => `         ${c}`)]
  if (s.engine) lines.push(...labelled('engine', `${s.engine.name}: ${s.engine.reason}`))
  else lines.push('engine   none can run this plan')
  for (const other of s.others) lines.push(...labelled('', offerText(other, s.engine?.name)))
  if (s.fired.length === 0) lines.push('rules    none has anything to do: it runs as it is written')
  s.fired.forEach((f, i) => {
    lines.push(...labelled(i === 0 ? 'rules' : '', `${f.rule}${f.times > 1 ? ` × ${f.times}` : ''}: ${f.reason}`))
  })
  if (options.before && s.fired.length > 0)
    lines.push('', `plan as written (${count(s.before)})`, ...indented(planTree(s.before, s.rowsBefore)))
  lines.push('', `plan${s.fired.length > 0 ? ` as it runs (${count(s.after)})` : ''}`)
  lines.push(...indented(planTree(s.after, s.rows, s.before)))
  if (options.sql && s.engine)
    lines.push('', s.engine.name === 'duckdb' ? 'SQL' : 'generated source', ...indented(s.engine.text.split('\n')))
  return lines
}

function keptText({ kept }: TableStep): string {
  if (!kept) return 'as Parquet, named by its content; not computed yet'
  const { rows, created } = kept.manifest
  const when = `${printRows({ rows, exact: true })} of ${created.slice(0, 16).replace('T', ' ')}`
  if (!kept.samePlan)
    return `as Parquet: ${when}, ${kept.partition === undefined ? '' : 'of another partition or '}by another plan, so it is computed again`
  return kept.changed
    ? `as Parquet: ${when}, by this very plan; computed again if what ${kept.changed} holds is not what it was then`
    : `as Parquet: ${when}, by this very plan; taken from the cache while inputs and code stay the same`
}

/** What an endpoint does for one request, for people. */
export async function serveText(s: ServeStep, kitchen: Kitchen, options: { sql: boolean }): Promise<string[]> {
  const lines = [
    ...labelled('request', printFields(s.online.input)),
    'engine   row: one generated function answers a record, in this process',
  ]
  s.states.forEach((state, i) => {
    const span = spanText(state.micros)
    const kept = state.latest ? `the latest of each key, and ${span} (lateness)` : `${span} (the window and lateness)`
    lines.push(`${i === 0 ? 'state  ' : '       '}  ${state.title}; keeps ${kept}`)
  })
  if (s.states.length === 0) lines.push('state    none: an answer hangs on the request alone')
  else lines.push(...labelled('fed with', s.online.feedInput.map((f) => f.name).join(', ')))
  for (const [i, table] of s.tables.entries()) {
    const rows = (await rowsOf(kitchen, table.node)).get(table.node)
    const columns = table.node.schema.map((f) => f.name).join(', ')
    const by = table.keys.length > 0 ? `, looked up by ${table.keys.join(', ')}` : ''
    const size = rows ? ` (${printRows(rows)})` : ''
    lines.push(`${i === 0 ? 'tables ' : '       '}  ${columns}${size}: loaded once${by}`)
  }
  if (options.sql) lines.push('', 'plan for one record', ...indented(planTree(s.online.request, new Map())))
  return lines
}
