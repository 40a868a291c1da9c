import { setTimeout as sleep } from 'node:timers/promises'
import { Command } from 'commander'
import { systemClock } from '../base/clock.ts'
import { GalleyError } from '../base/errors.ts'
import { withClient } from './list.ts'
import { print } from './output.ts'

/** How long an endpoint that is starting is waited for, ms. */
const PATIENCE = 15_000

/** Asks again while the endpoint starts. */
async function onceReady<T>(ask: () => Promise<T>): Promise<T> {
  const until = systemClock.ticks() + PATIENCE
  for (;;)
    try {
      return await ask()
    } catch (error) {
      const starting = error instanceof GalleyError && error.code === 'ENDPOINT_NOT_READY'
      if (!starting || systemClock.ticks() > until) throw error
      await sleep(250)
    }
}

/** JSON that goes on has no infinity: it would arrive as null, a missing value. */
function finite(name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value
  throw new GalleyError('USAGE_INVALID', {
    what: `'${name}' is larger than any number is here`,
    why: 'numbers are of 64 bits, and end at 1.8e308',
    fix: 'send a smaller one, or null where it is missing',
  })
}

export function predict(): Command {
  return new Command('predict')
    .description('ask an endpoint about one raw record')
    .argument('<endpoint>', 'its name')
    .requiredOption('--json <record>', 'the record, for instance \'{"origin":"JFK", …}\'')
    .option('--explain', 'what each feature adds to the answer, too; not logged as a prediction')
    .action((name: string, options: { json: string; explain?: true }) =>
      withClient(async (client) => {
        let body: Record<string, unknown>
        try {
          body = JSON.parse(options.json, finite) as Record<string, unknown>
        } catch (cause) {
          if (cause instanceof GalleyError) throw cause
          throw new GalleyError('USAGE_INVALID', {
            what: '--json is not JSON',
            why: (cause as Error).message,
            fix: 'quote the object for your shell: --json \'{"a": 1}\'',
            cause,
          })
        }
        const ask = options.explain ? client.endpoints.explain : client.endpoints.predict
        print(JSON.stringify(await onceReady<unknown>(() => ask({ name, body }))))
      }, name),
    )
}
