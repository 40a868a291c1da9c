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

/** ms that a lease is taken to hold from the moment on at which its renewal was asked for: a little less than it does. */
const HOLDS = seconds * 950
/** When the last renewal that was answered was asked for. */
let sure = performance.now()
for (let client: pg.Client | undefined; ; ) {
  const asked = performance.now()
  // one that was stopped for longer asks once whether the job is still its own
  const patience = Math.max(sure + HOLDS - asked, HOLDS / TIMES)
  try {
    if (!client) {
      client = new pg.Client({ ...connection, connectionTimeoutMillis: patience })
      client.on('error', () => {})
      await client.connect()
    }
    const renewal = { text: RENEW, values: [seconds, workspace, number, generation], query_timeout: patience }
    const { rowCount } = await client.query(renewal)
    if (rowCount === 0) break
    sure = asked
  } catch {
    client?.end().catch(() => {})
    client = undefined
    // cut off from the database it is told before another worker may begin, also where the wire says nothing of it
    if (performance.now() - sure >= HOLDS) break
  }
  await sleep(Math.max(0, Math.min(HOLDS / TIMES, sure + HOLDS - performance.now())))
}
parentPort?.postMessage('lost')
process.exit(0)
