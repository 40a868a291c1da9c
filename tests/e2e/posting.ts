import { request } from 'node:http'

/** Sends bodies to a server, whatever their headers say, and reads the JSON that it answers. */
export const poster =
  (url: () => string) =>
  (
    path: string,
    body: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: Record<string, unknown>; headers: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const call = request(
        `${url()}${path}`,
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              json: JSON.parse(text) as Record<string, unknown>,
              headers: response.headers,
            }),
          )
        },
      )
      call.on('error', reject)
      call.end(body)
    })
