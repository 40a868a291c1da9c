import type { Connector } from '../connector.ts'

/** A connector of files from outside: they are opened by the guard, where there is one. */
export const guarded = (source: Connector): Connector => ({
  ...source,
  begin: (spec, path, ctx) => ctx.guard?.begin(source.kind, spec, path, ctx),
  discover: (path, rows, ctx) =>
    ctx.guard ? ctx.guard.discover(source.kind, path, rows, ctx) : source.discover(path, rows, ctx),
  snapshot: (spec, path, ctx) =>
    ctx.guard ? ctx.guard.snapshot(source.kind, spec, path, ctx) : source.snapshot(spec, path, ctx),
})
