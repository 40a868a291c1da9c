import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Config } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { platformFetch } from '../base/fetch.ts'
import { writeFileAtomic } from '../store/files.ts'
import { holder, tryLock } from '../store/lock.ts'

/*
 * Which server a data folder has. The one that holds the lock serves it, however busy it is; `server.json` says only
 * where, and counts only when the holder wrote it, for this folder.
 */

const addressFile = (config: Config): string => join(config.home, 'server.json')
const lockFolder = (config: Config): string => join(config.home, 'tmp', '.server')

const Address = z.object({
  url: z.url(),
  pid: z.number(),
  /** The process, as the lock names it. */
  server: z.string(),
  /** The data folder itself, whatever its path: a copied file speaks of another one. */
  folder: z.string(),
})
type Address = z.output<typeof Address>

/** Being the one server of a data folder. */
export interface Serving {
  /** Does it while other processes are told where the server is. */
  announced<T>(url: string, work: () => Promise<T>): Promise<T>
  /** Lets another one serve. */
  end(): void
}

/** How long one that is just starting or ending is waited for. ms */
const PATIENCE = 10_000

/** Makes this process the one that serves the data folder, until it ends. @throws STORE_CONFLICT */
export async function serve(config: Config): Promise<Serving> {
  let release = tryLock(lockFolder(config))
  for (let waited = 0; !release && !addressOf(config) && waited < PATIENCE; waited += 50) {
    await sleep(50)
    release = tryLock(lockFolder(config))
  }
  if (!release) throw taken(config)
  const server = holder(lockFolder(config)) ?? ''
  return {
    end: release,
    async announced(url, work) {
      const address: Address = { url, pid: process.pid, server, folder: identityOf(config) ?? '' }
      await writeFileAtomic(addressFile(config), `${JSON.stringify(address)}\n`)
      try {
        return await work()
      } finally {
        if (read(config)?.server === server) rmSync(addressFile(config), { force: true })
      }
    },
  }
}

/**
 * The address of the server of this data folder, once it answers; undefined when there is none.
 * @throws SERVER_UNREACHABLE when it lives and does not answer
 */
export async function runningServer(config: Config): Promise<string | undefined> {
  for (let waited = 0; ; waited += 100) {
    const address = addressOf(config)
    if (!address) return undefined
    const began = performance.now()
    if (await answers(address.url)) return address.url
    waited += performance.now() - began
    if (waited > PATIENCE)
      throw new GalleyError('SERVER_UNREACHABLE', {
        what: 'the server of this data folder does not answer',
        why: `process ${address.pid} serves ${config.home} at ${address.url}, and gave no answer for ${PATIENCE / 1000} s`,
        fix: 'wait for it, or end that process',
      })
    await sleep(100) // it may be ending: then it is gone at the next look
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(PATIENCE)
    return (await platformFetch(new Request(new URL('/v1/health', url), { signal }))).ok
  } catch {
    return false
  }
}

function taken(config: Config): GalleyError {
  const address = addressOf(config)
  const pid = holder(lockFolder(config))?.split(':')[1]
  return new GalleyError('STORE_CONFLICT', {
    what: 'this data folder is served already',
    why: address
      ? `process ${address.pid} serves it at ${address.url}`
      : `process ${pid ?? '(just ended)'} is about to serve it, or ending`,
    fix: 'use that one, or point GALLEY_HOME at another folder',
  })
}

/** Where the living server of this folder says that it is. */
function addressOf(config: Config): Address | undefined {
  const server = holder(lockFolder(config))
  const address = server === undefined ? undefined : read(config)
  return address && address.server === server && address.folder === identityOf(config) ? address : undefined
}

/** What the file says; a damaged one counts as none. */
function read(config: Config): Address | undefined {
  try {
    return Address.safeParse(JSON.parse(readFileSync(addressFile(config), 'utf8'))).data
  } catch {
    return undefined
  }
}

/** Undefined where the folder is not made yet. */
function identityOf(config: Config): string | undefined {
  const info = statSync(config.home, { bigint: true, throwIfNoEntry: false })
  return info && `${info.dev}:${info.ino}`
}
