import { createReadStream } from 'node:fs'

/** How a CSV or JSON file may write a value: as it is, with quotes doubled, or with escapes of JSON, of which some writers use more than others. */
function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1)
  const code = (c: string) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
  const ascii = json.replace(/[^ -~]/g, code)
  const upper = json.replace(/[^ -~]/g, (c) => code(c).toUpperCase().replace('U', 'u'))
  const plain = [value, value.replaceAll('"', '""'), json, ascii, upper]
  return [...new Set([...plain, ...plain.map((form) => form.replaceAll('/', '\\/'))])]
}

/**
 * Lines of a text that say a value, wherever in them: rows that were read again are kept as they stood in their file. A line ends with a line feed alone; a value that
 * holds some is found across lines. A line may be longer than memory.
 */
export async function linesWith(path: string, value: string): Promise<number> {
  if (value === '') return 0
  const forms = formsOf(value)
  const overlap = Math.max(...forms.map((form) => form.length)) - 1
  let [lines, rest, inFound] = [0, '', false]
  for await (const piece of createReadStream(path, 'utf8')) {
    const text = rest + piece
    let at = 0
    for (;;) {
      if (inFound) {
        const end = text.indexOf('\n', at)
        inFound = end < 0
        at = inFound ? text.length : end + 1
      }
      const next = inFound ? undefined : firstOf(text, forms, at)
      if (!next) break
      lines++
      at = next.end
      inFound = true
    }
    rest = inFound ? '' : text.slice(Math.max(at, text.length - overlap))
  }
  return lines
}

function firstOf(text: string, forms: readonly string[], from: number): { readonly end: number } | undefined {
  let found: { start: number; end: number } | undefined
  for (const form of forms) {
    const start = text.indexOf(form, from)
    if (start >= 0 && (!found || start < found.start)) found = { start, end: start + form.length }
  }
  return found
}
