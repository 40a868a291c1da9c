/**
 * A format of times: `%Y` (4 digits) `%m` `%d` `%H` `%M` `%S` (2 digits each; with a dash, as `%-m`, one or two) `%f` (6 digits),
 * each at most once, and any other characters but `%`, `'` and `\`. After a directive with a dash comes no digit and no
 * directive. What a text does not say is the first moment: 1970-01-01 00:00:00.
 */
export const TIME_FORMAT = /^(?!.*%-?([YmdHMSf]).*%-?\1)(?:[^%'\\]|%[YmdHMSf]|%-[mdHMS](?![%0-9]))*$/s

/** A part of a format: a directive, `short` where its number may have one digit, or plain text. */
interface FormatPart {
  readonly directive?: string
  readonly short?: boolean
  readonly text?: string
}

/** A format's parts in order: directives as they are, everything else as plain text. */
export function formatParts(format: string): FormatPart[] {
  return [...format.matchAll(/%(-?)([YmdHMSf])|([^%]+)/g)].map(([, dash, directive, text]) =>
    directive ? { directive, ...(dash ? { short: true } : {}) } : { text: text ?? '' },
  )
}

/** Digits of each directive. */
export const DIGITS: Readonly<Record<string, number>> = { Y: 4, m: 2, d: 2, H: 2, M: 2, S: 2, f: 6 }
