import { z } from 'zod'
import { route } from './route.ts'

const place = z.object({
  recipe: z.string(),
  step: z.string(),
  kind: z.string().describe('the kind of the step'),
  column: z.string().nullable().describe('null: what the step makes as a whole, as a model, or which rows a table has'),
})
const link = z.object({
  from: place,
  to: place,
  how: z
    .array(z.string())
    .describe('IDENTITY, TRANSFORMATION, AGGREGATION; CONDITIONAL, FILTER, JOIN, GROUP_BY, SORT, WINDOW; TARGET …'),
})

export const lineage = {
  trace: route({
    method: 'get',
    path: '/v1/lineage',
    access: 'read',
    summary: 'What a column, a model or an endpoint is made of, or what is made of it, by the recipes as they ran last',
    query: z.object({
      of: z.string().min(1).max(400).describe('a step, `step.column`, or a column that one step has'),
      direction: z.enum(['up', 'down']).optional().describe('up unless given: what it is made of'),
      rows: z.enum(['true', 'false']).optional().describe('also what decides which rows there are'),
      limit: z.coerce.number().int().min(1).max(10_000).optional().describe('links at most, 1,000 unless given'),
    }),
    output: z.object({ of: place, links: z.array(link), more: z.boolean() }),
  }),
  rows: route({
    method: 'get',
    path: '/v1/lineage/rows',
    access: 'read',
    summary: 'Which rows of which sources some rows of a dataset are made of, computed over what was read then',
    query: z.object({
      of: z.string().min(1).max(400).describe('`flights`, `flights@3`, `flights@prod`'),
      where: z.string().min(1).max(65_536).describe('which rows: `id = 7`, or the JSON of a plan expression'),
      limit: z.coerce.number().int().min(0).max(1000).optional().describe('rows a source at most, 20 unless given'),
    }),
    output: z.object({
      name: z.string(),
      version: z.number(),
      run: z.number().describe('the run that computed them'),
      recipe: z.string(),
      chosen: z.number().describe('rows that were asked about'),
      sources: z.array(
        z.object({
          step: z.string(),
          path: z.string().describe('where the source lies'),
          schema: z.array(z.object({ name: z.string(), type: z.unknown(), nullable: z.boolean() }).loose()),
          total: z.number().describe('how many rows there are; the first follow'),
          rows: z.array(z.record(z.string(), z.unknown())),
        }),
      ),
    }),
  }),
}
