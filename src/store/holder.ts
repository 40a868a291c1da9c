/** The thread that renews a job's lease: a process that computes without a pause is alive all the same. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import pg from 'pg'

interface Given {
  readonly connection: pg.ClientConfig
  readonly workspace: string
  readonly number: number
  readonly generation: number
  readonly seconds: number
}

const { connection, workspace, number, generation, seconds } = workerData as Given
/** Renewals in the time that a lease holds. */
const TIMES = 4

const RENEW = `UPDATE jobs SET lease = clock_timestamp() + make_interval(secs => $1)
  WHERE workspace = $2 AND number = $3 AND generation = $4 AND status = 'running'`

/** When the last renewal that was answered was asked for: the lease holds for so long from then on at least. */
let sure = performance.now()
for (let client: pg.Client | undefined; ; ) {
  const left = sure + seconds * 1000 - performance.now()
  // cut off from the database it is told before another worker may begin, also where the wire says nothing of it
  if (left <= 0) break
  try {
    if (!client) {
      client = new pg.Client({ ...connection, connectionTimeoutMillis: left })
      client.on('error', () => {})
      await client.connect()
    }
    const asked = performance.now()
    const renewal = { text: RENEW, values: [seconds, workspace, number, generation], query_timeout: left }
    const { rowCount } = await client.query(renewal)
    if (rowCount === 0) break
    sure = asked
  } catch {
    client?.end().catch(() => {})
    client = undefined
  }
  await sleep(Math.max(0, Math.min((seconds * 1000) / TIMES, sure + seconds * 1000 - performance.now())))
}
parentPort?.postMessage('lost')
process.exit(0)
