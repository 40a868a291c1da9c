import type { Scope } from '../../../base/scope.ts'
import type { Store } from '../../../store/store.ts'

/** What stands for a line of a program's log that was removed. */
const REMOVED = '… a line was removed: it named somebody who was forgotten …'

/** Logs of programs that named a person, and how many of their lines did. */
export interface Unsaid {
  readonly logs: number
  readonly lines: number
}

/**
 * Takes the lines that say a person's value out of what programs said in runs whose recipe names the dataset, and out of what those runs tell of them. A program writes
 * what it likes: a line is its, where it says the value as it is, or as JSON, a CSV, SQL or a URL has it; of a number, where no other digit stands beside it.
 */
export async function unsaid(store: Store, scope: Scope, dataset: string, value: string): Promise<Unsaid> {
  const pattern = patternOf(value)
  if (pattern === undefined) return { logs: 0, lines: 0 }
  const says = new RegExp(pattern)
  let [logs, lines] = [0, 0]
  for (const hash of await store.forgettings.logs(scope, dataset)) {
    if (!(await store.blobs.find(scope, hash))) continue
    const text = Buffer.from(await store.blobs.get(scope, hash)).toString('utf8')
    const all = text.split('\n')
    const theirs = all.filter((line) => says.test(line)).length
    if (theirs === 0) continue
    const rest = await store.blobs.put(scope, all.map((line) => (says.test(line) ? REMOVED : line)).join('\n'))
    await store.forgettings.relog(scope, hash, rest)
    await store.forgettings.recast(scope, hash, (output) => {
      const { log, ...same } = output as { readonly log?: string }
      return log === hash ? { ...same, log: rest.hash } : output
    })
    if (!(await isNeeded(store, scope, hash))) await store.blobs.remove(scope, hash)
    logs++
    lines += theirs
  }
  await store.forgettings.unsay(scope, dataset, pattern)
  return { logs, lines }
}

/** Whether a workspace that shares its blobs with this one still says one. */
async function isNeeded(store: Store, scope: Scope, hash: string): Promise<boolean> {
  for (const member of await store.workspaces.family(scope))
    if ((await store.leftovers.hashes(member)).has(hash)) return true
  return false
}

/** A regular expression, of JavaScript and PostgreSQL alike, for a value as programs write it; undefined where there is nothing to look for. */
export function patternOf(value: string): string | undefined {
  if (value === '' || value.includes('\0')) return undefined
  const forms = new Set([value, value.replaceAll('"', '""'), value.replaceAll("'", "''")])
  if (value.isWellFormed()) forms.add(encodeURIComponent(value))
  // within JSON, and such JSON within a text: letters as they are, or by their numbers
  for (let depth = 0; depth < 2; depth++)
    for (const f of [...forms]) {
      const json = JSON.stringify(f).slice(1, -1)
      const ascii = (upper: boolean) => json.replace(/[^ -~]/g, (c) => numbered(c, upper))
      forms.add(json).add(ascii(false)).add(ascii(true))
    }
  const any = [...forms].map((f) => f.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')
  return /^[+-]?\d+$/.test(value) ? `(?<![0-9])(?:${any})(?![0-9])` : `(?:${any})`
}

function numbered(c: string, upper: boolean): string {
  const hex = c.charCodeAt(0).toString(16).padStart(4, '0')
  return `\\u${upper ? hex.toUpperCase() : hex}`
}
