import type { components } from './schema'

type Body = components['schemas']['Problem']

/** A refusal by the API: problem details (RFC 9457), or that nobody answered. */
export class Problem extends Error {
  readonly status: number
  readonly title: string
  readonly violations: NonNullable<Body['violations']>

  constructor(body: Pick<Body, 'status' | 'title' | 'detail'> & Partial<Body>) {
    super(body.detail)
    this.status = body.status
    this.title = body.title
    this.violations = body.violations ?? []
  }

  static of(status: number, body: unknown): Problem {
    if (body !== null && typeof body === 'object' && 'detail' in body) return new Problem(body as Body)
    // Not ours: a gateway's `{"message": …}`, or a page.
    return new Problem({ status, title: 'The API could not answer', detail: `It answered ${status}.` })
  }

  static unreachable(): Problem {
    const detail = 'The API is not reached. What was asked may have happened: look before you ask again.'
    return new Problem({ status: 0, title: 'Nobody answered', detail })
  }

  /** Whether asking again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }

  /** What is wrong with one field of what was sent. */
  about(field: string): string | undefined {
    return this.violations.find(violation => violation.field === field)?.problem
  }
}
