import { stack } from './stack'

/** The emulator looks at whose key it is, not at what was signed with it. */
export function signed(service: string): string {
  const scope = `Credential=test/20260101/us-east-1/${service}/aws4_request`
  return `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0`
}

/** Has the janitor look now. A sweep that was ordered begins with that, whichever tenant is looked at. */
export async function janitor(tenant = 'nobody-010203'): Promise<void> {
  const path = `/2015-03-31/functions/${stack.deployment}-saga-janitor/invocations`
  const answer = await fetch(stack.emulator + path, {
    method: 'POST',
    headers: { authorization: signed('lambda') },
    body: JSON.stringify({ tenant, as_of: new Date().toISOString() }),
  })
  const failed = answer.headers.get('x-amz-function-error')
  if (!answer.ok || failed) throw new Error(`the janitor answered ${answer.status}: ${await answer.text()}`)
}
