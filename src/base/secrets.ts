import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { secretEnvironment } from './config.ts'
import { GalleyError, nearest } from './errors.ts'
import { remember } from './redact.ts'

/** A secret by its name: what recipes hold, and what stands for it in keys and records. */
export interface Secret {
  readonly secret: string
}

/** Names that a variable and a file can have. */
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
/** A shorter value can not be masked without masking half of what is said. */
const SHORTEST = 4

/**
 * A reference to a secret: `secret('SHOP_DB')`. Its value is read when a run needs it, from `GALLEY_SECRET_SHOP_DB` or from
 * the file `SHOP_DB` in the folder `GALLEY_SECRETS`. @throws SECRET_UNKNOWN for what can't be a name
 */
export function secret(name: string): Secret {
  if (typeof name === 'string' && NAME.test(name)) return Object.freeze({ secret: name })
  throw new GalleyError('SECRET_UNKNOWN', {
    what: 'a secret is named by something that is no name',
    why: 'names are letters, digits, _ and -, beginning with a letter, 63 at most; the value itself never stands in a recipe',
    fix: "name it, for instance secret('SHOP_DB'), and set GALLEY_SECRET_SHOP_DB",
  })
}

/**
 * The value of a secret. It is masked from then on in every error and log line of this process.
 * @throws SECRET_UNKNOWN naming those that exist, SECRET_INVALID for one that is empty, too short or that others may change
 */
export function resolveSecret({ secret: name }: Secret, env = secretEnvironment()): string {
  secret(name)
  const value = env.variables[name] ?? fromFile(name, env.folder)
  if (value === undefined) throw unknown(name, env)
  if (value.length < SHORTEST)
    throw new GalleyError('SECRET_INVALID', {
      what: `the secret '${name}' ${value === '' ? 'is empty' : 'is too short'}`,
      why: `a value of fewer than ${SHORTEST} characters can't be kept out of messages`,
      fix: 'set a longer one',
    })
  remember(value)
  return value
}

function fromFile(name: string, folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined
  const path = join(folder, name)
  const info = statSync(path, { throwIfNoEntry: false })
  if (!info) return undefined
  // readable by all is how container platforms mount them; writable by all is nobody's way
  if (info.mode & 0o002 || !info.isFile())
    throw new GalleyError('SECRET_INVALID', {
      what: `the file of the secret '${name}' is not used`,
      why: info.isFile() ? 'everybody on this machine may write to it' : 'it is no file',
      fix: `chmod o-w ${path}`,
    })
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
}

/** Names of the secrets that exist; never their values. */
export function secretNames(env = secretEnvironment()): string[] {
  const names = new Set(Object.keys(env.variables))
  if (env.folder !== undefined)
    try {
      for (const entry of readdirSync(env.folder, { withFileTypes: true }))
        if (NAME.test(entry.name) && !entry.isDirectory()) names.add(entry.name)
    } catch {
      // a folder that can't be listed has no names to tell
    }
  return [...names].sort()
}

function unknown(name: string, env: ReturnType<typeof secretEnvironment>): GalleyError {
  const names = secretNames(env)
  const close = nearest(name, names)
  const places = `GALLEY_SECRET_${name}${env.folder === undefined ? '' : `, or the file ${join(env.folder, name)}`}`
  return new GalleyError('SECRET_UNKNOWN', {
    what: `there is no secret '${name}'`,
    why: names.length > 0 ? `there are ${names.join(', ')}` : 'there are none at all',
    fix: close
      ? `did you mean '${close}'? Otherwise set ${places}`
      : `set ${places}${env.folder === undefined ? ', or name a folder of secrets with GALLEY_SECRETS' : ''}`,
  })
}
