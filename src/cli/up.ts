import { Command } from 'commander'
import { readConfig } from '../base/config.ts'
import { GalleyError } from '../base/errors.ts'
import { openGalley } from '../main.ts'
import { announce, runningServer } from './context.ts'
import { untilInterrupted } from './interrupt.ts'
import { port } from './list.ts'
import { note, print } from './output.ts'

export const DEFAULT_PORT = 4330

export function up(): Command {
  return new Command('up')
    .description('serve the deployed endpoints and the API on this machine')
    .option('--port <port>', `port on loopback (${DEFAULT_PORT}, or GALLEY_PORT; 0 takes any free one)`, port)
    .action(async (options: { port?: number }) => {
      const config = readConfig()
      const running = await runningServer(config)
      if (running)
        throw new GalleyError('STORE_CONFLICT', {
          what: 'this data folder is served already',
          why: `a server answers at ${running}`,
          fix: 'use that one, or point GALLEY_HOME at another folder',
        })
      const galley = await openGalley(config)
      try {
        const server = await galley.listen({ port: options.port ?? config.port ?? DEFAULT_PORT })
        const withdraw = await announce(galley, server.url)
        try {
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
          await untilInterrupted()
          note('stopping')
        } finally {
          await withdraw()
          await server.close()
        }
      } finally {
        await galley.close()
      }
    })
}
