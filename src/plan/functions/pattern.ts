import { RE2JS } from 're2js'
import { beyondRe2 } from './pattern-syntax.ts'
import type { Fail } from './rule.ts'

const known = new Map<string, RE2JS>()

/** A pattern in RE2's syntax, compiled once. It takes time linear in the text. @throws when RE2 refuses it */
export function compilePattern(pattern: string): RE2JS {
  let compiled = known.get(pattern)
  if (!compiled) {
    compiled = RE2JS.compile(pattern)
    if (known.size >= 1000) known.clear()
    known.set(pattern, compiled)
  }
  return compiled
}

/** What a program may be at most: RE2 has room for about 87,000 of its steps, of which a range of characters takes one, by its bytes. */
const MOST_STEPS = 60_000
const STEPS_BESIDE = 10

function stepsOf(compiled: RE2JS): number {
  let steps = 0
  for (const { runes } of compiled.re2Input.prog.inst) steps += (runes?.length ?? 0) / 2 + STEPS_BESIDE
  return steps
}

/** Checks a pattern when the plan is built; gives its number of groups. */
export function checkPattern(pattern: string, fail: Fail): number {
  if (pattern.length > 10_000) throw fail('the pattern is longer than 10,000 characters', 'constant')
  let compiled: RE2JS
  try {
    compiled = compilePattern(pattern)
  } catch (error) {
    throw fail(
      `RE2 refuses the pattern (${error instanceof Error ? error.message : String(error)}): look-around and back-references don’t exist in it, and repetitions are bounded`,
      'constant',
    )
  }
  const beyond = beyondRe2(pattern)
  if (beyond !== undefined) throw fail(`RE2 refuses the pattern: ${beyond}`, 'constant')
  if (stepsOf(compiled) > MOST_STEPS)
    throw fail('the pattern is too large for RE2: a class of many characters is repeated too often', 'constant')
  return compiled.groupCount()
}
