import type { GalleyError } from '../base/errors.ts'

/** Everything that the command line prints. Results go to stdout, progress and errors to stderr. */
export const print = (line = ''): void => void process.stdout.write(`${line}\n`)
export const note = (line = ''): void => void process.stderr.write(`${line}\n`)

const paint = (code: number, text: string, stream: NodeJS.WriteStream): string =>
  stream.isTTY && stream.hasColors() ? `\u001b[${code}m${text}\u001b[0m` : text
export const bold = (text: string): string => paint(1, text, process.stdout)

/** What, why, fix: each on a line of its own. */
export function printError(error: GalleyError): void {
  note(`${paint(31, 'error', process.stderr)} ${error.code}: ${error.what}`)
  if (error.why) note(`  why: ${error.why}`)
  if (error.fix) note(`  fix: ${error.fix}`)
}

/** Columns aligned by their widest cell; numbers to the right. Wide characters count as two. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = rows.map((r) =>
    r.map((c) => (c === null ? '–' : typeof c === 'number' ? c.toLocaleString('en-US') : c)),
  )
  const widths = head.map((h, i) => Math.max(width(h), ...cells.map((r) => width(r[i] ?? ''))))
  const line = (r: readonly string[], numeric: (i: number) => boolean) =>
    r
      .map((c, i) =>
        numeric(i) ? ' '.repeat((widths[i] ?? 0) - width(c)) + c : c + ' '.repeat((widths[i] ?? 0) - width(c)),
      )
      .join('  ')
      .trimEnd()
  const numeric = (i: number) => rows.length > 0 && rows.every((r) => typeof r[i] === 'number' || r[i] === null)
  return [bold(line(head, numeric)), ...cells.map((r) => line(r, numeric))].join('\n')
}

function width(text: string): number {
  let n = 0
  for (const c of text)
    n += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(c) ? 2 : 1
  return n
}

export const when = (ms: number | null): string =>
  ms === null ? '–' : new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
