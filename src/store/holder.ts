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

let heard = performance.now()
for (let client: pg.Client | undefined; ; ) {
  try {
    if (!client) {
      client = new pg.Client({ ...connection, connectionTimeoutMillis: seconds * 1000 })
      client.on('error', () => {})
      await client.connect()
    }
    const { rowCount } = await client.query(RENEW, [seconds, workspace, number, generation])
    if (rowCount === 0) break
    heard = performance.now()
  } catch {
    client?.end().catch(() => {})
    client = undefined
    // cut off from the database it is told before another worker may begin
    if (performance.now() - heard > seconds * 1000) break
  }
  await sleep((seconds * 1000) / TIMES)
}
parentPort?.postMessage('lost')
process.exit(0)
