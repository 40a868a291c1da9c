import type { Emitter } from './emitter.ts'

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
 * Makes the function `head { … }` of what was emitted. The source holds generated names, numbers and operators only;
 * everything else that it refers to arrives as an argument.
 */
export function generate<F>(
  head: string,
  e: Emitter,
  bound: Readonly<Record<string, unknown>>,
): { run: F; source: string } {
  const constants = e.constants.map((_, i) => `k${i} = k[${i}]`)
  const names = Object.keys(bound)
  const source = `function ${head} {\n${e.code.replace(/^ {2}/gm, '')}\n}`
  const body = `'use strict'\n${constants.length > 0 ? `const ${constants.join(', ')}\n` : ''}return ${source}`
  const make = new Function('k', ...names, body) as (...args: unknown[]) => F
  return { run: make(e.constants, ...names.map((n) => bound[n])), source }
}
