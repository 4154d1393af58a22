import { Link } from 'wouter'

import { useRead } from '../../api/live'
import { Facts } from '../../ui/Facts'
import { Panel } from '../../ui/Panel'
import { spelled } from '../../ui/State'
import { Time } from '../../ui/Time'
import { ThemePreview } from '../themes/ThemePreview'
import type { Tenant } from './acts'

/** What it was signed up with, and what has become of that. */
export function About({ tenant }: { tenant: Tenant }) {
  const plans = useRead('/v1/plans')
  const themes = useRead('/v1/themes')
  const plan = plans.data?.plans.find(({ id }) => id === tenant.plan)
  const theme = themes.data?.themes.find(({ id }) => id === tenant.theme)
  const { blueprint, origin } = tenant
  const overrides = Object.entries(tenant.overrides ?? {})
  return (
    <Panel title="About">
      <Facts
        of={{
          Subdomain: tenant.subdomain,
          Owner: <a href={`mailto:${tenant.email}`}>{tenant.email}</a>,
          Plan: <Link to="/plans">{plan?.name ?? tenant.plan}</Link>,
          'Instead of the plan’s':
            overrides.length > 0 &&
            overrides.map(([name, value]) => (
              <div key={name}>
                {name}: {value}
              </div>
            )),
          Access: tenant.access && spelled(tenant.access),
          Blueprint: (
            <Link to="/blueprints">
              {blueprint.name} v{blueprint.version}
            </Link>
          ),
          Category: tenant.category,
          Integrations: tenant.integrations?.join(', '),
          'If making it fails':
            tenant.on_failure && (tenant.on_failure === 'hold' ? 'what was made is kept' : 'it is undone'),
          Subscription: tenant.subscription && <code>{tenant.subscription}</code>,
          'Made from': origin && (
            <>
              <Link to={`/tenants/${origin.tenant}`}>{origin.tenant}</Link> <Time at={origin.at} />
            </>
          ),
          'Signed up': <Time at={tenant.created_at} />,
          'First active': tenant.activated_at && <Time at={tenant.activated_at} />,
          'Last used': tenant.active_at && <Time at={tenant.active_at} />,
          'Put to sleep': tenant.hibernates_at && (
            <>
              <Time at={tenant.hibernates_at} />, unless it is used
            </>
          ),
          Theme: theme?.name ?? tenant.theme,
        }}
      />
      {theme && (
        <div className="tenant-theme">
          <ThemePreview theme={theme} store={tenant.name} />
        </div>
      )}
    </Panel>
  )
}
