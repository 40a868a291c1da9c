import { push, recipe } from '../../src/index.ts'
import { COLUMNS, type Ground, ROWS } from './ground.ts'

/** A source that batches are pushed to, each under a key of its own, and the dataset `pushed` of all of them. */
export interface Feed {
  /** Sends the batch of a mark; once that is answered its rows are to be there. @throws when it is refused or nobody answers */
  push(mark: number, url?: string): Promise<void>
  /** Queues a job that reads what was pushed, unless one is queued; gives its number. */
  read(): Promise<number>
}

export async function feedOf(ground: Ground): Promise<Feed> {
  const made = recipe('feeds', (k) => {
    k.dataset('pushed', k.source('feed', push('feed', COLUMNS)))
  })
  await ground.client.sources.open({ name: 'feed', body: { columns: COLUMNS } })
  const app = ground.g.app()
  return {
    async push(mark, url) {
      const body = Array.from({ length: ROWS }, (_, row) => JSON.stringify({ job: mark, row, nonce: mark })).join('\n')
      const headers = { 'content-type': 'application/jsonl', 'idempotency-key': `"batch-${mark}"` }
      const request = new Request(`${url ?? 'http://in.process'}/v1/sources/feed/batches`, { method: 'POST', headers, body }) // biome-ignore format: one line
      const answer = url === undefined ? await app.fetch(request) : await fetch(request)
      if (!answer.ok) throw new Error(`the batch ${mark} was answered ${answer.status}: ${await answer.text()}`)
      ground.promise('pushed', mark)
    },
    async read() {
      const body = { recipe: JSON.parse(JSON.stringify(made)), folder: ground.folder, attempts: 100, once: true }
      const { number } = await ground.client.jobs.queue({ body })
      ground.jobs.add(number)
      return number
    },
  }
}
