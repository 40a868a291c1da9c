import { GalleyError } from '../../../base/errors.ts'

/** Characters of a key, at most. */
const LONGEST = 255

/**
 * The key that a request names itself by, from its `Idempotency-Key` header: a string of structured fields (RFC 9651), as
 * draft-ietf-httpapi-idempotency-key-header has it, or its characters without the quotes. @throws REQUEST_INVALID
 */
export function keyOf(header: string | undefined): string {
  if (header === undefined || header.trim() === '')
    throw refused(
      'the batch has no key',
      'without one, a batch that is sent again after a broken connection would be taken in twice',
    )
  const given = header.trim()
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(given)
  const key = quoted ? (quoted[1] as string).replaceAll(/\\(["\\])/g, '$1') : given
  if (!quoted && !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(given))
    throw refused('the key of the batch is none', 'it holds spaces, quotes or characters beyond ASCII')
  if (key.length === 0 || key.length > LONGEST)
    throw refused('the key of the batch is none', `it has ${key.length} characters, and may have 1 to ${LONGEST}`)
  return key
}

const refused = (what: string, why: string): GalleyError =>
  new GalleyError('REQUEST_INVALID', {
    ...{ what, why },
    fix: 'send a header such as Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324", another for each batch and the same when it is sent again',
  })
