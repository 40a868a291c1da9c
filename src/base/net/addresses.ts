import { BlockList, isIP } from 'node:net'

/** Networks that are no public place: this machine, private networks, link-local ones with metadata services, reserved ones. */
const V4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  // multicast, reserved and broadcast; and a cloud's own service at a public address
  ...['224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
]

let list: BlockList | undefined

/** The networks as a list, made when the first address is asked about: a page of a browser loads this file and has none. */
function privates(): BlockList {
  if (list) return list
  list = new BlockList()
  for (const net of V4) {
    const [address = '', bits = ''] = net.split('/')
    list.addSubnet(address, Number(bits), 'ipv4')
  }
  return list
}

/** What of an IPv6 address is another way to write or reach an IPv4 one: its 16-bit groups, and where that one begins. */
const EMBEDDED: readonly (readonly [start: readonly number[], at: number, flip?: boolean])[] = [
  [[0, 0, 0, 0, 0, 0xffff], 6], // mapped
  [[0, 0, 0, 0, 0xffff, 0], 6], // translated
  [[0x64, 0xff9b, 0, 0, 0, 0], 6], // NAT64
  [[0x2002], 1], // 6to4
  [[0x2001, 0], 6, true], // Teredo: its bits are flipped
]

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const plain = (address.split('%')[0] ?? '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)].map((g) => g.toString(16)).join(':'),
  )
  const [before = '', after] = plain.split('::')
  const groups = (s: string) => (s === '' ? [] : s.split(':').map((g) => Number.parseInt(g, 16)))
  const [head, tail] = [groups(before), groups(after ?? '')]
  return after === undefined ? head : [...head, ...new Array(8 - head.length - tail.length).fill(0), ...tail]
}

/** Whether an IP address is one of the public internet. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !privates().check(address, 'ipv4')
  if (isIP(address) !== 6) return false
  const groups = groupsOf(address)
  for (const [start, at, flip] of EMBEDDED)
    if (start.every((g, i) => groups[i] === g)) {
      const [high = 0, low = 0] = [groups[at], groups[at + 1]].map((g) => ((g ?? 0) ^ (flip ? 0xffff : 0)) & 0xffff)
      return isPublicAddress([high >> 8, high & 255, low >> 8, low & 255].join('.'))
    }
  const [first = 0, second = 0] = groups
  // only this eighth is given out; of it, protocols' own addresses and the examples of books are not
  return first >> 13 === 1 && !(first === 0x2001 && (second < 0x200 || second === 0xdb8)) && first !== 0x3fff
}
