import { type Config, readConfig } from '../base/config.ts'
import { platformFetch } from '../base/fetch.ts'
import { openGalley } from '../main.ts'
import { type Client, createClient } from '../sdk/index.ts'
import { runningServer } from './served.ts'

/** How the command line reaches a Galley: the server at GALLEY_URL, the one that serves this data folder, or its own process. */
export interface Reach {
  readonly client: Client
  readonly config: Config
  close(): Promise<void>
}

/**
 * @param endpoint one that will be asked: in this process it has to be opened first
 * @param workspace what is asked about is in no workspace, or the one that is set need not be there: another one to ask from
 */
export async function reach(endpoint?: string, workspace?: string): Promise<Reach> {
  const given = readConfig()
  const config = workspace === undefined ? given : { ...given, workspace }
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
