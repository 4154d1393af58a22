import { signed } from './emulator'
import { stack } from './stack'

/** Somebody who can sign in. */
export interface Person {
  name: string
  password: string
}

/** The one whom the stack has for a role. */
export function of(role: 'admin' | 'operator' | 'viewer'): Person {
  return { name: role, password: stack.passwords[role]! }
}

/** Somebody new, who owns a tenant. */
export async function owner(tenant: string): Promise<Person> {
  const person = { name: `owner-of-${tenant}`, password: stack.passwords.admin! }
  const pool = stack.outputs.PeoplePoolId
  await cognito('AdminCreateUser', {
    UserPoolId: pool,
    Username: person.name,
    TemporaryPassword: person.password,
    MessageAction: 'SUPPRESS',
    UserAttributes: [{ Name: 'custom:tenant', Value: tenant }],
  })
  await cognito('AdminSetUserPassword', {
    UserPoolId: pool,
    Username: person.name,
    Password: person.password,
    Permanent: true,
  })
  return person
}

async function cognito(action: string, input: object): Promise<void> {
  const answer = await fetch(stack.emulator, {
    method: 'POST',
    headers: {
      authorization: signed('cognito-idp'),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify(input),
  })
  if (!answer.ok) throw new Error(`${action}: ${await answer.text()}`)
}
