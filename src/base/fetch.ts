/** The platform's own fetch; the one place that reaches the network by it. */
export const platformFetch = (request: Request): Promise<Response> => fetch(request)
