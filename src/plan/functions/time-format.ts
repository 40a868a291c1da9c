/**
 * A format of times: `%Y` (4 digits) `%m` `%d` `%H` `%M` `%S` (2 digits each) `%f` (6 digits), each at most once, and any
 * other characters but `%`, `'` and `\`. What a text does not say is the first moment: 1970-01-01 00:00:00.
 */
export const TIME_FORMAT = /^(?!.*%(.).*%\1)(?:[^%'\\]|%[YmdHMSf])*$/s

/** A format's parts in order: directives as they are, everything else as plain text. */
export function formatParts(format: string): { directive?: string; text?: string }[] {
  return [...format.matchAll(/%([YmdHMSf])|([^%]+)/g)].map(([, directive, text]) =>
    directive ? { directive } : { text: text ?? '' },
  )
}

/** Digits of each directive. */
export const DIGITS: Readonly<Record<string, number>> = { Y: 4, m: 2, d: 2, H: 2, M: 2, S: 2, f: 6 }
