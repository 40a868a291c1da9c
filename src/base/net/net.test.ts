import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { isPublicAddress } from './addresses.ts'
import { allowedOf, placeOf } from './places.ts'
import { guardedRequest, type Resolve } from './request.ts'

/** Requests that came to this machine: none of the forms below may make one. */
const came: { url: string; headers: Record<string, unknown> }[] = []
let answer: { status: number; location?: string } = { status: 200 }
const server = createServer((request, response) => {
  came.push({ url: request.url ?? '', headers: request.headers })
  response.writeHead(answer.status, answer.location ? { location: answer.location } : {})
  response.end('here')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
afterAll(() => server.close())

const none = allowedOf('')
const local = allowedOf(`127.0.0.1:${port}`)
const to =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

/** Hosts that are this machine, a private network, or a metadata service, in every way that they can be written. */
const HOSTS = [
  ...['127.0.0.1', '127.1', '127.0.1', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1', '017700000001'],
  ...[
    '0x7f.1',
    '0177.1',
    '127.0.0.1.',
    '127.255.255.254',
    '0',
    '0.0.0.0',
    '0x0',
    '00',
    '１２７.０.０.１',
    '127。0。0。1',
  ],
  ...['①②⑦.⓪.⓪.①', '127%2e0%2e0%2e1', '%31%32%37.0.0.1', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[0000::0001]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:0001]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]'],
  ...['[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2002:a9fe:a9fe::1]'],
  ...[
    '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
    '[fe80::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fd12:3456::1]',
    '[ff02::1]',
  ],
  ...['[fec0::1]', '[2001:db8::1]', '[100::1]', '[5f00::1]', '[3fff::1]', '10.0.0.1', '10.1', '0xa000001', '012.0.0.1'],
  ...['172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.257', '0xc0a80001', '3232235521', '169.254.169.254'],
  ...[
    '169.254.43518',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
  ],
  ...['100.64.0.1', '100.100.100.200', '192.0.0.192', '168.63.129.16', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ...['240.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1'],
]

describe('no request leaves for a place that is not public', () => {
  test(`in ${HOSTS.length} ways to write its host`, async () => {
    expect(HOSTS.length).toBeGreaterThanOrEqual(60)
    for (const host of HOSTS)
      for (const scheme of ['http', 'https'])
        await expect(guardedRequest(`${scheme}://${host}:${port}/x`, { allowed: none }), host).rejects.toMatchObject({
          code: 'ADDRESS_REFUSED',
          fix: expect.any(String),
        })
    expect(came).toEqual([])
  })

  test.each(
    ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1', 'fd00:ec2::254', '64:ff9b::7f00:1'].flatMap(
      (address) => [[[address]], [['93.184.216.34', address]]],
    ),
  )('in a name that is looked up as %j', async (addresses) => {
    for (const name of ['rebound.example', 'xn--vf4b27j.example', '서울.example', 'localhost', 'a.localhost'])
      await expect(
        guardedRequest(`http://${name}:${port}/`, { allowed: none, resolve: to(...addresses) }),
      ).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(came).toEqual([])
  })

  test('in the machine’s own names', async () => {
    for (const name of ['localhost', 'LOCALHOST'])
      await expect(guardedRequest(`http://${name}:${port}/`, { allowed: none })).rejects.toMatchObject({
        code: 'ADDRESS_REFUSED',
      })
    expect(came).toEqual([])
  })

  test('in other schemes, with a user, or with nothing', async () => {
    const odd = [
      'file:///etc/passwd',
      'ftp://example.com/',
      'gopher://example.com/',
      'data:,x',
      'javascript:1',
      'http://',
    ]
    for (const url of [...odd, '', 'x', '//example.com', `http://example.com@127.0.0.1:${port}/`, 'http://a:b@example.com/', 'http://127.0.0.1:99999/']) // biome-ignore format: one line
      await expect(guardedRequest(url, { allowed: none })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(came).toEqual([])
  })

  test('at a redirect, which also loses the credentials elsewhere', async () => {
    const first = `http://127.0.0.1:${port}/start`
    for (const location of [
      `http://localhost:${port}/`,
      'http://169.254.169.254/',
      'http://[::1]/',
      '//10.0.0.1/',
      'file:///etc/passwd',
      'http://0x7f000001/',
    ]) {
      // biome-ignore format: one line
      answer = { status: 302, location }
      came.length = 0
      await expect(guardedRequest(first, { allowed: local })).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
      expect(came.length).toBe(1)
    }
    answer = { status: 302, location: '/again' }
    await expect(guardedRequest(first, { allowed: local })).rejects.toMatchObject({ what: expect.stringContaining('from one address to the next') }) // biome-ignore format: one line
    came.length = 0
    answer = { status: 307, location: `http://other.example:${port}/` }
    const both = allowedOf(`127.0.0.1:${port}, other.example:${port}`)
    const resolve = to('127.0.0.1')
    const about = {
      allowed: both,
      resolve,
      redirects: 1,
      credentials: { 'X-Key': 'k' },
      headers: { Authorization: 'b' },
    }
    await expect(guardedRequest(first, about)).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' })
    expect(came.map((c) => [c.headers['x-key'], c.headers['authorization'], c.headers['host']])).toEqual([
      ['k', 'b', `127.0.0.1:${port}`],
      [undefined, undefined, `other.example:${port}`],
    ])
    answer = { status: 200 }
  })

  test('a name is looked up once: the connection goes to the address that was checked', async () => {
    let asked = 0
    const resolve: Resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    const got = await guardedRequest(`http://pinned.example:${port}/`, { allowed: allowedOf(`pinned.example:${port}`), resolve }) // biome-ignore format: one line
    expect([got.status, asked]).toEqual([200, 1])
    got.body.resume()
  })
})

test('public places are let through', () => {
  for (const address of ['93.184.216.34', '8.8.8.8', '172.32.0.1', '100.128.0.1', '192.0.1.1', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450:4001:830::200e', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1']) // biome-ignore format: one line
    expect([address, isPublicAddress(address)]).toEqual([address, true])
  for (const odd of ['', 'x', '1.2.3', '1.2.3.4.5', '::g']) expect(isPublicAddress(odd)).toBe(false)
  expect(placeOf('https://xn--vf4b27j.example/a?b#c', none).host).toBe('xn--vf4b27j.example')
})

test('an answer that does not come, and a stop, end a request', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const at = (silent.address() as AddressInfo).port
  const allowed = allowedOf('127.0.0.1')
  await expect(guardedRequest(`http://127.0.0.1:${at}/`, { allowed, patience: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' }) // biome-ignore format: one line
  await expect(guardedRequest(`http://127.0.0.1:${at}/`, { allowed, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'CANCELLED' }) // biome-ignore format: one line
  silent.closeAllConnections()
  silent.close()
})
