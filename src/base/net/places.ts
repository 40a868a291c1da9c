import { GalleyError } from '../errors.ts'
import { isPublicAddress } from './addresses.ts'

/** Hosts that may be reached although they are no public ones, as `host` or `host:port`; see GALLEY_ALLOW_PRIVATE. */
export type Allowed = ReadonlySet<string>

/** The entries of a list such as `db.internal:8080, 10.0.0.5`. */
export const allowedOf = (list: string | undefined): Allowed =>
  new Set((list ?? '').split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim().toLowerCase()])))

const portOf = (url: URL): string => url.port || (url.protocol === 'https:' ? '443' : '80')
/** An address as sockets take it: IPv6 without brackets. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')

export const isAllowed = (url: URL, allowed: Allowed): boolean =>
  [url.hostname, hostOf(url)].some((h) => allowed.has(h) || allowed.has(`${h}:${portOf(url)}`))

/**
 * A URL as a request may name it: http or https, no credentials in it, and, where its host is an address, a public one. The URL
 * standard has turned every other way to write an address (decimal, octal, hexadecimal) into the plain one.
 * @throws ADDRESS_REFUSED
 */
export function placeOf(text: string, allowed: Allowed, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '')
    throw new GalleyError('ADDRESS_REFUSED', {
      what: `${short(text)} is no address that is read`,
      why: url ? `it begins with ${url.protocol}` : 'it does not have the form of one',
      fix: 'name it from https:// on',
    })
  if (url.username !== '' || url.password !== '')
    throw new GalleyError('ADDRESS_REFUSED', {
      what: `the address of ${url.host} has a user or a password in it`,
      why: 'addresses are kept and shown',
      fix: 'give a secret in a header instead',
    })
  const host = hostOf(url)
  // a name that ends in a number is none: the parser would have made an address of it
  if ((/^[\d.]+$/.test(host) || host.includes(':')) && !isPublicAddress(host) && !isAllowed(url, allowed))
    throw refused(url, host)
  return url
}

/** An address of a host that was looked up. @throws ADDRESS_REFUSED */
export function requirePublic(url: URL, address: string, allowed: Allowed): void {
  if (!isPublicAddress(address) && !isAllowed(url, allowed)) throw refused(url, address)
}

function refused(url: URL, address: string): GalleyError {
  return new GalleyError('ADDRESS_REFUSED', {
    what: `${url.host} is not reached`,
    why: `it is ${address}, an address of this machine, of a private network or of a reserved one`,
    fix: `if it is meant, whoever runs Galley allows it: GALLEY_ALLOW_PRIVATE=${url.hostname}:${portOf(url)}`,
  })
}

const short = (text: string): string =>
  (text.length > 100 ? `${text.slice(0, 100)}…` : text).replace(/\/\/[^/@]*@/, '//')
