/** A path into JSON text: `$`, then `.name`, `."any name"` or `[position]`. */
export const JSON_PATH = /^\$(\.[\p{L}_][\p{L}\p{M}\p{N}_]*|\."[^"\\]+"|\[\d{1,9}\])*$/u

/** The steps of a path that `JSON_PATH` matches: names and positions. */
export function pathSteps(path: string): (string | number)[] {
  return [...path.matchAll(/\.([\p{L}_][\p{L}\p{M}\p{N}_]*)|\."([^"\\]+)"|\[(\d+)\]/gu)].map(
    ([, name, quoted, position]) => name ?? quoted ?? Number(position),
  )
}
