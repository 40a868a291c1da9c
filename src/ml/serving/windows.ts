import type { DriftVerdict } from '../monitoring/drift.ts'
import type { WindowVerdict } from '../monitoring/monitor.ts'
import type { EndpointOptions } from './endpoint.ts'

/**
 * Keeps what the monitor of an endpoint finds in its windows. A window that is an alarm is told of once, whichever process judges it again: a log is read anew after a
 * crash.
 */
export function recorder(
  { store, scope, log, clock, alerts, ephemeral }: EndpointOptions,
  endpoint: string,
  model: string,
): { put(window: WindowVerdict): void; settled(): Promise<void> } {
  let last: Promise<void> = Promise.resolve()
  const record = async ({ start, end, verdict }: WindowVerdict): Promise<void> => {
    const { status, worst, psi, ks, rows } = verdict
    const [from, to] = [new Date(start / 1000).toISOString(), new Date(end / 1000).toISOString()]
    if (status === 'alarm') log.warn('the monitor sees a shift', { endpoint, column: worst, psi, from, to })
    const before = await store.windows.put(scope, { endpoint, start: start / 1000, end: end / 1000, rows, verdict })
    if (status !== 'alarm' || !alerts || (before?.verdict as DriftVerdict | undefined)?.status === 'alarm') return
    alerts.send({
      ...{ kind: 'drift', workspace: await store.workspaces.nameOf(scope), endpoint, model, column: worst },
      ...{ psi, ks, rows, from, to, at: new Date(clock.now()).toISOString() },
    })
  }
  return {
    put(window) {
      if (ephemeral) return
      last = last.then(() => record(window)).catch((error: unknown) => log.error('a monitoring window could not be recorded', { endpoint, error: String(error) })) // biome-ignore format: one line
    },
    settled: () => last,
  }
}
