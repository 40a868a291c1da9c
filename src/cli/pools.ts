import { Command, InvalidArgumentError } from 'commander'
import { type ListOptions, listOptions, printPage, withClient } from './list.ts'
import { bold, plain, print } from './output.ts'

function slots(text: string): number {
  const n = Number(text)
  if (/^\d{1,5}$/.test(text) && n <= 10_000) return n
  throw new InvalidArgumentError('give a whole number from 0 (all wait) to 10,000')
}

export function pools(): Command {
  const noun = new Command('pools').description('how many jobs run at once that share something, over all workers')
  noun
    .command('set <name>')
    .description(
      'make a pool, or give it other slots; a job that names it (galley run --queue --pool NAME) waits while all are taken, and others are done meanwhile',
    )
    .requiredOption('--slots <n>', 'jobs that run at once, at most; 0 lets all wait', slots)
    .option('--json', 'print JSON')
    .action((name: string, o: { slots: number; json?: boolean }) =>
      withClient(async (client) => {
        const pool = await client.pools.set({ name, body: { slots: o.slots } })
        if (o.json) return print(JSON.stringify(pool))
        print(`${bold(pool.name)}  ${pool.running} of ${pool.slots} slots taken, ${pool.queued} waiting`)
      }),
    )
  listOptions(noun.command('ls').description('list pools')).action((o: ListOptions) =>
    printPage(
      o,
      (c, page) => c.pools.list(page),
      ['pool', 'slots', 'running', 'queued'],
      (p) => [p.name, p.slots, p.running, p.queued],
      'no pool yet: galley pools set NAME --slots 1',
    ),
  )
  noun
    .command('rm <name>')
    .description('take a pool away that no schedule and no open job names')
    .action((name: string) =>
      withClient(async (client) => {
        await client.pools.remove({ name, body: {} })
        print(`the pool '${plain(name)}' is gone`)
      }),
    )
  return noun
}
