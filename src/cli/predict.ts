import { Command } from 'commander'
import { GalleyError } from '../base/errors.ts'
import { withClient } from './list.ts'
import { print } from './output.ts'

export function predict(): Command {
  return new Command('predict')
    .description('ask an endpoint about one raw record')
    .argument('<endpoint>', 'its name')
    .requiredOption('--json <record>', 'the record, for instance \'{"origin":"JFK", …}\'')
    .action((name: string, options: { json: string }) =>
      withClient(async (client) => {
        let body: Record<string, unknown>
        try {
          body = JSON.parse(options.json) as Record<string, unknown>
        } catch (cause) {
          throw new GalleyError('USAGE_INVALID', {
            what: '--json is not JSON',
            why: (cause as Error).message,
            fix: 'quote the object for your shell: --json \'{"a": 1}\'',
            cause,
          })
        }
        print(JSON.stringify(await client.endpoints.predict({ name, body })))
      }, name),
    )
}
