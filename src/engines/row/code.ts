let allowed: boolean | undefined

/** Whether this process may make functions from strings (`--disallow-code-generation-from-strings` says it may not). */
export function canGenerate(): boolean {
  if (allowed === undefined)
    try {
      allowed = new Function('return true')() as boolean
    } catch {
      allowed = false
    }
  return allowed
}

/**
 * Makes the function `head { … }` of what was emitted; `constants` are `k0`, `k1` … in it. The source holds generated names, numbers and operators only;
 * everything else that it refers to arrives as an argument.
 */
export function generate<F>(
  head: string,
  code: string,
  constants: readonly unknown[],
  bound: Readonly<Record<string, unknown>>,
): { run: F; source: string } {
  const named = constants.map((_, i) => `k${i} = k[${i}]`)
  const names = Object.keys(bound)
  const source = `function ${head} {\n${code}\n}`
  const body = `'use strict'\n${named.length > 0 ? `const ${named.join(', ')}\n` : ''}return ${source}`
  const make = new Function('k', ...names, body) as (...args: unknown[]) => F
  return { run: make(constants, ...names.map((n) => bound[n])), source }
}
