import { join } from 'node:path'
import { resolveSecret } from '../../../base/secrets.ts'
import { testContext } from '../../../engines/conformance/compare.ts'
import type { ConnectorContext } from '../connector.ts'

/** What a test hands to a connector's `snapshot`; files that are kept lie in `folder`. */
export function snapshotContext(
  query: ConnectorContext['query'],
  folder: string,
  more: Partial<ConnectorContext> = {},
): ConnectorContext {
  const { scope, signal } = testContext()
  return {
    ...{ scope, signal, secret: resolveSecret, query },
    progress: () => {},
    keep: async (name) => join(folder, name),
    ...more,
  }
}
