// The audits of the GraphQL-over-HTTP specification against a running server.
//   node run.mjs URL TOKEN   prints one JSON object: {"count": 61, "failed": {"id": "name: why", …}}
import { auditServer } from 'graphql-http'

const [url, token] = process.argv.slice(2)
const signedIn = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${token}`)
  return fetch(input, { ...init, headers })
}

const results = await auditServer({ url, fetchFn: signedIn })
const failed = results.filter((result) => result.status !== 'ok')
const told = failed.map((result) => [result.id, `${result.name}: ${result.reason}`])
console.log(JSON.stringify({ count: results.length, failed: Object.fromEntries(told) }))
