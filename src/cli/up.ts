import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { openGalley } from '../main.ts'
import { untilInterrupted } from './interrupt.ts'
import { port } from './list.ts'
import { note, print } from './output.ts'
import { type Serving, serve } from './served.ts'

export const DEFAULT_PORT = 4330

export function up(): Command {
  return new Command('up')
    .description('serve the deployed endpoints and the API on this machine')
    .option('--port <port>', `port on loopback (${DEFAULT_PORT}, or GALLEY_PORT; 0 takes any free one)`, port)
    .action(async (options: { port?: number }) => {
      const config = readConfig()
      const interrupted = untilInterrupted() // from now on: whoever ends it while it starts leaves nothing behind
      const galley = await openGalley(config)
      let serving: Serving | undefined
      try {
        serving = await serve(config)
        const server = await galley.listen({ port: options.port ?? config.port ?? DEFAULT_PORT })
        try {
          await serving.announced(server.url, async () => {
            note(`galley ${galley.ware.version} on ${server.url}  data folder ${config.home}`)
            const hub = galley.hub(await galley.scope())
            await hub.start()
            const states = Object.entries(hub.states())
            for (const [name, state] of states)
              print(`${name}  ${state}  POST ${server.url}/v1/endpoints/${name}/predict`)
            if (states.length === 0)
              note(
                'no endpoint is deployed yet: run a recipe that serves one, for instance  ./galley run recipes/flight-delay/recipe.ts',
              )
            await interrupted
            note('stopping')
          })
        } finally {
          await server.close()
        }
      } finally {
        await galley.close()
        serving?.end() // only now are its logs free for another server
      }
    })
}
