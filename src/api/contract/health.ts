import { z } from 'zod'
import { route } from './route.ts'

export const health = {
  check: route({
    method: 'get',
    path: '/v1/health',
    access: 'read',
    summary: 'Whether the server answers, and its version',
    output: z.object({
      ok: z.boolean(),
      version: z.string(),
      endpoints: z.record(z.string(), z.string()).describe('state of each endpoint in this process'),
    }),
  }),
}
