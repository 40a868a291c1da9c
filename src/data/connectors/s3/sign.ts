import { createHash, createHmac } from 'node:crypto'

/** Keys of an account. */
export interface Keys {
  readonly id: string
  readonly secret: string
  /** Of keys that were lent. */
  readonly token?: string
}

export interface ToSign {
  readonly method: string
  /** Its path is encoded already, each character but `A–Z a–z 0–9 - _ . ~ /`. */
  readonly url: URL
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 of the body, in hexadecimal digits. */
  readonly payload: string
  readonly region: string
  readonly keys: Keys
  /** Milliseconds since 1970. */
  readonly now: number
}

export const hex = (body: string | Uint8Array): string => createHash('sha256').update(body).digest('hex')
const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Text as a query or a path has it (RFC 3986). */
export const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** The headers of a request with those that sign it: AWS Signature Version 4, for S3. */
export function signed({ method, url, headers, payload, region, keys, now }: ToSign): Record<string, string> {
  const moment = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = moment.slice(0, 8)
  const all: Record<string, string> = {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()])),
    ...{ host: url.host, 'x-amz-content-sha256': payload, 'x-amz-date': moment },
    ...(keys.token ? { 'x-amz-security-token': keys.token } : {}),
  }
  const names = Object.keys(all).sort()
  const query = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort()
  const canonical = [
    ...[method, url.pathname, query.join('&')],
    ...names.map((name) => `${name}:${all[name]?.replace(/ +/g, ' ')}`),
    ...['', names.join(';'), payload],
  ]
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', moment, scope, hex(canonical.join('\n'))].join('\n')
  const key = hmac(hmac(hmac(hmac(`AWS4${keys.secret}`, day), region), 's3'), 'aws4_request')
  const signature = hmac(key, text).toString('hex')
  const { host: _, ...sent } = all
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}
