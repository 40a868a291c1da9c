import { setTimeout as sleep } from 'node:timers/promises'
import { platformFetch } from '../base/fetch.ts'
import type { Log } from '../base/log.ts'

/** What somebody should look at. */
export type Alert = JobAlert | ApprovalNeeded | DriftAlert

/** A job failed for good, or it is not done by when its schedule wants it. */
export interface JobAlert {
  readonly kind: 'job failed' | 'job late'
  readonly workspace: string
  readonly job: number
  readonly recipe: string
  readonly partition: string | null
  /** The schedule that queued it; null for one that was queued by hand. */
  readonly schedule: string | null
  /** ISO 8601. */
  readonly at: string
  /** How the job stands, by when it was to be done, when it ended, and why it failed. */
  readonly status: 'queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled'
  readonly doneBy: string | null
  readonly ended: string | null
  readonly error: unknown
}

/** A run waits until somebody approves. */
export interface ApprovalNeeded {
  readonly kind: 'approval needed'
  readonly workspace: string
  readonly recipe: string
  readonly partition: string | null
  readonly run: number
  readonly approval: number
  /** What is asked. */
  readonly ask: string
  /** ISO 8601. */
  readonly at: string
}

/** What an endpoint is asked is no longer what its model learnt from. */
export interface DriftAlert {
  readonly kind: 'drift'
  readonly workspace: string
  readonly endpoint: string
  /** `name@version`. */
  readonly model: string
  /** What has shifted most, and by how much. */
  readonly column: string | null
  readonly psi: number
  readonly ks: number
  /** Of which window, ISO 8601, and how many requests it had. */
  readonly from: string
  readonly to: string
  readonly rows: number
  /** ISO 8601. */
  readonly at: string
}

/** Tells whoever is on call. Nothing waits for it, nor fails with it. */
export interface Alerts {
  send(alert: Alert): void
  /** When all was told, or after five seconds. */
  settled(): Promise<void>
}

/** ms that a receiver may take, and that the end of a process waits for the last. */
const PATIENCE = 5000
/** ms before each attempt. */
const ATTEMPTS = [0, 1000, 10_000]

/**
 * Posts alerts as JSON to a URL, one after the other. `text` says it in a sentence, as Slack, Mattermost and others show it. One that is not taken is sent again, three times in
 * all, and then left to the log.
 */
export function alertsTo(url: string, log: Log): Alerts {
  let last: Promise<void> = Promise.resolve()
  const tell = async (alert: Alert): Promise<void> => {
    let why = ''
    for (const wait of ATTEMPTS) {
      await sleep(wait, undefined, { ref: false })
      try {
        const answer = await platformFetch(
          new Request(url, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ text: textOf(alert), ...alert }),
            signal: AbortSignal.timeout(PATIENCE),
          }),
        )
        await answer.body?.cancel()
        if (answer.ok) return
        why = `it answered ${answer.status}`
      } catch (thrown) {
        why = (thrown as Error).message
      }
    }
    log.warn('an alert was not taken', { alert: alert.kind, run: 'run' in alert ? alert.run : undefined, job: 'job' in alert ? alert.job : undefined, endpoint: 'endpoint' in alert ? alert.endpoint : undefined, why }) // biome-ignore format: one line
  }
  return {
    send(alert) {
      last = last.then(() => tell(alert))
    },
    settled: () => Promise.race([last, sleep(PATIENCE, undefined, { ref: false })]),
  }
}

function textOf(alert: Alert): string {
  if (alert.kind === 'drift') {
    const { endpoint, model, column, psi, from, to, rows, workspace } = alert
    const shifted = column === null ? '' : `, most in ${column}`
    return `${endpoint}: what it was asked from ${from} to ${to} (${rows} requests) is not what ${model} learnt from (workspace ${workspace}): PSI ${psi.toFixed(2)}${shifted}`
  }
  const { workspace, recipe, partition } = alert
  const of = partition === null ? recipe : `${recipe} of ${partition}`
  if (alert.kind === 'approval needed')
    return `${of}: run ${alert.run} waits for approval ${alert.approval} (workspace ${workspace}): ${alert.ask}`
  const { kind, job, schedule, status, doneBy, ended, error } = alert
  const { what = 'it failed', why } = (error ?? {}) as { what?: string; why?: string }
  const reason = why ? `${what}: ${why}` : what
  const place = `(workspace ${workspace}${schedule === null ? '' : `, schedule ${schedule}`})`
  if (kind === 'job failed') return `${of}: job ${job} failed ${place}: ${reason}`
  const stands = { queued: 'it has not begun', running: 'it is still running', waiting: 'it waits for an approval', done: `it was done at ${ended}`, failed: reason, cancelled: 'it was cancelled' } // biome-ignore format: one line
  return `${of}: job ${job} was not done by ${doneBy} ${place}: ${stands[status]}`
}
