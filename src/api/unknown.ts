import { GalleyError } from '../base/errors.ts'
import { contract } from './contract/index.ts'
import type { Route } from './contract/route.ts'

/** Each route's path as a pattern, and its method. */
const ROUTES = Object.values(contract).flatMap((verbs) =>
  Object.values(verbs as Record<string, Route>).map(({ path, method }) => ({
    pattern: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`),
    method: method.toUpperCase(),
  })),
)

/** What a request is told that no route takes: that there is none of that path, or that it takes another method. */
export function unknownRoute(method: string, path: string): GalleyError {
  const allow = [...new Set(ROUTES.filter((r) => r.pattern.test(path)).map((r) => r.method))]
  if (allow.length === 0)
    return new GalleyError('ROUTE_UNKNOWN', {
      what: `there is no ${method} ${path}`,
      fix: 'GET /v1/openapi.json lists every route',
    })
  return new GalleyError('METHOD_REFUSED', {
    what: `${path} is not asked with ${method}`,
    why: `it takes ${allow.join(' and ')}`,
    fix: `send it with ${allow[0]}; GET /v1/openapi.json lists every route`,
    details: { allow },
  })
}
