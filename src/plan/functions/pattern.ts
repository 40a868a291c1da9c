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
  if (pattern.length > 10_000) throw fail('the pattern is longer than 10,000 characters', 'constant', SMALLER)
  let compiled: RE2JS
  try {
    compiled = compilePattern(pattern)
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replace(/^error parsing regexp: /, '')
    throw fail(`RE2 refuses the pattern '${shown(pattern)}': ${why}`, 'constant', fixOf(why))
  }
  const beyond = beyondRe2(pattern)
  if (beyond !== undefined)
    throw fail(`RE2 refuses the pattern '${shown(pattern)}': ${beyond}`, 'constant', fixOf(beyond))
  if (stepsOf(compiled) > MOST_STEPS)
    throw fail(
      'the pattern is too large for RE2: a class of many characters is repeated too often',
      'constant',
      SMALLER,
    )
  return compiled.groupCount()
}

const shown = (pattern: string): string => (pattern.length <= 80 ? pattern : `${pattern.slice(0, 79)}…`)
const SMALLER = 'repeat fewer times: * and + have no bound and cost nothing, {1,1000} is written out a thousand times'

/** What to do about what RE2 says of a pattern. */
function fixOf(why: string): string {
  if (/too large|repeat count|repetition/i.test(why)) return SMALLER
  if (/missing|unexpected|unmatched|trailing|unclosed/i.test(why))
    return 'close what is opened, and put a backslash before a sign that stands for itself: \\(  \\[  \\.'
  return 'write it without look-around, back-references and possessive quantifiers: RE2 has none, so that no pattern takes long'
}
