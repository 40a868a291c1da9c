import { z } from 'zod'
import { moment, pageOf, pageQuery, route } from './route.ts'

export const approval = z.object({
  number: z.number(),
  recipe: z.string(),
  partition: z.string().nullable(),
  step: z.string(),
  ask: z.string().describe('what is asked'),
  made: z
    .array(z.object({ step: z.string(), says: z.string() }))
    .describe('what is asked about: steps, and what they left in a line'),
  run: z.string().describe('the run that asked first, by id'),
  status: z.enum(['open', 'approved', 'rejected']),
  by: z.string().nullable().describe('who decided'),
  note: z.string().nullable(),
  created: moment,
  decided: moment.nullable(),
})
const number = z.object({
  approval: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
})
const decision = z.object({ note: z.string().max(1000).optional() }).strict()
const decided = approval.extend({ jobs: z.array(z.number()).describe('jobs that go on, by number') })

export const approvals = {
  list: route({
    method: 'get',
    path: '/v1/approvals',
    access: 'read',
    summary: 'What people are asked before runs go on, newest first',
    query: pageQuery.extend({ status: approval.shape.status.optional() }),
    output: pageOf(approval),
  }),
  get: route({
    method: 'get',
    path: '/v1/approvals/{approval}',
    access: 'read',
    summary: 'An approval: what is asked of what, and what was decided',
    params: number,
    output: approval,
  }),
  approve: route({
    method: 'post',
    path: '/v1/approvals/{approval}/approve',
    access: 'write',
    summary: 'Approves: runs that wait for it may go on; jobs do so by themselves',
    params: number,
    body: decision,
    output: decided,
  }),
  reject: route({
    method: 'post',
    path: '/v1/approvals/{approval}/reject',
    access: 'write',
    summary: 'Rejects: runs that wait for it fail once they go on',
    params: number,
    body: decision,
    output: decided,
  }),
}
