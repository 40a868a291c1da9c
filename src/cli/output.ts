import { existsSync, statSync } from 'node:fs'
import type { GalleyError } from '../base/errors.ts'
import { isoText } from '../plan/iso.ts'

/** Everything that the command line prints. Results go to stdout, progress and errors to stderr. */
export const print = (line = ''): void => void process.stdout.write(`${line}\n`)
export const note = (line = ''): void => void process.stderr.write(`${line}\n`)

/** How the command line is called from here, in lines that are meant to be pasted. */
export const self = (): string => (existsSync('galley') && statSync('galley').isFile() ? './galley' : 'galley')

const paint = (code: number, text: string, stream: NodeJS.WriteStream): string =>
  stream.isTTY && stream.hasColors() ? `\u001b[${code}m${text}\u001b[0m` : text
export const bold = (text: string): string => paint(1, text, process.stdout)

/** What could move the cursor, colour the terminal or turn the direction of writing; and the breaks that are no line's end. */
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g
/** One name: between quotes, or without a space. */
const LONG_NAME = /(?<![\p{L}\p{N}])'([^']{201,})'(?![\p{L}\p{N}])|"([^"]{201,})"|([^\s'"]{201,})/gu
const KEPT = 120

/**
 * Text that others may have chosen (names, values, what a file holds), fit for a terminal: control characters are written
 * out, and a name longer than a screen's line or two is cut.
 */
export function plain(text: string): string {
  return text
    .replaceAll(LONG_NAME, (whole, quoted?: string, doubled?: string, bare?: string) => {
      const name = quoted ?? doubled ?? bare ?? ''
      const short = `${[...name.slice(0, KEPT + 1)].slice(0, KEPT).join('')}… (${name.length} characters)`
      return whole.replace(name, () => short)
    })
    .replaceAll(UNSEEN, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What, where, why, fix, each on a line of its own. */
export function errorText({ code, what, why, fix, details }: Told): string {
  // a new line of the text stays within its paragraph
  const within = (text: string) => plain(text).replaceAll('\n', '\n       ')
  const lines = [`${code}: ${within(what)}`]
  const at = placeText(details?.['at'])
  if (at) lines.push(`  at:  ${within(at)}`)
  if (why) lines.push(`  why: ${within(why)}`)
  if (fix) lines.push(`  fix: ${within(fix)}`)
  return lines.join('\n')
}
interface Told {
  readonly code: string
  readonly what: string
  readonly why?: string | undefined
  readonly fix?: string | undefined
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/** A place in a file as editors and terminals read it; undefined for anything else that an error calls `at`. */
function placeText(at: unknown): string | undefined {
  if (at === null || typeof at !== 'object' || !('file' in at && 'line' in at)) return undefined
  const { file, line, column } = at as { file: string; line: number; column?: number }
  return `${file}:${line}${column === undefined ? '' : `:${column}`}`
}

/** @param json As one object on a line, for programs. */
export const printError = (error: GalleyError, json = false): void =>
  note(json ? JSON.stringify({ error }) : `${paint(31, 'error', process.stderr)} ${errorText(error)}`)

/** Text without its line ends, as a table or a list shows it. */
export const inOneLine = (text: string): string => text.replaceAll('\n', '\\n')

/** Columns aligned by their widest cell; numbers to the right. Wide characters count as two. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = rows.map((r) =>
    r.map((c) => (c === null ? '–' : typeof c === 'number' ? c.toLocaleString('en-US') : inOneLine(c))),
  )
  const heads = head.map(inOneLine)
  const widths = heads.map((h, i) => Math.max(width(h), ...cells.map((r) => width(r[i] ?? ''))))
  const line = (r: readonly string[], numeric: (i: number) => boolean) =>
    r
      .map((c, i) =>
        numeric(i) ? ' '.repeat((widths[i] ?? 0) - width(c)) + c : c + ' '.repeat((widths[i] ?? 0) - width(c)),
      )
      .join('  ')
      .trimEnd()
  const numeric = (i: number) => rows.length > 0 && rows.every((r) => typeof r[i] === 'number' || r[i] === null)
  return [bold(line(heads, numeric)), ...cells.map((r) => line(r, numeric))].join('\n')
}

function width(text: string): number {
  let n = 0
  for (const c of text)
    n += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(c) ? 2 : 1
  return n
}

export const when = (ms: number | null): string => (ms === null ? '–' : isoText(ms * 1000))
