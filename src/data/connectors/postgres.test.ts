import { afterAll } from 'vitest'
import { connectorConformance } from './conformance.ts'
import { testServer } from './postgres/testing.ts'
import { postgres, postgresConnector } from './postgres.ts'

const server = await testServer()
afterAll(() => server.close())

connectorConformance('postgres', {
  connector: postgresConnector,
  place: (name) => name,
  spec: (table, columns) => postgres(table, columns, { connection: server.connection }),
  write: server.write,
})
