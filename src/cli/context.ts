import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, readConfig } from '../base/config.ts'
import { platformFetch } from '../base/fetch.ts'
import { type Galley, openGalley } from '../main.ts'
import { type Client, createClient } from '../sdk/index.ts'
import { writeFileAtomic } from '../store/files.ts'

/** How the command line reaches a Galley: the server at GALLEY_URL, the one that serves this data folder, or its own process. */
export interface Reach {
  readonly client: Client
  readonly config: Config
  close(): Promise<void>
}

const addressFile = (config: Config): string => join(config.home, 'server.json')

/** @param endpoint one that will be asked: in this process it has to be opened first */
export async function reach(endpoint?: string): Promise<Reach> {
  const config = readConfig()
  const url = config.url ?? (await runningServer(config))
  if (url)
    return {
      config,
      client: createClient({ url, fetch: platformFetch, workspace: config.workspace }),
      close: async () => {},
    }
  const galley = await openGalley(config)
  const app = galley.app()
  try {
    const scope = await galley.scope()
    if (endpoint !== undefined) await galley.hub(scope).open(endpoint)
  } catch (thrown) {
    await galley.close()
    throw thrown
  }
  return {
    config,
    client: createClient({
      url: 'http://in.process',
      fetch: (request) => app.fetch(request),
      workspace: config.workspace,
    }),
    close: () => galley.close(),
  }
}

/** The address of a living server on this data folder. */
export async function runningServer(config: Config): Promise<string | undefined> {
  const text = await readFile(addressFile(config), 'utf8').catch(() => undefined)
  if (!text) return undefined
  const { url, pid } = JSON.parse(text) as { url: string; pid: number }
  try {
    process.kill(pid, 0)
    const answer = await platformFetch(new Request(new URL('/v1/health', url), { signal: AbortSignal.timeout(2000) }))
    return answer.ok ? url : undefined
  } catch {
    return undefined
  }
}

/** Tells other processes on this data folder where the server is. Gives what takes it back. */
export async function announce(galley: Galley, url: string): Promise<() => Promise<void>> {
  await writeFileAtomic(addressFile(galley.config), `${JSON.stringify({ url, pid: process.pid })}\n`)
  return () => rm(addressFile(galley.config), { force: true })
}
