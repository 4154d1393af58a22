// Who may ask for what, out of the API's document, so that the page offers what the API grants.
import { readFileSync, writeFileSync } from 'node:fs'

const { paths } = JSON.parse(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'))
const permissions = {}
for (const [path, methods] of Object.entries(paths)) {
  for (const [method, { security }] of Object.entries(methods)) {
    if (security)
      permissions[`${method.toUpperCase()} ${path}`] = security.flatMap(({ token }) => token ?? [])
  }
}
writeFileSync(new URL('src/api/permissions.json', import.meta.url), JSON.stringify(permissions))
