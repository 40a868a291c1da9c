/** A path into JSON text: `$`, then `.name`, `."any name"` or `[position]`. */
export const JSON_PATH = /^\$(\.[A-Za-z_][A-Za-z0-9_]*|\."[^"\\]+"|\[\d{1,9}\])*$/

/** The steps of a path that `JSON_PATH` matches: names and positions. */
export function pathSteps(path: string): (string | number)[] {
  return [...path.matchAll(/\.([A-Za-z_][A-Za-z0-9_]*)|\."([^"\\]+)"|\[(\d+)\]/g)].map(
    ([, name, quoted, position]) => name ?? quoted ?? Number(position),
  )
}
