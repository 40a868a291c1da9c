import { systemClock } from '../../../base/clock.ts'
import { GalleyError } from '../../../base/errors.ts'
import { type GuardedResponse, guardedRequest } from '../../../base/net/request.ts'
import { remember } from '../../../base/redact.ts'
import type { Secret } from '../../../base/secrets.ts'
import type { Option, ReachContext } from '../connector.ts'
import { Again, askedFor, ofNetwork, type Reach, retried } from '../http/reach.ts'
import { encoded, hex, type Keys, signed } from './sign.ts'
import { textOf } from './xml.ts'

/** A bucket of an S3-compatible store. */
export interface Bucket {
  readonly name: string
  /** How long it is tried, and how slowly something may come. */
  readonly reach: Reach
  /** A key for people: `s3://bucket/key`. */
  shown(key: string): string
  /** Asks once. @throws Again for what may go better the next time; SOURCE_MISSING, SOURCE_REFUSED */
  ask(request: BucketRequest): Promise<GuardedResponse>
  /** Asks, again where that may help, and reads the answer to its end. @throws SOURCE_UNREACHABLE */
  text(request: BucketRequest): Promise<{ text: string; headers: GuardedResponse['headers'] }>
}

export interface BucketRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Of an object; the bucket itself where it is not given. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

type Options = Readonly<Record<string, Option | undefined>>

/** Bytes that an answer which is no object may have. */
const MOST_TEXT = 16 << 20
const [RETRIES, PATIENCE_S, SLOWEST] = [5, 20, 1024]
const MOST_OBJECT = 5 * 2 ** 40

const isSecret = (v: unknown): v is Secret => typeof v === 'object' && v !== null && 'secret' in v

/** Bucket and key, or pattern of keys, of `s3://bucket/key`. @throws RECIPE_INVALID */
export function placeOf(path: string): { bucket: string; key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.+)$/s.exec(path) ?? []
  if (bucket !== '') return { bucket, key }
  throw new GalleyError('RECIPE_INVALID', {
    what: `${JSON.stringify(path)} names no objects`,
    why: 'a bucket and a key, or a pattern of keys, are needed',
    fix: "write for instance 's3://my-bucket/in/*.csv'",
  })
}

/** `ID:SECRET`, or `ID:SECRET:TOKEN` for keys that were lent. @throws SECRET_INVALID */
function keysOf(given: Option | undefined, ctx: Pick<ReachContext, 'secret'>): Keys | undefined {
  if (given === undefined || given === null) return undefined
  if (!isSecret(given))
    throw new GalleyError('RECIPE_INVALID', {
      what: 's3() is given credentials as they stand',
      why: 'a recipe is kept and shown; what is secret stands in it by its name only',
      fix: "say { credentials: secret('NAME') }, and set GALLEY_SECRET_NAME to ID:SECRET",
    })
  const [id = '', secret = '', token] = ctx.secret(given).split(':')
  if (id === '' || secret.length < 4)
    throw new GalleyError('SECRET_INVALID', {
      what: `the secret '${given.secret}' holds no keys of S3`,
      why: 'it is the access key ID, a colon and the secret access key; a session token may follow after another colon',
      fix: `set GALLEY_SECRET_${given.secret} to ID:SECRET`,
    })
  remember(secret)
  if (token) remember(token)
  return { id, secret, ...(token ? { token } : {}) }
}

/** The bucket that a path and the options of a recipe name. @throws RECIPE_INVALID, SECRET_UNKNOWN, SECRET_INVALID */
export function bucketOf(name: string, options: Options, ctx: Pick<ReachContext, 'secret' | 'signal'>): Bucket {
  const text = (option: string) => (typeof options[option] === 'string' ? (options[option] as string) : undefined)
  const number = (option: string, otherwise: number) =>
    typeof options[option] === 'number' ? (options[option] as number) : otherwise
  const region = text('region') ?? 'us-east-1'
  const endpoint = new URL(text('endpoint') ?? `https://s3.${region}.amazonaws.com`)
  const inPath = typeof options['pathStyle'] === 'boolean' ? options['pathStyle'] : text('endpoint') !== undefined
  const base = inPath || name.includes('.') ? `${endpoint.origin}${endpoint.pathname.replace(/\/$/, '')}/${name}` : `${endpoint.protocol}//${name}.${endpoint.host}` // biome-ignore format: one line
  const keys = keysOf(options['credentials'], ctx)
  const shown = (key: string) => `s3://${name}/${key}`
  const reach: Reach = {
    ...{ url: base, credentials: {}, signal: ctx.signal, mostBytes: MOST_OBJECT },
    ...{ retries: number('retries', RETRIES), patience: number('patience', PATIENCE_S) * 1000 },
    slowest: number('slowest', SLOWEST),
  }
  const ask = async ({ method, key, query = {}, headers = {}, body }: BucketRequest): Promise<GuardedResponse> => {
    const url = new URL(`${base}/${key === undefined ? '' : pathOf(key, shown(key))}`)
    for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value)
    // a space is %20 in what is signed, and in what is sent
    url.search = url.search.replaceAll('+', '%20')
    const about = { method, signal: ctx.signal, patience: reach.patience, ...(body ? { body } : {}) }
    const length: Record<string, string> = body || method === 'PUT' || method === 'POST' ? { 'content-length': String(body?.length ?? 0) } : {} // biome-ignore format: one line
    const payload = hex(body ?? '')
    const sent = keys ? signed({ method, url, headers, payload, region, keys, now: systemClock.now() }) : headers
    const got = await guardedRequest(url.href, { ...about, headers: length, credentials: sent }).catch((cause) => {
      throw ofNetwork(cause, url.href)
    })
    if (got.status >= 200 && got.status < 300) return got
    const said = method === 'HEAD' ? '' : await read(got).catch(() => '')
    got.body.destroy()
    throw ofStatus(got, said, key === undefined ? `the bucket '${name}'` : shown(key))
  }
  return {
    ...{ name, reach, shown, ask },
    text: (request) =>
      retried(reach, async () => {
        const got = await ask(request)
        return { text: request.method === 'HEAD' ? '' : await read(got), headers: got.headers }
      }),
  }
}

/** A key as a path has it. The URL standard takes `.` and `..` away, however they are written. */
function pathOf(key: string, shown: string): string {
  const segments = key.split('/')
  if (segments.some((s) => s === '.' || s === '..'))
    throw new GalleyError('SOURCE_REFUSED', {
      what: `${shown} is not reached`,
      why: "a part of its key is '.' or '..', which addresses take for folders",
      fix: 'give the object another key',
    })
  return segments.map(encoded).join('/')
}

async function read(got: GuardedResponse): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of got.body as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MOST_TEXT) throw new Again('an answer does not end')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

const FIX: Readonly<Record<string, string>> = {
  SignatureDoesNotMatch: 'check the secret access key, and the clock of this machine',
  InvalidAccessKeyId: 'check the access key ID',
  RequestTimeTooSkewed: 'set the clock of this machine',
  AuthorizationHeaderMalformed: 'check the region',
  PermanentRedirect: 'check the region and the endpoint',
  AccessDenied: 'check what the keys may do; without credentials only public objects are read',
}

function ofStatus({ status, headers }: GuardedResponse, said: string, place: string): Error {
  const code = textOf(said, 'Code') ?? ''
  const message = textOf(said, 'Message')
  const what = `${place} answers ${status}${code ? ` (${code})` : ''}`
  const passing = [408, 425, 429].includes(status) || status >= 500 || code === 'RequestTimeout' || code === 'SlowDown'
  if (passing) return new Again(what, askedFor(headers['retry-after']))
  if (status === 404)
    return new GalleyError('SOURCE_MISSING', {
      ...{ what, why: message ?? 'there is nothing of that name', fix: 'check the bucket, the key and the endpoint' },
      details: { status, code },
    })
  return new GalleyError('SOURCE_REFUSED', {
    what,
    why: message ?? (status === 401 || status === 403 ? 'it does not let us in' : 'it does not take the request'),
    fix: FIX[code] ?? 'check the bucket, the region, the endpoint and the credentials that the recipe names',
    details: { status, code },
  })
}
